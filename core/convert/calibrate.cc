#include "core/convert/calibrate.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "core/calibrate/calibrator.h"
#include "core/calibrate/file_samples.h"
#include "core/convert/sample_inputs.h"
#include "core/ir/dtype.h"

namespace smelt {
namespace {

constexpr std::uint64_t kNoiseSamples = 8;

// Seeded noise: sample i is drawn with seed i + 1.
class NoiseSamples final : public calibrate::SampleStream {
 public:
  NoiseSamples(const ir::Module& module, const ir::Signature& signature, SampleOptions options,
               std::uint64_t total)
      : module_(module), signature_(signature), options_(options), total_(total) {}

  Result<std::optional<calibrate::Sample>> Next() override {
    if (taken_ == total_) return std::optional<calibrate::Sample>();
    options_.seed = ++taken_;
    SMELT_ASSIGN_OR_RETURN(calibrate::Sample sample, SampleInputs(module_, signature_, options_));
    return std::optional<calibrate::Sample>(std::move(sample));
  }
  std::uint64_t total() const override { return total_; }

 private:
  const ir::Module& module_;
  const ir::Signature& signature_;
  SampleOptions options_;
  std::uint64_t total_;
  std::uint64_t taken_ = 0;
};

Result<calibrate::MethodOptions> MethodOf(const CalibrationRequest& request) {
  calibrate::MethodOptions options;
  const auto method = calibrate::MethodFromName(request.method);
  if (!method) {
    return Status(Reason::kInvalidArgument,
                  "the calibration method is \"" + request.method +
                      "\"; it must be minmax, average, percentile, mse or kl");
  }
  options.method = *method;
  options.levels = request.levels;
  if (request.percentile == 0) return options;
  if (!(request.percentile > 50 && request.percentile <= 100)) {
    return Status(Reason::kInvalidArgument, "the calibration percentile is " +
                                                std::to_string(request.percentile) +
                                                "; it must be above 50 and at most 100");
  }
  options.percentile = request.percentile;
  return options;
}

Result<calibrate::DataFiles> DataOf(const CalibrationRequest& request,
                                    const std::set<std::string>& channels_last_inputs) {
  calibrate::DataFiles data;
  data.most_samples = request.most_samples;
  data.channels_last_inputs = channels_last_inputs;
  for (const auto& [input, last] : request.channels_last_data) {
    data.orders[input] = last ? calibrate::ChannelOrder::kLast : calibrate::ChannelOrder::kFirst;
  }
  for (const CalibrationFile& file : request.files) {
    calibrate::DataFile& made = data.files.emplace_back();
    made.name = file.name;
    made.input = file.input;
    made.bytes = file.bytes;
    if (file.raw_type.empty()) continue;
    made.raw = ir::DTypeFromName(file.raw_type);
    if (!made.raw) {
      return Status(Reason::kInvalidArgument, file.name + ": \"" + file.raw_type +
                                                  "\" is no element type, such as f32, i64 or u8");
    }
  }
  return data;
}

Result<calibrate::Statistics> OnData(const ir::Module& module, const ir::Signature& signature,
                                     const calibrate::DataFiles& data,
                                     const calibrate::CalibratorOptions& options) {
  SMELT_ASSIGN_OR_RETURN(const std::unique_ptr<calibrate::SampleStream> samples,
                         calibrate::OpenFileSamples(module, signature, data));
  return calibrate::Calibrate(module, signature, *samples, options);
}

// Threads take the memory of a run each; where that is too much, one may have enough.
template <class Run>
Result<calibrate::Statistics> OnFewerThreads(calibrate::CalibratorOptions options, const Run& run) {
  Result<calibrate::Statistics> measured = run(options);
  if (measured.ok() || measured.status().reason() != Reason::kOutOfMemory || options.threads == 1) {
    return measured;
  }
  options.threads = 1;
  return run(options);
}

// On the first kind of noise that the signature runs with.
Result<calibrate::Statistics> OnNoise(const ir::Module& module, const ir::Signature& signature,
                                      std::uint64_t count,
                                      const calibrate::CalibratorOptions& options) {
  Status failed;
  for (const SampleOptions& attempt : SampleAttempts()) {
    NoiseSamples samples(module, signature, attempt, count);
    auto statistics = calibrate::Calibrate(module, signature, samples, options);
    if (statistics.ok()) return statistics;
    SMELT_RETURN_IF_ERROR(options.cancel->Check());
    failed = statistics.status();
  }
  return failed;
}

std::optional<calibrate::Range> Union(std::optional<calibrate::Range> a,
                                      const std::optional<calibrate::Range>& b) {
  if (!a) return b;
  if (b) a->Include(*b);
  return a;
}

}  // namespace

std::optional<calibrate::Range> Ranges::Of(ir::GraphId graph, ir::ValueId value) const {
  std::optional<calibrate::Range> range;
  for (const calibrate::Statistics& statistics : statistics_) {
    const calibrate::TensorStatistics* tensor = statistics.Find(graph, value);
    if (tensor != nullptr) range = Union(range, calibrate::ChooseRange(*tensor, method_));
  }
  return range;
}

Result<Ranges> Calibrate(const ir::Module& module, const CalibrationRequest& request,
                         const std::set<std::string>& channels_last_inputs,
                         const CancelToken& cancel, const CalibrationProgress& progress) {
  SMELT_ASSIGN_OR_RETURN(const calibrate::MethodOptions method, MethodOf(request));
  SMELT_ASSIGN_OR_RETURN(const calibrate::DataFiles data, DataOf(request, channels_last_inputs));
  calibrate::CalibratorOptions options;
  options.threads =
      request.threads != 0 ? request.threads : std::max(1U, std::thread::hardware_concurrency());
  options.histograms = calibrate::NeedsHistogram(method.method);
  options.cancel = &cancel;
  options.progress = progress;
  const bool noise = data.files.empty();
  const std::uint64_t count = request.most_samples != 0 ? request.most_samples : kNoiseSamples;
  std::vector<calibrate::Statistics> statistics;
  for (const ir::Signature& signature : module.signatures) {
    auto measured = OnFewerThreads(options, [&](const calibrate::CalibratorOptions& chosen) {
      return noise ? OnNoise(module, signature, count, chosen)
                   : OnData(module, signature, data, chosen);
    });
    if (!measured.ok()) return std::move(measured).status();
    statistics.push_back(std::move(*measured));
  }
  return Ranges(std::move(statistics), method, noise);
}

void FillCalibration(const ir::Module& module, const Ranges& ranges, v1::Calibration& report) {
  report.set_inputs(ranges.uncalibrated() ? "seeded" : "data");
  report.set_method(std::string(calibrate::MethodName(ranges.method().method)));
  for (std::size_t i = 0; i < module.signatures.size(); ++i) {
    const calibrate::Statistics& statistics = ranges.statistics()[i];
    const ir::Signature& signature = module.signatures[i];
    report.set_samples(std::max(report.samples(), statistics.samples()));
    for (std::uint32_t g = 0; g < module.graph_count(); ++g) {
      for (std::uint32_t v = 0; v < module.graph(ir::GraphId{g}).value_count(); ++v) {
        const auto* tensor = statistics.Find(ir::GraphId{g}, ir::ValueId{v});
        if (tensor == nullptr) continue;
        report.set_tensors(report.tensors() + 1);
        report.set_nan_elements(report.nan_elements() + tensor->counts.nan);
        report.set_masked_elements(report.masked_elements() + tensor->counts.masked);
      }
    }
    const std::vector<ir::ValueId>& inputs = module.graph(signature.graph).inputs();
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const auto range = ranges.Of(signature.graph, inputs[k]);
      if (!range) continue;
      v1::Calibration::InputRange& input = *report.add_input_ranges();
      input.set_name(signature.input_names[k]);
      if (module.signatures.size() > 1) input.set_signature(signature.key);
      input.set_min(range->min);
      input.set_max(range->max);
    }
  }
}

std::optional<ir::Diagnostic> UncalibratedNote(const Ranges& ranges) {
  if (!ranges.uncalibrated()) return std::nullopt;
  ir::Diagnostic note;
  note.severity = ir::Severity::kWarning;
  note.reason = Reason::kUncalibrated;
  note.stage = "calibrate";
  note.message =
      "no calibration data were given: the ranges of tensors are those of seeded noise, which says "
      "little about what the model will see";
  return note;
}

}  // namespace smelt
