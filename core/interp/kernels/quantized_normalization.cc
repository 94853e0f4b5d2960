// L2_NORMALIZATION over the last axis of int8. The result's scale is 2^-7: the runtime has no
// other.
#include "core/interp/fixed_point_functions.h"
#include "core/interp/kernels/quantized.h"

namespace smelt::interp {

Status RunQuantizedL2Normalization(const KernelContext& context) {
  constexpr int kResultBits = 7;
  const Tensor& input = context.input(0);
  const Tensor& result = context.result();
  SMELT_ASSIGN_OR_RETURN(const Affine x, AffineOf(context, input));
  SMELT_ASSIGN_OR_RETURN(const Affine y, AffineOf(context, result));
  if (input.dtype() != ir::DType::kI8 || result.dtype() != ir::DType::kI8 || y.zero != 0 ||
      y.scale != 1.0F / (1 << kResultBits)) {
    return NoQuantizedKernel(context);
  }
  const auto row = static_cast<std::size_t>(input.dim(input.rank() - 1));
  const std::span<const std::int8_t> from = input.values<std::int8_t>();
  const std::span<std::int8_t> to = context.result().mutable_values<std::int8_t>();
  for (std::size_t begin = 0; begin + row <= from.size() && row > 0; begin += row) {
    std::uint32_t squares = 0;
    for (const std::int8_t q : from.subspan(begin, row)) {
      squares += static_cast<std::uint32_t>((q - x.zero) * (q - x.zero));
    }
    Multiplier inverse = InverseSqrt(static_cast<std::int32_t>(squares));
    inverse.shift += kResultBits;
    for (std::size_t i = begin; i < begin + row; ++i) {
      const std::int32_t q = MultiplyByQuantizedMultiplier(from[i] - x.zero, inverse);
      to[i] = static_cast<std::int8_t>(std::clamp(q, -128, 127));
    }
  }
  return {};
}

}  // namespace smelt::interp
