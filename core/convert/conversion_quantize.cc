// What a conversion asks of the quantizers, and what it says of their work.
#include <algorithm>
#include <span>
#include <utility>

#include "core/convert/calibrate.h"
#include "core/convert/conversion.h"
#include "core/report/to_proto.h"

namespace smelt {
namespace {

constexpr std::size_t kMostNamed = 64;

template <class List>
auto FirstOf(const List& list) {
  return std::span(list).first(std::min(kMostNamed, list.size()));
}

ir::DType TypeOf(PortType ports, ir::DType activations) {
  if (ports == PortType::kFloat32) return ir::DType::kF32;
  return ports == PortType::kUint8 ? ir::DType::kU8 : activations;
}

passes::ValueRange RangeOf(const Ranges& measured, ir::GraphId graph, ir::ValueId value) {
  passes::ValueRange range;
  if (const auto chosen = measured.Of(graph, value)) {
    range.low = static_cast<float>(chosen->min);
    range.high = static_cast<float>(chosen->max);
  }
  for (const calibrate::Statistics& statistics : measured.statistics()) {
    const calibrate::TensorStatistics* tensor = statistics.Find(graph, value);
    range.masked = range.masked || (tensor != nullptr && tensor->counts.masked != 0);
  }
  return range;
}

}  // namespace

passes::IntegerOptions Conversion::IntegersAsked(passes::IntegerSummary& summary) {
  passes::IntegerOptions options;
  if (request_.precision == Precision::kInt16x8) options.activations = ir::DType::kI16;
  options.io = TypeOf(request_.ports, options.activations);
  options.strict = request_.strict_integer;
  options.one_scale_a_weight = request_.one_scale_a_weight;
  options.ranges = [this](const ir::Module& module) { return MeasureRanges(module); };
  options.summary = &summary;
  return options;
}

Result<Ranges> Conversion::RunCalibration(const ir::Module& module,
                                          const CalibrationRequest& request) {
  auto ranges = smelt::Calibrate(module, request, request_.channels_last_inputs, cancel_,
                                 [this](std::uint64_t done, std::uint64_t total) {
                                   sink_.OnProgress("calibrate", done, total, "samples");
                                 });
  if (ranges.ok()) FillCalibration(module, *ranges, *report_.mutable_calibration());
  return ranges;
}

// Where integers are made the ranges were measured on the way.
Status Conversion::Calibrate() {
  if (!request_.calibration || WantsIntegers()) return Status::Ok();
  const auto ranges = RunCalibration(*module_, *request_.calibration);
  if (!ranges.ok()) return Fail(ranges.status(), "calibrate");
  if (const auto note = UncalibratedNote(*ranges)) {
    report::AddDiagnostics({*note}, report_);
  }
  clock_.End("calibrate");
  return Status::Ok();
}

Result<passes::ValueRanges> Conversion::MeasureRanges(const ir::Module& module) {
  CalibrationRequest request = request_.calibration.value_or(CalibrationRequest());
  request.levels = request_.precision == Precision::kInt8 ? 256 : 65535;
  SMELT_ASSIGN_OR_RETURN(const Ranges measured, RunCalibration(module, request));
  if (auto note = UncalibratedNote(measured)) diagnostics_.push_back(std::move(*note));
  passes::ValueRanges ranges(module.graph_count());
  for (std::uint32_t g = 0; g < module.graph_count(); ++g) {
    ranges[g].resize(module.graph(ir::GraphId{g}).value_count());
    for (std::uint32_t v = 0; v < ranges[g].size(); ++v) {
      ranges[g][v] = RangeOf(measured, ir::GraphId{g}, ir::ValueId{v});
    }
  }
  return ranges;
}

void Conversion::FillQuantization(const passes::WeightSummary& weights) {
  v1::Quantization* quantization = report_.mutable_quantization();
  quantization->set_precision("dynamic_range");
  quantization->set_quantized_weights(weights.quantized);
  quantization->set_float_bytes(weights.float_bytes);
  quantization->set_quantized_bytes(weights.quantized_bytes);
  for (const auto& one : FirstOf(weights.kept)) {
    v1::Quantization::Kept* kept = quantization->add_kept();
    kept->set_tensor(one.tensor);
    kept->set_operator_(one.op);
    kept->set_elements(static_cast<std::uint64_t>(one.elements));
    kept->set_why(one.why);
  }
}

void Conversion::FillQuantization(const passes::IntegerSummary& integers) {
  v1::Quantization* quantization = report_.mutable_quantization();
  quantization->set_precision(request_.precision == Precision::kInt8 ? "int8" : "int16x8");
  quantization->set_quantized_weights(integers.weights);
  quantization->set_float_bytes(integers.float_bytes);
  quantization->set_quantized_bytes(integers.quantized_bytes);
  quantization->set_integer_operators(integers.integer_operators);
  quantization->set_float_operators(integers.float_operators);
  quantization->set_quantize_operators(integers.quantize);
  quantization->set_dequantize_operators(integers.dequantize);
  for (const auto& one : FirstOf(integers.islands)) {
    v1::Quantization::Island* island = quantization->add_islands();
    island->set_operator_(one.op);
    island->set_tensor(one.tensor);
    island->set_why(one.why);
  }
}

}  // namespace smelt
