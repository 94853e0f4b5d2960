#include "core/convert/convert.h"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "core/base/digest.h"
#include "core/convert/accuracy.h"
#include "core/convert/extra_files.h"
#include "core/convert/extra_reports.h"
#include "core/convert/file_places.h"
#include "core/convert/import_request.h"
#include "core/convert/split_files.h"
#include "core/convert/split_stage.h"
#include "core/convert/stage_clock.h"
#include "core/convert/verify.h"
#include "core/export/tflite/op_versions.h"
#include "core/export/tflite/runtime_profile.h"
#include "core/export/tflite/writer.h"
#include "core/import/onnx/importer.h"
#include "core/import/tflite/reader.h"
#include "core/passes/compute_type.h"
#include "core/passes/io_layout.h"
#include "core/passes/pass.h"
#include "core/report/coverage.h"
#include "core/report/to_proto.h"
#include "core/target/profile.h"
#include "smelt/v1/report.pb.h"

namespace smelt {
namespace {

// Between the imported graph and the written file. Wide where weights lose digits: this finds what
// is wrong (another axis, another scale), and is no verdict on accuracy.
Tolerance ToleranceOf(Precision precision) {
  if (precision == Precision::kFloat16) return {.relative = 2e-2};  // 11 bits of each weight
  if (precision == Precision::kDynamicRange) {
    return {.relative = 0.5, .least_cosine = 0.9, .values_may_change = true};
  }
  return {};
}

std::string PrecisionName(Precision precision) {
  if (precision == Precision::kFloat16) return "float16";
  return precision == Precision::kDynamicRange ? "dynamic_range" : "float32";
}

passes::Weights WeightsOf(Precision precision) {
  if (precision == Precision::kFloat16) return passes::Weights::kFloat16;
  if (precision == Precision::kDynamicRange) return passes::Weights::kInt8;
  return passes::Weights::kSource;
}

// What judges the request or the machine, not the model.
bool IsNoJudgement(const Status& status) {
  return status.reason() == Reason::kCancelled || status.reason() == Reason::kIoError ||
         status.reason() == Reason::kInvalidArgument;
}

ir::Diagnostic ComputeTypeNote(std::uint64_t tensors) {
  ir::Diagnostic note;
  note.severity = ir::Severity::kNote;
  note.reason = Reason::kComputeTypeChanged;
  note.stage = "import";
  note.message = std::to_string(tensors) +
                 " tensors of double, float16 or bfloat16 are computed in float32, as asked for";
  return note;
}

std::string CustomReason(const google::protobuf::RepeatedPtrField<std::string>& codes) {
  return "the artifact holds the CUSTOM operator " + codes[0] +
         (codes.size() > 1 ? " and others" : "") + ", which only its own runtime computes";
}

// One conversion: the stages in order, sharing what each leaves to the next.
class Conversion {
 public:
  Conversion(const ConvertRequest& request, ConvertSink& sink, const CancelToken& cancel,
             v1::Report& report)
      : request_(request),
        sink_(sink),
        cancel_(cancel),
        report_(report),
        clock_(report),
        extras_(request, sink) {}

  Status Run() {
    report_.set_schema_version(1);
    report_.set_converter_version(std::string(ConverterVersion()));
    report_.set_target(request_.target);
    report_.set_backend("flatbuffer_direct");
    SMELT_ASSIGN_OR_RETURN(const target::Profile* newest, target::FindProfile(request_.target));
    profile_ = *newest;
    if (!request_.min_runtime.empty()) {
      SMELT_ASSIGN_OR_RETURN(runtime_,
                             tflite_export::RuntimeProfile::Make(*newest, request_.min_runtime));
      profile_ = runtime_->profile();
    }
    SMELT_RETURN_IF_ERROR(extras_.Check());
    SMELT_ASSIGN_OR_RETURN(source_, MakeImportRequest(request_));
    if (request_.split) {
      SMELT_ASSIGN_OR_RETURN(split_, SplitStage::Make(*request_.split, Description()));
    }
    SMELT_RETURN_IF_ERROR(RunStages());
    return WriteExtras();
  }

