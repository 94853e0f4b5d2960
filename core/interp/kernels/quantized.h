// Integer kernels: operators on quantized tensors, as TFLite's reference kernels compute them, bit
// for bit (LiteRT 2.3.0 with OpResolverType.BUILTIN_REF; tests/oracle/probe_quantized.py compares).
// XNNPACK and the optimized kernels round some of them otherwise, by one.
//
// Activations are int8, or int16 without a zero point ("16x8": the weights are int8 still). One
// scale a tensor, but for weights, whose scales multiply an accumulator each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/base/result.h"
#include "core/interp/fixed_point.h"
#include "core/interp/kernels/types.h"

namespace smelt::interp {

// Integers of some operand or result stand for real numbers.
bool IsQuantized(const KernelContext& context);
// kRuntimeTypeUnsupported: no integer kernel for these operands.
Status NoQuantizedKernel(const KernelContext& context);

// Of a tensor with one scale: real = scale * (q - zero).
struct Affine {
  float scale = 1;
  std::int32_t zero = 0;
};
// Of an int8 or int16 tensor; else kRuntimeTypeUnsupported, as for scales that are no positive
// numbers and zero points that the type does not hold (int16: that are not 0).
Result<Affine> AffineOf(const KernelContext& context, const Tensor& tensor);

// The values that a kernel's result may take.
struct QuantizedRange {
  std::int32_t low = 0;
  std::int32_t high = 0;
  std::int32_t Clamp(std::int64_t q) const {
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(q, low, std::max(low, high)));
  }
};
// [low, high] of real numbers in the tensor's type; infinities are its limits.
QuantizedRange RangeOf(const Tensor& tensor, Affine affine, float low, float high);
// By the fused activation. TANH and SIGN_BIT limit nothing, as in the runtime.
QuantizedRange ActivationRange(const KernelContext& context, Affine result);

// How accumulators become a result: a factor for each channel, or one.
struct Requantization {
  std::vector<Multiplier> factors;
  std::int32_t zero = 0;
  QuantizedRange range;
  Rounding rounding = Rounding::kDouble;  // of int32 accumulators

  Multiplier factor(std::size_t channel) const {
    return factors[factors.size() == 1 ? 0 : channel];
  }
  std::int32_t Apply(std::int32_t sum, std::size_t channel) const {
    const std::int64_t q = MultiplyByQuantizedMultiplier(sum, factor(channel), rounding);
    return range.Clamp(q + zero);
  }
  std::int32_t Apply(std::int64_t sum, std::size_t channel) const {  // of 16-bit activations
    return range.Clamp(std::int64_t{MultiplyByQuantizedMultiplier(sum, factor(channel))} + zero);
  }
};

// The bias of output channels, widened; zeros when there is none.
Result<std::vector<std::int64_t>> BiasOf(const KernelContext& context, int operand,
                                         std::int64_t channels);

// Calls f(TypeTag<T>()) for int8 or int16.
template <class F>
Status VisitQuantized(const KernelContext& context, ir::DType dtype, F&& f) {
  if (dtype == ir::DType::kI8) return f(TypeTag<std::int8_t>());
  if (dtype == ir::DType::kI16) return f(TypeTag<std::int16_t>());
  return NoQuantizedKernel(context);
}

// --- The kernels; each refuses operands that it has no arithmetic for. ---
Status RunQuantizedConv2d(const KernelContext& context);
Status RunQuantizedDepthwise(const KernelContext& context);
Status RunQuantizedTransposeConv(const KernelContext& context);
Status RunQuantizedFullyConnected(const KernelContext& context);
// Operands whose last two axes are rows and the summed one.
Status RunQuantizedBatchMatmul(const KernelContext& context, const Tensor& x, const Tensor& y);
Status RunQuantizedBinary(const KernelContext& context);  // ADD, SUB, MUL, PRELU, ...
Status RunQuantizedUnary(const KernelContext& context);   // by lookup or by rescaling
Status RunQuantizedPool(const KernelContext& context);
Status RunQuantizedReduction(const KernelContext& context, const Tensor& rows, std::int64_t length);
Status RunQuantizedSoftmax(const KernelContext& context);
Status RunQuantizedL2Normalization(const KernelContext& context);
Status RunQuantizedBilinear(const KernelContext& context);

}  // namespace smelt::interp
