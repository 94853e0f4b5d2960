// What a conversion asks of the quantizers, and what it says of their work.
#include <algorithm>
#include <span>
#include <thread>
#include <utility>

#include "core/convert/calibration.h"
#include "core/convert/conversion.h"

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

Result<passes::ValueRanges> Conversion::MeasureRanges(const ir::Module& module) {
  CalibrationPlan plan;
  plan.threads = std::max(1U, std::thread::hardware_concurrency());
  plan.progress = [this](std::uint64_t done, std::uint64_t total) {
    sink_.OnProgress("calibrate", done, total, "samples");
  };
  SMELT_ASSIGN_OR_RETURN(passes::ValueRanges ranges, smelt::MeasureRanges(module, plan, cancel_));
  ir::Diagnostic warning;
  warning.severity = ir::Severity::kWarning;
  warning.reason = Reason::kUncalibrated;
  warning.stage = "passes";
  warning.message = "ranges of activations are those of " + std::to_string(plan.noise_samples) +
                    " samples of seeded noise, not of data";
  diagnostics_.push_back(std::move(warning));
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