 private:
  Status RunStages() {
    for (auto stage :
         {&Conversion::Import, &Conversion::RunPasses, &Conversion::Split, &Conversion::Write,
          &Conversion::Check, &Conversion::VerifyRun, &Conversion::Judge}) {
      SMELT_RETURN_IF_ERROR(cancel_.Check());
      SMELT_RETURN_IF_ERROR((this->*stage)());
      if (report_.state() == "failed") return Status::Ok();
    }
    report_.set_state("succeeded");
    return Status::Ok();
  }

  // A verdict on the model goes to the report; anything else ends the conversion with the status.
  Status Fail(const Status& status, std::string_view stage) {
    if (IsNoJudgement(status)) return status;
    report::FailWith(status, stage, report_);
    clock_.End(stage);
    return Status::Ok();
  }

  // `stage` is what progress is reported as: verification reads the source once more.
  Result<onnx_import::Imported> ImportModel(std::string_view stage) {
    onnx_import::ImportRequest source = source_;
    source.progress = [this, stage](std::uint64_t done, std::uint64_t total) {
      sink_.OnProgress(stage, done, total, "nodes");
    };
    SMELT_ASSIGN_OR_RETURN(onnx_import::Imported imported, onnx_import::Import(source, cancel_));
    SMELT_RETURN_IF_ERROR(passes::MakeChannelsLast(imported.module, request_.channels_last_inputs,
                                                   request_.channels_last_outputs));
    if (request_.compute_float32) {
      SMELT_ASSIGN_OR_RETURN(const std::uint64_t changed,
                             passes::ComputeInFloat32(imported.module));
      if (changed != 0) imported.diagnostics.push_back(ComputeTypeNote(changed));
    }
    return imported;
  }

  Status Import() {
    auto imported = ImportModel("import");
    if (!imported.ok()) return Fail(imported.status(), "import");
    v1::ModelSummary* summary = report_.mutable_model();
    summary->set_format("onnx");
    summary->set_producer(imported->facts.producer);
    summary->set_ir_version(imported->facts.ir_version);
    for (const auto& [domain, version] : imported->facts.opset_imports) {
      (*summary->mutable_opset_imports())[domain] = version;
    }
    summary->set_parameter_bytes(imported->facts.parameter_bytes);
    diagnostics_ = std::move(imported->diagnostics);
    source_tensors_ = std::move(imported->tensors);
    expanded_ = std::move(imported->expanded);
    module_.emplace(std::move(imported->module));
    report::FillPorts(*module_, *summary);
    SMELT_RETURN_IF_ERROR(extras_.AddDump("import", *module_));
    clock_.End("import");
    return Status::Ok();
  }

  // Legalization runs also when the import found violations: one answer names everything.
  Status RunPasses() {
    std::vector<passes::PassOutcome> outcomes;
    passes::PipelineOptions options;
    options.disabled = request_.disabled_passes;
    options.check_ir = request_.check_ir;
    options.passes.weights = WeightsOf(request_.precision);
    options.passes.fewest_weight_elements = request_.fewest_weight_elements;
    options.passes.one_scale_a_weight = request_.one_scale_a_weight;
    passes::WeightSummary weights;
    if (request_.precision == Precision::kDynamicRange) options.passes.weight_summary = &weights;
    options.passes.composites = request_.composites;
    options.passes.operator_version = tflite_export::OperatorVersion;
    if (ListsTensors()) options.passes.stored_orders = &stored_orders_;
    Status dumped;
    options.after_pass = [&](std::string_view pass) {
      sink_.OnProgress("passes", ++passes_done_, passes::Pipeline().size(), "passes");
      if (dumped.ok()) dumped = extras_.AddDump(pass, *module_);
    };
    const Status status =
        passes::RunPipeline(*module_, profile_, options, cancel_, diagnostics_, outcomes);
    SMELT_RETURN_IF_ERROR(dumped);
    if (source_.entries.size() > 1) diagnostics_ = report::EachOnce(std::move(diagnostics_));
    for (const passes::PassOutcome& outcome : outcomes) {
      v1::PassRecord* record = report_.add_passes();
      record->set_name(std::string(outcome.name));
      record->set_rewrites(outcome.rewrites);
      record->set_operators_before(outcome.operators_before);
      record->set_operators_after(outcome.operators_after);
      record->set_seconds(outcome.seconds);
      record->set_skipped(outcome.skipped);
    }
    if (options.passes.weight_summary != nullptr) FillQuantization(weights);
    report::AddDiagnostics(diagnostics_, report_);
    report::FillCoverage(*module_, diagnostics_, expanded_, *report_.mutable_coverage());
    if (!status.ok()) return Fail(status, "passes");
    if (ir::HasError(diagnostics_)) report::FailWithFirstError(diagnostics_, report_);
    clock_.End("passes");
    return Status::Ok();
  }

