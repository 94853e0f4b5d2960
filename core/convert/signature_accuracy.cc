#include "core/convert/signature_accuracy.h"

#include <new>
#include <utility>

#include "core/convert/port_numbers.h"
#include "core/ir/op_table.h"
#include "core/report/to_proto.h"

namespace smelt {

SignatureAccuracy::SignatureAccuracy(const ir::Module& source, const WrittenSide& file,
                                     std::size_t place, const AccuracyPlan& plan,
                                     const CancelToken& cancel)
    : source_(source),
      file_(file),
      place_(place),
      signature_(source.signatures[place]),
      places_(place < plan.places.size() ? plan.places[place] : FilePlaces()),
      plan_(plan),
      limits_(report::LimitsOf(plan.precision)),
      cancel_(cancel) {}

void SignatureAccuracy::Begin() {
  samples_ = 0;
  pool_ = {};
  source_problem_.clear();
  outputs_ = std::vector<OutputErrors>(signature_.output_names.size(), OutputErrors(limits_));
  if (file_graph() == nullptr) return;
  layers_.emplace(source_graph(), *file_graph(), places_, limits_, plan_.layer_budget_bytes);
}

Status SignatureAccuracy::Run() {
  for (const SampleOptions& sizes : SampleAttempts()) {
    Begin();
    largest_int_ = sizes.max_int;
    for (std::uint32_t i = 0; i < plan_.samples && file_problem_.empty(); ++i) {
      SampleOptions sample = sizes;
      sample.seed = plan_.first_seed + i;
      SMELT_RETURN_IF_ERROR(RunGuarded(sample));
      if (samples_ == 0) break;  // a humbler kind may run
    }
    if (samples_ != 0 || !file_problem_.empty()) break;
  }
  return Status::Ok();
}

std::string SignatureAccuracy::problem() const {
  if (!file_problem_.empty()) return file_problem_;
  return samples_ == 0 ? source_problem_ : "";
}

Status SignatureAccuracy::RunGuarded(const SampleOptions& sample) {
  // Outputs matter more than layers, for which the source's results are kept.
  for (const bool keeps_results : {true, false}) {
    if (!keeps_results && layers_) layers_->StopKeeping();
    is_file_running_ = false;
    try {
      return RunSample(sample);
    } catch (const std::bad_alloc&) {
      const std::string problem =
          std::string(ReasonName(Reason::kOutOfMemory)) +
          ": the tensors of a run take more memory than the worker may have";
      if (keeps_results) continue;
      (is_file_running_ ? file_problem_ : source_problem_) = problem;
    }
  }
  return Status::Ok();
}

Result<SignatureAccuracy::Tensors> SignatureAccuracy::Evaluate(
    const ir::Module& module, ir::GraphId graph, const Tensors& inputs,
    interp::ResultObserver observe) const {
  interp::EvaluateOptions options;
  options.kernels = interp::Kernels::kFast;
  options.cancel = &cancel_;
  options.observe = std::move(observe);
  return interp::Evaluate(module, graph, inputs, options);
}

Result<SignatureAccuracy::Tensors> SignatureAccuracy::RunFile(const Tensors& inputs) {
  is_file_running_ = true;
  if (file_.module == nullptr) return file_.run(place_, inputs);
  const auto compare = [this](ir::GraphId, ir::ValueId value, const interp::Tensor& tensor) {
    layers_->Compare(value, tensor);
  };
  const ir::Signature& signature = file_.module->signatures[place_];
  return Evaluate(*file_.module, signature.graph, AsFed(*file_.module, signature, inputs), compare);
}

Status SignatureAccuracy::RunSample(const SampleOptions& sample) {
  const auto inputs = SampleInputs(source_, signature_, sample);
  if (!inputs.ok()) {
    source_problem_ = std::string(inputs.status().message());
    return Status::Ok();
  }
  const auto keep = [this](ir::GraphId, ir::ValueId value, const interp::Tensor& tensor) {
    if (layers_) layers_->Keep(value, tensor);
  };
  const auto expected = Evaluate(source_, signature_.graph, *inputs, keep);
  SMELT_RETURN_IF_ERROR(cancel_.Check());
  if (!expected.ok()) {
    if (layers_) layers_->EndSample();
    source_problem_ = expected.status().ToString();
    return Status::Ok();
  }
  if (plan_.finite_only && !AreFinite(*expected)) {
    if (layers_) layers_->EndSample();
    source_problem_ = "the source gives NaN or infinity, which integers can't say";
    return Status::Ok();
  }
  const auto actual = RunFile(*inputs);
  SMELT_RETURN_IF_ERROR(cancel_.Check());
  if (layers_) layers_->EndSample();
  if (!actual.ok() || actual->size() != outputs_.size()) {
    file_problem_ = "the written file does not run: " +
                    (actual.ok() ? "it has another number of outputs" : actual.status().ToString());
    return Status::Ok();
  }
  // All of them, or none: memory may end between two.
  std::vector<OutputErrors> outputs = outputs_;
  report::ErrorSums pool = pool_;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].Add((*expected)[i], (*actual)[i], pool);
  }
  outputs_.swap(outputs);
  pool_ = pool;
  ++samples_;
  return Status::Ok();
}

