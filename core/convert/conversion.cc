#include "core/convert/conversion.h"

#include <algorithm>
#include <span>

#include "core/convert/calibrate.h"
#include "core/convert/import_request.h"
#include "core/export/tflite/op_versions.h"
#include "core/passes/compute_type.h"
#include "core/passes/io_layout.h"
#include "core/report/coverage.h"
#include "core/report/to_proto.h"

namespace smelt {
namespace {

passes::Weights WeightsOf(Precision precision) {
  if (precision == Precision::kFloat16) return passes::Weights::kFloat16;
  if (precision == Precision::kDynamicRange) return passes::Weights::kInt8;
  return passes::Weights::kSource;
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

}  // namespace

Conversion::Conversion(const ConvertRequest& request, ConvertSink& sink, const CancelToken& cancel,
                       v1::Report& report)
    : request_(request),
      sink_(sink),
      cancel_(cancel),
      report_(report),
      clock_(report),
      extras_(request, sink) {}

Status Conversion::Run() {
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
  source_side_.reset();
  file_side_.reset();
  parts_side_.reset();
  return WriteExtras();
}

Status Conversion::RunStages() {
  for (auto stage :
       {&Conversion::Import, &Conversion::RunPasses, &Conversion::Calibrate, &Conversion::Split,
        &Conversion::Write, &Conversion::Check, &Conversion::VerifyRun, &Conversion::Judge}) {
    SMELT_RETURN_IF_ERROR(cancel_.Check());
    SMELT_RETURN_IF_ERROR((this->*stage)());
    if (report_.state() == "failed") return Status::Ok();
  }
  report_.set_state("succeeded");
  return Status::Ok();
}

bool Conversion::IsNoJudgement(const Status& status) {
  return status.reason() == Reason::kCancelled || status.reason() == Reason::kIoError ||
         status.reason() == Reason::kInvalidArgument;
}

Status Conversion::Fail(const Status& status, std::string_view stage) {
  if (IsNoJudgement(status)) return status;
  report::FailWith(status, stage, report_);
  clock_.End(stage);
  return Status::Ok();
}

Result<onnx_import::Imported> Conversion::ImportModel(std::string_view stage) {
  onnx_import::ImportRequest source = source_;
  source.progress = [this, stage](std::uint64_t done, std::uint64_t total) {
    sink_.OnProgress(stage, done, total, "nodes");
  };
  SMELT_ASSIGN_OR_RETURN(onnx_import::Imported imported, onnx_import::Import(source, cancel_));
  SMELT_RETURN_IF_ERROR(passes::MakeChannelsLast(imported.module, request_.channels_last_inputs,
                                                 request_.channels_last_outputs));
  if (request_.compute_float32) {
    SMELT_ASSIGN_OR_RETURN(const std::uint64_t changed, passes::ComputeInFloat32(imported.module));
    if (changed != 0) imported.diagnostics.push_back(ComputeTypeNote(changed));
  }
  return imported;
}

Status Conversion::Import() {
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

Status Conversion::RunPasses() {
  std::vector<passes::PassOutcome> outcomes;
  passes::PipelineOptions options;
  options.disabled = request_.disabled_passes;
  options.check_ir = request_.check_ir;
  options.passes.weights = WeightsOf(request_.precision);
  options.passes.fewest_weight_elements = request_.fewest_weight_elements;
  options.passes.one_scale_a_weight = request_.one_scale_a_weight;
  passes::WeightSummary weights;
  if (request_.precision == Precision::kDynamicRange) options.passes.weight_summary = &weights;
  passes::IntegerSummary integers;
  const passes::IntegerOptions integers_asked = IntegersAsked(integers);
  if (WantsIntegers()) options.passes.integer = &integers_asked;
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
  if (options.passes.integer != nullptr) FillQuantization(integers);
  report::AddDiagnostics(diagnostics_, report_);
  report::FillCoverage(*module_, diagnostics_, expanded_, *report_.mutable_coverage());
  if (!status.ok()) return Fail(status, "passes");
  if (ir::HasError(diagnostics_)) report::FailWithFirstError(diagnostics_, report_);
  clock_.End("passes");
  return Status::Ok();
}

}  // namespace smelt