  void FillQuantization(const passes::WeightSummary& weights) {
    constexpr std::size_t kMostKept = 64;
    v1::Quantization* quantization = report_.mutable_quantization();
    quantization->set_precision("dynamic_range");
    quantization->set_quantized_weights(weights.quantized);
    quantization->set_float_bytes(weights.float_bytes);
    quantization->set_quantized_bytes(weights.quantized_bytes);
    for (const auto& one :
         std::span(weights.kept).first(std::min(kMostKept, weights.kept.size()))) {
      v1::Quantization::Kept* kept = quantization->add_kept();
      kept->set_tensor(one.tensor);
      kept->set_operator_(one.op);
      kept->set_elements(static_cast<std::uint64_t>(one.elements));
      kept->set_why(one.why);
    }
  }

  static std::string Description() { return "smelt " + std::string(ConverterVersion()); }

  // Whether the artifact is one file, and if not, where it is cut.
  Status Split() {
    module_->metadata["smelt.converter_version"] = ConverterVersion();
    module_->metadata["smelt.source_sha256"] = request_.model_sha256.empty()
                                                   ? Digest::Of(request_.model.span()).Hex()
                                                   : request_.model_sha256;
    if (!split_) return Status::Ok();
    sink_.OnProgress("split", 0, 0, "operators");
    ir::Diagnostics found;
    const Status status = split_->Plan(*module_, profile_, cancel_, found);
    if (!status.ok()) return Fail(status, "split");
    report::AddDiagnostics(found, report_);
    if (ir::HasError(found)) report::FailWithFirstError(found, report_);
    clock_.End("split");
    split_->set_seconds(clock_.last_seconds());
    if (!split_->is_needed()) split_.reset();
    return Status::Ok();
  }

  Status Write() {
    tflite_export::WriteOptions options;
    if (request_.max_inline_bytes != 0) options.max_inline_bytes = request_.max_inline_bytes;
    options.list_tensors = ListsTensors();
    if (!split_) {
      options.progress = [&](std::uint64_t done, std::uint64_t total) {
        sink_.OnProgress("write", done, total, "bytes");
      };
      const Status status = WriteFile(*module_, extras_.ArtifactName(), "", options);
      if (!status.ok()) return Fail(status, "write");
    } else {
      const Status status = WriteParts(options);
      if (!status.ok()) return Fail(status, "write");
    }
    module_.reset();  // verification runs without the conversion's memory
    clock_.End("write");
    return Status::Ok();
  }

  Status WriteParts(tflite_export::WriteOptions options) {
    options.max_inline_bytes = tflite_export::kMaxInlineBytes;
    for (std::size_t i = 0; i < split_->part_count(); ++i) {
      const std::uint64_t before = split_->OffsetOf(i);
      options.progress = [&](std::uint64_t done, std::uint64_t) {
        sink_.OnProgress("write", before + done, split_->TotalBytes(), "bytes");
      };
      const std::vector<std::byte> gap(before - appended_);
      if (!gap.empty()) SMELT_RETURN_IF_ERROR(sink_.Append(gap));
      appended_ = before;
      ir::Module part = split_->MakePart(*module_, i);
      SMELT_RETURN_IF_ERROR(WriteFile(part, PartName(extras_.SplitStem(), i), "_part", options));
    }
    split_->RestoreNames(*module_, written_tensors_);
    split_->Keep(*module_, report_, request_.file_name, request_.verify == Verify::kRun);
    return Status::Ok();
  }