void SignatureAccuracy::Fill(v1::AccuracyReport& report) const {
  if (samples_ == 0) return;
  FillOutputs(report);
  if (!layers_) return;
  for (const Layer& layer : layers_->layers()) {
    if (layer.errors.samples() != 0) FillLayer(layer, report);
  }
  const UncomparedLayers uncompared = layers_->uncompared();
  auto& summary = *report.mutable_layer_summary();
  summary.set_unnamed(summary.unnamed() + uncompared.unnamed);
  summary.set_missing(summary.missing() + uncompared.missing);
  summary.set_regrouped(summary.regrouped() + uncompared.regrouped);
  summary.set_other_shape(summary.other_shape() + uncompared.other_shape);
  summary.set_over_budget(summary.over_budget() + uncompared.over_budget);
  summary.set_inside_regions(summary.inside_regions() + ResultsInRegions(source_, source_graph()));
}

void SignatureAccuracy::FillOutputs(v1::AccuracyReport& report) const {
  const ir::Graph* file = file_graph();
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    auto& output = *report.add_per_output_metrics();
    output.set_name(signature_.output_names[i]);
    output.set_signature(key());
    if (file != nullptr) {
      const ir::Value& value = file->value(file->outputs()[i]);
      output.set_tflite_output_name(value.name);
      if (!value.quant.empty()) report.set_has_quantized_outputs(true);
    }
    outputs_[i].Fill(!source_graph().inputs().empty(), output);
    if (output.reason().empty()) {
      report.add_compared_output_names(output.name());
    } else {
      report.add_skipped_output_names(output.name());
      report.add_skipped_output_reasons(output.reason());
    }
  }
}

void SignatureAccuracy::FillLayer(const Layer& layer, v1::AccuracyReport& report) const {
  auto& filled = *report.add_layers();
  const ir::Value& value = source_graph().value(layer.source);
  filled.set_name(value.name);
  filled.set_signature(key());
  const auto& sources = source_.origins().SourcesOf(source_graph().op(value.producer).origin);
  if (!sources.empty()) {  // the last of several: earlier ones only lead to it
    *filled.mutable_node() = report::ToProto(source_.origins().sources()[sources.back()]);
  }
  filled.set_type(layer.type);
  filled.set_tflite_tensor_name(layer.place.tensor);
  const ir::Graph& file = *file_graph();
  const ir::OpId maker = file.value(layer.file).producer;
  filled.set_tflite_operator(std::string(ir::GetOpInfo(file.op(maker).kind).name));
  FillMetrics(layer.errors.worst(), *filled.mutable_metrics());
  FillMetrics(layer.errors.average(), *filled.mutable_average());
  filled.set_within_limits(layer.verdict.pass());
  auto& summary = *report.mutable_layer_summary();
  summary.set_compared(summary.compared() + 1);
  if (filled.within_limits()) return;
  summary.set_outside_limits(summary.outside_limits() + 1);
  if (summary.outside_limits() > 1) return;
  summary.set_first_outside(filled.name());
  summary.set_first_outside_signature(key());
  if (filled.has_node()) *summary.mutable_first_outside_node() = filled.node();
}

}  // namespace smelt
