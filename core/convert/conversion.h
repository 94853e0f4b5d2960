// Conversion: one conversion of a model, the stages in order, sharing what each leaves to the next.
// Internal to core/convert; used once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/convert/calibrate.h"
#include "core/convert/convert.h"
#include "core/convert/extra_files.h"
#include "core/convert/split_stage.h"
#include "core/convert/stage_clock.h"
#include "core/convert/verify.h"
#include "core/export/tflite/runtime_profile.h"
#include "core/export/tflite/writer.h"
#include "core/import/onnx/importer.h"
#include "core/passes/pass.h"
#include "core/target/profile.h"
#include "smelt/v1/report.pb.h"

namespace smelt {

class Conversion {
 public:
  Conversion(const ConvertRequest& request, ConvertSink& sink, const CancelToken& cancel,
             v1::Report& report);

  Status Run();

 private:
  // --- The stages. A verdict on the model goes to the report, and ends them. ---
  Status Import();
  // Legalization runs also when the import found violations: one answer names everything.
  Status RunPasses();
  // Of the tensors of what will be written.
  Status Calibrate();
  // Whether the artifact is one file, and if not, where it is cut.
  Status Split();
  Status Write();
  Status Check();
  Status VerifyRun();
  Status Judge();

  // --- What they share ---
  Status RunStages();
  // A verdict on the model goes to the report; anything else ends the conversion with the status.
  Status Fail(const Status& status, std::string_view stage);
  // Whether it judges the request or the machine, not the model.
  static bool IsNoJudgement(const Status& status);
  // `stage` is what progress is reported as: verification reads the source once more.
  Result<onnx_import::Imported> ImportModel(std::string_view stage);
  void FillQuantization(const passes::WeightSummary& weights);
  void FillQuantization(const passes::IntegerSummary& integers);
  passes::IntegerOptions IntegersAsked(passes::IntegerSummary& summary);
  // Fills the report, too.
  Result<Ranges> RunCalibration(const ir::Module& module, const CalibrationRequest& request);
  // Ranges of the values of the graph to be quantized.
  Result<passes::ValueRanges> MeasureRanges(const ir::Module& module);
  bool WantsIntegers() const {
    return request_.precision == Precision::kInt8 || request_.precision == Precision::kInt16x8;
  }
  Status WriteParts(tflite_export::WriteOptions options);
  Status WriteFile(ir::Module& module, const std::string& name, const std::string& kind_suffix,
                   tflite_export::WriteOptions& options);
  // Why the artifact can't be run; empty when it can.
  std::string WhyNotRun() const;
  std::string CustomOnes() const;
  // The graph as imported, once more, and the file as it was written.
  Status ReadSides(std::string_view stage);
  RunWritten RunParts() const;
  Status VerifyFile();
  Status VerifyParts();
  Status MeasureAccuracyIfAsked();
  // Reports that stand beside the artifact, or in its place.
  Status WriteExtras();
  // Of parts that were written, also of those that turned out wrong.
  Status WriteSplitFiles();
  static std::string Description() { return "smelt " + std::string(ConverterVersion()); }
  bool WantsAccuracy() const {
    return request_.fail_on_accuracy || extras_.Wants(ExtraReport::kAccuracy);
  }
  bool ListsTensors() const {
    return WantsAccuracy() || extras_.Wants(ExtraReport::kTensorCorrespondence);
  }

  const ConvertRequest& request_;
  ConvertSink& sink_;
  const CancelToken& cancel_;
  v1::Report& report_;
  StageClock clock_;
  ExtraFiles extras_;
  onnx_import::ImportRequest source_;
  std::optional<tflite_export::RuntimeProfile> runtime_;
  target::Profile profile_;
  std::optional<ir::Module> module_;
  std::optional<SplitStage> split_;  // the artifact is written in parts, or may be
  std::uint64_t appended_ = 0;
  ir::Diagnostics diagnostics_;
  std::vector<ir::SourceId> expanded_;
  std::uint64_t passes_done_ = 0;
  std::vector<onnx_import::SourceTensor> source_tensors_;
  std::vector<tflite_export::WrittenTensor> written_tensors_;
  std::vector<passes::StoredOrders> stored_orders_;  // by signature
  std::optional<ir::Module> source_side_;            // what is compared, and
  std::optional<ir::Module> file_side_;              // with what: the file,
  std::optional<SplitChain> parts_side_;             // or its parts
  std::optional<v1::AccuracyReport> accuracy_;
};

}  // namespace smelt
