// LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, NOT_EQUAL on numbers and bool.
#include <functional>

#include "core/interp/kernels/binary.h"
#include "core/interp/kernels/quantized.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

// int8 by what it stands for, in fixed point: 8 more bits, times the scale, which is below 1.
template <class Op>
Status RunQuantizedComparison(const KernelContext& context) {
  for (const Tensor* input : context.inputs) {
    if (input->dtype() != ir::DType::kI8) return NoQuantizedKernel(context);
  }
  SMELT_ASSIGN_OR_RETURN(const Affine x, AffineOf(context, context.input(0)));
  SMELT_ASSIGN_OR_RETURN(const Affine y, AffineOf(context, context.input(1)));
  if (x.scale >= 1 || y.scale >= 1) return NoQuantizedKernel(context);
  const Multiplier scale_x = QuantizeMultiplier(static_cast<double>(x.scale));
  const Multiplier scale_y = QuantizeMultiplier(static_cast<double>(y.scale));
  constexpr std::int32_t kMoreBits = 1 << 8;
  ApplyBinary<std::int8_t, bool>(context, [&](std::int32_t a, std::int32_t b) {
    return Op()(MultiplyByQuantizedMultiplier((a - x.zero) * kMoreBits, scale_x),
                MultiplyByQuantizedMultiplier((b - y.zero) * kMoreBits, scale_y));
  });
  return {};
}

template <class Op>
Status RunComparison(const KernelContext& context) {
  if (IsQuantized(context)) return RunQuantizedComparison<Op>(context);
  const ir::DType dtype = context.input(0).dtype();
  if (dtype == ir::DType::kBool) {  // 0 and 1
    ApplyBinary<std::uint8_t, bool>(context, Op());
    return {};
  }
  return VisitNumbers(context, dtype, [&](auto tag) {
    ApplyBinary<typename decltype(tag)::type, bool>(context, Op());
    return Status::Ok();
  });
}

}  // namespace

std::span<const KernelRow> ComparisonKernels() {
  static constexpr KernelRow kRows[] = {
      {kLess, &RunComparison<std::less<>>, false, Quantized::kRead},
      {kLessEqual, &RunComparison<std::less_equal<>>, false, Quantized::kRead},
      {kGreater, &RunComparison<std::greater<>>, false, Quantized::kRead},
      {kGreaterEqual, &RunComparison<std::greater_equal<>>, false, Quantized::kRead},
      {kEqual, &RunComparison<std::equal_to<>>, false, Quantized::kRead},
      {kNotEqual, &RunComparison<std::not_equal_to<>>, false, Quantized::kRead}};
  return kRows;
}

}  // namespace smelt::interp
