#include "core/interp/kernels/hybrid.h"

#include <algorithm>
#include <cmath>

#include "core/interp/kernels/view.h"

namespace smelt::interp {
namespace {

// q = clamp(round(zero + x / scale)).
struct Steps {
  float scale = 1;
  int zero = 0;
  int least = -128;
};

Steps AsymmetricSteps(double least, double largest) {
  least = std::min(least, 0.0);
  largest = std::max(largest, 0.0);
  if (least == largest) return {};
  const double scale = (largest - least) / 255;
  if (!std::isfinite(scale)) return {NAN, 0, -128};
  // Both ends give the zero point; that of the smaller rounding error counts.
  const double below = -128 - least / scale;
  const double above = 127 - largest / scale;
  const bool first = 128 + std::abs(least / scale) < 127 + std::abs(largest / scale);
  const double zero = std::clamp(std::round(first ? below : above), -128.0, 127.0);
  return {static_cast<float>(scale), static_cast<int>(zero), -128};
}

Steps SymmetricSteps(double magnitude) {
  if (magnitude == 0) return {1, 0, -127};
  if (!std::isfinite(magnitude)) return {NAN, 0, -127};
  return {static_cast<float>(magnitude / 127), 0, -127};
}

void Round(std::span<const float> from, const Steps& steps, std::span<float> to) {
  const float inverse = 1.0F / steps.scale;
  const auto zero = static_cast<float>(steps.zero);
  for (std::size_t i = 0; i < from.size(); ++i) {
    const float q = std::round(zero + from[i] * inverse);
    to[i] = steps.scale * (std::clamp(q, static_cast<float>(steps.least), 127.0F) - zero);
  }
}

}  // namespace

bool IsHybrid(const KernelContext& context) {
  return context.has_input(1) && context.input(0).dtype() == ir::DType::kF32 &&
         context.input(1).dtype() == ir::DType::kI8 && !context.input(1).quant().empty();
}

Tensor Dequantized(const Tensor& tensor) {
  const ir::QuantParams& quant = *tensor.quant();
  Tensor numbers = Tensor::Zeros(ir::DType::kF32, tensor.shape());
  // Elements of one scale that follow each other.
  const std::int64_t inner = SizeOfAxes(tensor, quant.axis + 1, tensor.rank());
  const auto scales = static_cast<std::int64_t>(quant.scale.size());
  const auto fill = [&](const auto* from) {
    const std::span<float> to = numbers.mutable_values<float>();
    for (std::int64_t i = 0; i < tensor.element_count(); ++i) {
      const auto c = static_cast<std::size_t>(i / inner % scales);
      to[static_cast<std::size_t>(i)] = static_cast<float>(
          double{quant.scale[c]} * static_cast<double>(from[i] - quant.zero_point[c]));
    }
  };
  if (tensor.dtype() == ir::DType::kI16) {
    fill(tensor.values<std::int16_t>().data());
  } else if (tensor.dtype() == ir::DType::kU8) {
    fill(tensor.values<std::uint8_t>().data());
  } else {
    SMELT_CHECK(tensor.dtype() == ir::DType::kI8);
    fill(tensor.values<std::int8_t>().data());
  }
  return numbers;
}

Tensor RoundedToInt8(const Tensor& data, std::int64_t run, bool asymmetric) {
  Tensor rounded = Tensor::Zeros(ir::DType::kF32, data.shape());
  const std::span<const float> from = data.values<float>();
  const std::span<float> to = rounded.mutable_values<float>();
  const auto size = static_cast<std::size_t>(std::max<std::int64_t>(run, 1));
  for (std::size_t at = 0; at + size <= from.size(); at += size) {
    const std::span<const float> row = from.subspan(at, size);
    const auto [least, largest] = std::ranges::minmax_element(row);
    const Steps steps = asymmetric ? AsymmetricSteps(*least, *largest)
                                   : SymmetricSteps(std::max(std::abs(*least), std::abs(*largest)));
    Round(row, steps, to.subspan(at, size));
  }
  return rounded;
}

Status RunHybrid(const KernelContext& context, std::int64_t run, bool asymmetric, Kernel kernel) {
  const Tensor data = RoundedToInt8(context.input(0), run, asymmetric);
  const Tensor weights = Dequantized(context.input(1));
  std::vector<const Tensor*> operands(context.inputs.begin(), context.inputs.end());
  operands[0] = &data;
  operands[1] = &weights;
  KernelContext numbers = context;
  numbers.inputs = operands;
  return kernel(numbers);
}

}  // namespace smelt::interp