  Status WriteFile(ir::Module& module, const std::string& name, const std::string& kind_suffix,
                   tflite_export::WriteOptions& options) {
    Hasher hasher;
    options.description = Description();
    options.append = [&](ByteSpan bytes) {
      hasher.Update(bytes);
      appended_ += bytes.size();
      return sink_.Append(bytes);
    };
    SMELT_ASSIGN_OR_RETURN(tflite_export::WriteSummary summary,
                           tflite_export::Write(module, profile_, options, cancel_));
    const Digest digest = hasher.Finish();
    v1::Artifact* artifact = report_.add_artifacts();
    artifact->set_name(name);
    artifact->set_kind((summary.custom_codes.empty() ? "tflite" : "tflite_custom") + kind_suffix);
    artifact->mutable_digest()->set_sha256(digest.Hex());
    artifact->mutable_digest()->set_size_bytes(digest.size_bytes);
    artifact->set_min_runtime_version(summary.min_runtime_version);
    for (const std::string& code : summary.custom_codes) artifact->add_custom_operators(code);
    for (tflite_export::WrittenTensor& tensor : summary.tensors) {
      tensor.file = static_cast<std::uint32_t>(report_.artifacts_size() - 1);
      written_tensors_.push_back(std::move(tensor));
    }
    return Status::Ok();
  }

  Status Check() {
    v1::Verification* verification = report_.mutable_verification();
    verification->set_mode(v1::Verification::STRUCTURE);
    sink_.OnProgress("check", 0, 0, "bytes");
    SMELT_ASSIGN_OR_RETURN(const SharedBytes written, sink_.WrittenBytes());
    const Status status = split_ ? split_->Check(written) : tflite_import::CheckFile(written);
    if (!status.ok()) return Fail(status, "check");
    clock_.End("check");
    verification->set_seconds(clock_.last_seconds());
    return Status::Ok();
  }

  // Why the artifact can't be run; empty when it can.
  std::string WhyNotRun() const {
    if (request_.verify != Verify::kRun) return "only the structure was to be verified";
    return CustomOnes();
  }

  std::string CustomOnes() const {
    for (const v1::Artifact& artifact : report_.artifacts()) {
      const auto& custom = artifact.custom_operators();
      if (!custom.empty()) return CustomReason(custom);
    }
    return "";
  }

  Status VerifyRun() {
    if (const std::string why = WhyNotRun(); !why.empty()) {
      if (split_) split_->SetNotRun(why);
      if (request_.verify == Verify::kRun) {
        report_.mutable_verification()->set_not_run_because(why);
      }
      return Status::Ok();
    }
    const Status status = split_ ? VerifyParts() : VerifyFile();
    if (!status.ok()) {
      // Where both sides part is what somebody who gets this needs first.
      SMELT_RETURN_IF_ERROR(MeasureAccuracyIfAsked());
      return Fail(status, "verify");
    }
    clock_.End("verify");
    v1::Verification* verification = report_.mutable_verification();
    verification->set_seconds(verification->seconds() + clock_.last_seconds());
    return Status::Ok();
  }

  // The graph as imported, once more, and the file as it was written.
  Status ReadSides(std::string_view stage) {
    sink_.OnProgress(stage, 0, 0, "bytes");
    SMELT_ASSIGN_OR_RETURN(const SharedBytes bytes, sink_.WrittenBytes());
    SMELT_ASSIGN_OR_RETURN(file_side_, tflite_import::Read(bytes));
    SMELT_ASSIGN_OR_RETURN(onnx_import::Imported imported, ImportModel(stage));
    source_side_ = std::move(imported.module);
    return Status::Ok();
  }

  Status VerifyFile() {
    SMELT_RETURN_IF_ERROR(ReadSides("verify"));
    return VerifyByRunning(*source_side_, *file_side_, ToleranceOf(request_.precision),
                           diagnostics_, cancel_, *report_.mutable_verification());
  }

  Status VerifyParts() {
    sink_.OnProgress("verify", 0, 0, "bytes");
    SMELT_ASSIGN_OR_RETURN(const SharedBytes bytes, sink_.WrittenBytes());
    SMELT_ASSIGN_OR_RETURN(const SplitChain chain, split_->Read(bytes));
    SMELT_RETURN_IF_ERROR(split_->Compare(chain, cancel_));
    const RunWritten run = [&](std::size_t, const auto& inputs) {
      return chain.RunAll(split_->manifest(), inputs, cancel_);
    };
    SMELT_ASSIGN_OR_RETURN(const onnx_import::Imported reference, ImportModel("verify"));
    return VerifyByRunning(reference.module, run, ToleranceOf(request_.precision), diagnostics_,
                           cancel_, *report_.mutable_verification());
  }

