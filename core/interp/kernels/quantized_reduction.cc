// MEAN, SUM, REDUCE_MAX, REDUCE_MIN on integers. SUM is that of the optimized kernels, which round
// once: the reference kernel's wraps, or reads memory that nobody has written.
#include <bit>

#include "core/interp/kernels/quantized.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

// factor / count, with as many bits as the factor's 32 leave.
Multiplier Divided(Multiplier factor, std::int64_t count) {
  const int spare = 63 - std::countl_zero(static_cast<std::uint64_t>(count));
  const int shift = std::min({spare, 32, 31 + factor.shift});
  if (shift < 0) return {};
  return {static_cast<std::int32_t>((std::int64_t{factor.value} << shift) / count),
          factor.shift - shift};
}

template <class T>
void Fold(const KernelContext& context, const Tensor& rows, std::int64_t length, Affine x,
          const Requantization& output) {
  const T* from = rows.values<T>().data();
  for (T& to : context.result().mutable_values<T>()) {
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < length; ++i) sum += *from++;
    const auto centred = static_cast<std::int32_t>(
        static_cast<std::uint32_t>(static_cast<std::uint64_t>(sum - length * x.zero)));
    to = static_cast<T>(output.Apply(centred, 0));
  }
}

template <class T>
void Extreme(const KernelContext& context, const Tensor& rows, std::int64_t length) {
  const bool largest = context.kind == kReduceMax;
  const T* from = rows.values<T>().data();
  for (T& to : context.result().mutable_values<T>()) {
    T found = largest ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
    for (std::int64_t i = 0; i < length; ++i, ++from) {
      found = largest ? std::max(found, *from) : std::min(found, *from);
    }
    to = found;
  }
}

}  // namespace

Status RunQuantizedReduction(const KernelContext& context, const Tensor& rows,
                             std::int64_t length) {
  const Tensor& input = context.input(0);
  const Tensor& result = context.result();
  if (input.dtype() != result.dtype()) return NoQuantizedKernel(context);
  SMELT_ASSIGN_OR_RETURN(const Affine x, AffineOf(context, input));
  SMELT_ASSIGN_OR_RETURN(const Affine y, AffineOf(context, result));
  const bool extreme = context.kind == kReduceMax || context.kind == kReduceMin;
  const bool known = extreme ? input.quant() == result.quant()
                             : (context.kind == kMean || context.kind == kSum) && length > 0;
  if (!known) return NoQuantizedKernel(context);
  const Multiplier whole =
      QuantizeMultiplier(static_cast<double>(x.scale) / static_cast<double>(y.scale));
  const Requantization output{{context.kind == kMean ? Divided(whole, length) : whole},
                              y.zero,
                              RangeOf(result, y, -std::numeric_limits<float>::infinity(),
                                      std::numeric_limits<float>::infinity()),
                              context.kind == kSum ? Rounding::kSingle : Rounding::kDouble};
  return VisitQuantized(context, result.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (extreme) {
      Extreme<T>(context, rows, length);
    } else {
      Fold<T>(context, rows, length, x, output);
    }
    return Status::Ok();
  });
}

}  // namespace smelt::interp
