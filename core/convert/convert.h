// The whole conversion library in one function: bytes of a model in, artifact and report out.
//
// Convert opens no path, starts no process and keeps no global state; it may run on any thread, and
// several conversions may run at once. Its result depends on the request alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/convert/calibration.h"

namespace smelt::v1 {
class Report;
}

namespace smelt {

enum class Verify { kStructure, kRun };

// What float32 weights are stored as; see smelt.v1.Precision.
enum class Precision { kSource, kFloat16, kDynamicRange, kInt8, kInt16x8 };

// Of float32 inputs and outputs where activations are integers; see smelt.v1.PortType.
enum class PortType { kFloat32, kActivations, kUint8 };

// Files beside the artifact; see smelt.v1.ExtraReport.
enum class ExtraReport { kOpCoverage, kTensorCorrespondence, kReproducer, kAccuracy };

// Operators that may be written as CUSTOM ones where nothing translates them: "Op", "domain::Op" or
// "domain.Op". Off by default.
struct CustomOperators {
  bool all = false;
  std::vector<std::string> names;
};

// An entry point of the artifact: the model once more, with other sizes or another part of it.
// Equal weights are stored once. What is empty is what the request says for all.
struct SignatureRequest {
  std::string key;                           // differs from the others'
  std::map<std::string, std::int64_t> dims;  // besides the request's, and in their place
  std::vector<std::string> from;
  std::vector<std::string> to;
};

// The artifact as several files that run one after another; see smelt.v1.SplitOptions.
struct SplitRequest {
  std::uint64_t max_bytes = 0;     // of a part's file; 0: 1,073,741,824
  std::uint64_t target_bytes = 0;  // at most max_bytes; 0: 1,060,000,000 or max_bytes
  std::uint32_t parts = 0;         // exactly; 0: as many as it takes
  std::vector<std::string> at_tensors;
  std::string base_name;  // of the parts and what describes them; empty: the model's name
};
// In the bytes that are appended each part begins at a multiple of it, behind zeros.
inline constexpr std::uint64_t kPartAlignment = 64;
// Where the part behind one of `size` bytes at `offset` begins.
constexpr std::uint64_t NextPartOffset(std::uint64_t offset, std::uint64_t size) {
  return (offset + size + kPartAlignment - 1) / kPartAlignment * kPartAlignment;
}

struct ConvertRequest {
  SharedBytes model;                                  // mapped or owned; read in place
  std::map<std::string, SharedBytes> external_files;  // relative path as the model writes it
  std::string file_name = "model.onnx";               // for messages and the artifact's name
  std::string target = "litert";
  std::map<std::string, std::int64_t> dims;  // symbolic dimension -> value
  // Input -> sizes of all its axes, -1 for "as it is": values for its symbolic dimensions.
  std::map<std::string, std::vector<std::int64_t>> input_shapes;
  std::int64_t batch = 0;  // of every input whose axis 0 is symbolic; 0: as it is
  // Inputs and outputs that are fed and read channels last, not in the source's order.
  std::set<std::string> channels_last_inputs;
  std::set<std::string> channels_last_outputs;
  Precision precision = Precision::kSource;
  std::int64_t fewest_weight_elements = 0;  // see smelt.v1.WeightQuantization; 0: its defaults
  bool one_scale_a_weight = false;
  PortType ports = PortType::kFloat32;
  bool strict_integer = false;  // an operator that stays float32 is an error
  // Constants of a larger artifact stand behind its FlatBuffer; 0 chooses the format's own limit,
  // just under 2 GiB. A smaller one is for tests.
  std::uint64_t max_inline_bytes = 0;
  Verify verify = Verify::kRun;
  std::vector<std::string> disabled_passes;
  bool check_ir = false;             // IR verifier after every pass
  std::set<std::string> dump_after;  // passes, "import" or "all"; their IR text goes to the sink
  std::set<ExtraReport> extra_reports;
  bool fail_on_accuracy = false;  // accuracy_below_threshold where an output leaves its limits
  CustomOperators custom_operators;
  std::string min_runtime;        // oldest release that must run the artifact; empty: any
  std::vector<std::string> from;  // tensors to begin at; empty: the model's inputs
  std::vector<std::string> to;    // tensors to end at; empty: the model's outputs
  std::vector<SignatureRequest> signatures;  // empty: one, "serving_default"
  bool compute_float32 = false;              // in place of double, float16 and bfloat16
  // To keep as one operator with its definition beside it, by name ("odml.rms_norm"), or "all".
  std::vector<std::string> composites;
  std::string model_sha256;  // of `model`, in hexadecimal; empty: computed here
  std::optional<CalibrationRequest> calibration;  // absent: no ranges are measured
  std::optional<SplitRequest> split;              // absent: one file, of whatever size
};

// Receives what a conversion produces, on the calling thread.
class ConvertSink {
 public:
  virtual ~ConvertSink() = default;

  // The artifact's bytes in order, of one in parts part after part: the report's artifacts say what
  // they are. Called only when nothing stands in the way of an artifact.
  virtual Status Append(ByteSpan bytes) = 0;
  // The bytes appended so far, readable: the verifier re-reads what was really written.
  virtual Result<SharedBytes> WrittenBytes() = 0;
  // Progress; `total` 0 when unknown. Cheap to ignore.
  virtual void OnProgress(std::string_view stage, std::uint64_t done, std::uint64_t total,
                          std::string_view unit) = 0;
  // A whole file beside the artifact, also of a refused model: a report of `extra_reports`, or the
  // text of a pass. `kind` is that of smelt.v1.JobArtifact.
  virtual Status AddExtra(std::string_view /*name*/, std::string_view /*kind*/,
                          ByteSpan /*bytes*/) {
    return Status::Ok();
  }
};

// Converts. The report is always filled, also on failure: `report->state()` says "succeeded" or
// "failed" with all diagnostics. A status other than OK means that no judgement on the model was
// possible: kCancelled, kIoError of the sink, kInvalidArgument of the request, kInternalError.
// When verification fails the report says so and the appended bytes must not be published.
Status Convert(const ConvertRequest& request, ConvertSink& sink, const CancelToken& cancel,
               v1::Report* report);

// The version that artifacts and cache keys depend on, "0.1.0".
std::string_view ConverterVersion();

// The operator support table printed from the rules: "json" is a smelt.v1.ListOperatorsResponse,
// "md" is core/OPERATORS.md, and "reasons" is core/REASONS.md.
Result<std::string> PrintSupport(std::string_view format);

}  // namespace smelt