  Status Judge() {
    if (!WantsAccuracy()) return Status::Ok();
    Status status = MeasureAccuracyIfAsked();
    if (status.ok() && request_.fail_on_accuracy) status = CheckAccuracy(*accuracy_);
    if (!status.ok()) return Fail(status, "accuracy");
    clock_.End("accuracy");
    return Status::Ok();
  }

  Status MeasureAccuracyIfAsked() {
    if (!WantsAccuracy()) return Status::Ok();
    AccuracyPlan plan;
    plan.precision = PrecisionName(request_.precision);
    plan.artifact_name = extras_.ArtifactName();
    const std::string why =
        split_ ? "it is in parts, whose own report compares them" : CustomOnes();
    if (!why.empty()) {
      accuracy_ = NotMeasured(plan, why);
    } else {
      if (!source_side_) SMELT_RETURN_IF_ERROR(ReadSides("accuracy"));
      sink_.OnProgress("accuracy", 0, 0, "bytes");
      plan.places = FindPlaces(written_tensors_, source_side_->signatures, stored_orders_);
      SMELT_ASSIGN_OR_RETURN(accuracy_, MeasureAccuracy(*source_side_, *file_side_, plan, cancel_));
    }
    *report_.mutable_accuracy() = Summarize(*accuracy_);
    return Status::Ok();
  }

  bool WantsAccuracy() const {
    return request_.fail_on_accuracy || extras_.Wants(ExtraReport::kAccuracy);
  }
  bool ListsTensors() const {
    return WantsAccuracy() || extras_.Wants(ExtraReport::kTensorCorrespondence);
  }

  // Reports that stand beside the artifact, or in its place.
  Status WriteExtras() {
    if (extras_.Wants(ExtraReport::kOpCoverage)) {
      SMELT_RETURN_IF_ERROR(extras_.AddCoverage(OpCoverageOf(report_, request_)));
    }
    if (split_) SMELT_RETURN_IF_ERROR(WriteSplitFiles());
    const bool refused = report_.state() == "failed";
    if (extras_.Wants(ExtraReport::kTensorCorrespondence) && !refused) {
      std::vector<std::string> files;
      for (const v1::Artifact& artifact : report_.artifacts()) files.push_back(artifact.name());
      SMELT_RETURN_IF_ERROR(extras_.AddTensors(TensorCorrespondence(
          request_, source_tensors_, written_tensors_, stored_orders_, report_.model(), files)));
    }
    if (extras_.Wants(ExtraReport::kAccuracy) && accuracy_) {
      SMELT_RETURN_IF_ERROR(extras_.AddAccuracy(*accuracy_));
    }
    if (extras_.Wants(ExtraReport::kAccuracy) && accuracy_) {
      SMELT_RETURN_IF_ERROR(extras_.AddAccuracy(*accuracy_));
    }
    if (extras_.Wants(ExtraReport::kReproducer) && refused) {
      onnx_import::ImportRequest source = source_;
      source.extract = RefusedNodes(report_);
      const auto imported = onnx_import::Import(source, cancel_);
      if (imported.ok() && !imported->extract.empty()) {
        SMELT_RETURN_IF_ERROR(extras_.AddReproducer(imported->extract));
      }
    }
    return Status::Ok();
  }

  // Of parts that were written, also of those that turned out wrong.
  Status WriteSplitFiles() {
    if (!split_->is_written()) return Status::Ok();
    SMELT_RETURN_IF_ERROR(extras_.AddSplitFile("split_plan", "split_plan", split_->plan_file()));
    SMELT_RETURN_IF_ERROR(
        extras_.AddSplitFile("split_manifest", "split_manifest", split_->manifest()));
    split_->set_manifest_path(extras_.SplitStem() + "_split_manifest.json");
    return extras_.AddSplitFile("split_accuracy", "split_accuracy_report", split_->accuracy());
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
  std::optional<ir::Module> file_side_;              // with what
  std::optional<v1::AccuracyReport> accuracy_;
};

}  // namespace

Status Convert(const ConvertRequest& request, ConvertSink& sink, const CancelToken& cancel,
               v1::Report* report) {
  Status status = Conversion(request, sink, cancel, *report).Run();
  if (!status.ok() && report->state().empty()) {
    report::FailWith(status, "convert", *report);
    if (status.reason() == Reason::kCancelled) report->set_state("cancelled");
  }
  return status;
}

std::string_view ConverterVersion() { return SMELT_VERSION; }

}  // namespace smelt
