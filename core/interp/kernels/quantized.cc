#include "core/interp/kernels/quantized.h"

#include <cmath>
#include <string>

#include "core/ir/op_table.h"

namespace smelt::interp {
namespace {

bool IsQuantized(const Tensor& tensor) {
  return !tensor.quant().empty() && !ir::IsFloat(tensor.dtype());
}

struct Limits {
  std::int32_t low, high;
};
Limits LimitsOf(ir::DType dtype) {
  if (dtype == ir::DType::kI8) return {-128, 127};
  if (dtype == ir::DType::kU8) return {0, 255};
  return {std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max()};
}

}  // namespace

bool IsQuantized(const KernelContext& context) {
  for (const Tensor* input : context.inputs) {
    if (input != nullptr && IsQuantized(*input)) return true;
  }
  return std::ranges::any_of(context.results, [](const Tensor& t) { return IsQuantized(t); });
}

Status NoQuantizedKernel(const KernelContext& context) {
  std::string operands;
  for (const Tensor* input : context.inputs) {
    operands += (operands.empty() ? "" : ", ") +
                std::string(input == nullptr ? "-" : ir::DTypeName(input->dtype()));
  }
  return {Reason::kRuntimeTypeUnsupported, "the interpreter has no kernel for quantized " +
                                               std::string(ir::GetOpInfo(context.kind).name) +
                                               " of (" + operands + ")"};
}

Result<Affine> AffineOf(const KernelContext& context, const Tensor& tensor) {
  const ir::QuantParams& quant = *tensor.quant();
  const ir::DType dtype = tensor.dtype();
  const bool known = dtype == ir::DType::kI8 || dtype == ir::DType::kI16 || dtype == ir::DType::kU8;
  if (!known || quant.scale.size() != 1 || quant.zero_point.size() != 1) {
    return NoQuantizedKernel(context);
  }
  const std::int64_t zero = quant.zero_point[0];
  const Limits limits = LimitsOf(dtype);
  const bool zero_fits =
      dtype == ir::DType::kI16 ? zero == 0 : zero >= limits.low && zero <= limits.high;
  if (!std::isfinite(quant.scale[0]) || quant.scale[0] <= 0 || !zero_fits) {
    return {Reason::kRuntimeTypeUnsupported, std::string(ir::GetOpInfo(context.kind).name) +
                                                 " of " + std::string(ir::DTypeName(dtype)) +
                                                 " with scale " + std::to_string(quant.scale[0]) +
                                                 " and zero point " + std::to_string(zero)};
  }
  return Affine{quant.scale[0], static_cast<std::int32_t>(zero)};
}

QuantizedRange RangeOf(const Tensor& tensor, Affine affine, float low, float high) {
  const Limits limits = LimitsOf(tensor.dtype());
  QuantizedRange range{limits.low, limits.high};
  // In float32; far outside of the type's range it limits nothing, or everything.
  const auto quantized = [&](float real) {
    return std::clamp(static_cast<double>(affine.zero) + std::round(real / affine.scale), -1e9,
                      1e9);
  };
  if (std::isfinite(low)) {
    range.low = std::max(range.low, static_cast<std::int32_t>(quantized(low)));
  }
  if (std::isfinite(high)) {
    range.high = std::min(range.high, static_cast<std::int32_t>(quantized(high)));
  }
  return range;
}

QuantizedRange ActivationRange(const KernelContext& context, Affine result) {
  constexpr float kNone = std::numeric_limits<float>::infinity();
  const std::string name = context.attrs.String("fused_activation_function", "NONE");
  float low = -kNone;
  float high = kNone;
  if (name == "RELU" || name == "RELU6") low = 0;
  if (name == "RELU6") high = 6;
  if (name == "RELU_N1_TO_1") {
    low = -1;
    high = 1;
  }
  return RangeOf(context.result(), result, low, high);
}

Result<std::vector<std::int64_t>> BiasOf(const KernelContext& context, int operand,
                                         std::int64_t channels) {
  if (!context.has_input(operand)) {
    return std::vector<std::int64_t>(static_cast<std::size_t>(channels), 0);
  }
  const Tensor& bias = context.input(operand);
  const bool known = bias.dtype() == ir::DType::kI32 || bias.dtype() == ir::DType::kI64;
  if (!known || bias.element_count() != channels) return NoQuantizedKernel(context);
  return IntsOf(bias);
}

}  // namespace smelt::interp
