#include "core/convert/convert.h"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "core/base/digest.h"
#include "core/convert/extra_files.h"
#include "core/convert/extra_reports.h"
#include "core/convert/import_request.h"
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
// is wrong (another axis or scale leaves a cosine near 0), and is no verdict on accuracy, least of
// all on seeded noise, which some networks amplify: EfficientNet-B0 with random weights has a
// cosine of 0.83 on noise, and of 0.999 on pictures.
Tolerance ToleranceOf(Precision precision) {
  if (precision == Precision::kFloat16) return {.relative = 2e-2};  // 11 bits of each weight
  if (precision == Precision::kDynamicRange) {
    return {.relative = 2, .least_cosine = 0.5, .values_may_change = true};
  }
  return {};
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
    SMELT_RETURN_IF_ERROR(RunStages());
    return WriteExtras();
  }

 private:
  Status RunStages() {
    for (auto stage : {&Conversion::Import, &Conversion::RunPasses, &Conversion::Write,
                       &Conversion::Check, &Conversion::VerifyRun}) {
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
    const bool lists_tensors = extras_.Wants(ExtraReport::kTensorCorrespondence);
    if (lists_tensors) options.passes.stored_orders = &stored_orders_;
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

  Status Write() {
    tflite_export::WriteOptions options;
    options.description = "smelt " + std::string(ConverterVersion());
    if (request_.max_inline_bytes != 0) options.max_inline_bytes = request_.max_inline_bytes;
    options.list_tensors = extras_.Wants(ExtraReport::kTensorCorrespondence);
    module_->metadata["smelt.converter_version"] = ConverterVersion();
    module_->metadata["smelt.source_sha256"] = request_.model_sha256.empty()
                                                   ? Digest::Of(request_.model.span()).Hex()
                                                   : request_.model_sha256;
    Hasher hasher;
    options.append = [&](ByteSpan bytes) {
      hasher.Update(bytes);
      return sink_.Append(bytes);
    };
    options.progress = [&](std::uint64_t done, std::uint64_t total) {
      sink_.OnProgress("write", done, total, "bytes");
    };
    auto summary = tflite_export::Write(*module_, profile_, options, cancel_);
    if (!summary.ok()) return Fail(summary.status(), "write");
    const Digest digest = hasher.Finish();
    v1::Artifact* artifact = report_.add_artifacts();
    artifact->set_name(extras_.ArtifactName());
    artifact->set_kind(summary->custom_codes.empty() ? "tflite" : "tflite_custom");
    artifact->mutable_digest()->set_sha256(digest.Hex());
    artifact->mutable_digest()->set_size_bytes(digest.size_bytes);
    artifact->set_min_runtime_version(summary->min_runtime_version);
    for (const std::string& code : summary->custom_codes) artifact->add_custom_operators(code);
    written_tensors_ = std::move(summary->tensors);
    module_.reset();  // verification runs without the conversion's memory
    clock_.End("write");
    return Status::Ok();
  }

  Status Check() {
    v1::Verification* verification = report_.mutable_verification();
    verification->set_mode(v1::Verification::STRUCTURE);
    sink_.OnProgress("check", 0, 0, "bytes");
    SMELT_ASSIGN_OR_RETURN(const SharedBytes written, sink_.WrittenBytes());
    const Status status = tflite_import::CheckFile(written);
    if (!status.ok()) return Fail(status, "check");
    clock_.End("check");
    verification->set_seconds(clock_.last_seconds());
    return Status::Ok();
  }

  Status VerifyRun() {
    if (request_.verify != Verify::kRun) return Status::Ok();
    if (const auto& custom = report_.artifacts(0).custom_operators(); !custom.empty()) {
      report_.mutable_verification()->set_not_run_because(
          "the artifact holds the CUSTOM operator " + custom[0] +
          (custom.size() > 1 ? " and others" : "") + ", which only its own runtime computes");
      return Status::Ok();
    }
    sink_.OnProgress("verify", 0, 0, "bytes");
    SMELT_ASSIGN_OR_RETURN(const SharedBytes bytes, sink_.WrittenBytes());
    auto written = tflite_import::Read(bytes);
    if (!written.ok()) return Fail(written.status(), "verify");
    auto reference = ImportModel("verify");
    if (!reference.ok()) return Fail(reference.status(), "verify");
    v1::Verification* verification = report_.mutable_verification();
    const Status status =
        VerifyByRunning(reference->module, *written, ToleranceOf(request_.precision), diagnostics_,
                        cancel_, *verification);
    if (!status.ok()) return Fail(status, "verify");
    clock_.End("verify");
    verification->set_seconds(verification->seconds() + clock_.last_seconds());
    return Status::Ok();
  }

  // Reports that stand beside the artifact, or in its place.
  Status WriteExtras() {
    if (extras_.Wants(ExtraReport::kOpCoverage)) {
      SMELT_RETURN_IF_ERROR(extras_.AddCoverage(OpCoverageOf(report_, request_)));
    }
    const bool refused = report_.state() == "failed";
    if (extras_.Wants(ExtraReport::kTensorCorrespondence) && !refused) {
      SMELT_RETURN_IF_ERROR(extras_.AddTensors(TensorCorrespondence(
          request_, source_tensors_, written_tensors_, stored_orders_, report_.model())));
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
  ir::Diagnostics diagnostics_;
  std::vector<ir::SourceId> expanded_;
  std::uint64_t passes_done_ = 0;
  std::vector<onnx_import::SourceTensor> source_tensors_;
  std::vector<tflite_export::WrittenTensor> written_tensors_;
  std::vector<passes::StoredOrders> stored_orders_;  // by signature
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
