// ADD, SUB, MUL, DIV, SQUARED_DIFFERENCE, PRELU on integers, with broadcasting.
#include <bit>

#include "core/interp/fixed_point_functions.h"
#include "core/interp/kernels/binary.h"
#include "core/interp/kernels/quantized.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

struct Sides {
  Affine a, b, result;
};

double Real(float scale) { return static_cast<double>(scale); }

// Both operands in steps of one scale, with `left_shift` more bits.
struct CommonScale {
  Sides sides;
  int left_shift;
  Multiplier a, b;
  std::int32_t OfA(std::int32_t q) const { return Scaled(q - sides.a.zero, a); }
  std::int32_t OfB(std::int32_t q) const { return Scaled(q - sides.b.zero, b); }

 private:
  std::int32_t Scaled(std::int32_t centred, Multiplier factor) const {
    return MultiplyByQuantizedMultiplier(centred * (1 << left_shift), factor);
  }
};

CommonScale CommonScaleOf(const Sides& sides, int left_shift) {
  const double twice = Real(2 * std::max(sides.a.scale, sides.b.scale));
  return {sides, left_shift, QuantizeMultiplier(Real(sides.a.scale) / twice),
          QuantizeMultiplier(Real(sides.b.scale) / twice)};
}

template <class T>
Status AddOrSubtract(const KernelContext& context, const Sides& sides) {
  const int left_shift = sizeof(T) == 1 ? 20 : 15;
  const CommonScale common = CommonScaleOf(sides, left_shift);
  const double twice = Real(2 * std::max(sides.a.scale, sides.b.scale));
  const double factor = twice / Real(static_cast<float>(1 << left_shift) * sides.result.scale);
  if (context.kind == kAdd && factor >= 1) {  // preparing it aborts the runtime's process
    return {Reason::kRuntimeTypeUnsupported,
            "the scale of a quantized sum is too small beside its operands'"};
  }
  const Requantization output{
      {QuantizeMultiplier(factor)}, sides.result.zero, ActivationRange(context, sides.result)};
  const std::int32_t sign = context.kind == kSub ? -1 : 1;
  ApplyBinary<T, T>(
      context, [&](T a, T b) { return output.Apply(common.OfA(a) + sign * common.OfB(b), 0); });
  return {};
}

template <class T>
void Multiply(const KernelContext& context, const Sides& sides) {
  const float factor = sides.a.scale * sides.b.scale / sides.result.scale;
  const Requantization output{{QuantizeMultiplier(Real(factor))},
                              sides.result.zero,
                              ActivationRange(context, sides.result)};
  ApplyBinary<T, T>(
      context, [&](T a, T b) { return output.Apply((a - sides.a.zero) * (b - sides.b.zero), 0); });
}

template <class T>
void SquareDifferences(const KernelContext& context, const Sides& sides) {
  constexpr int kLeftShift = 7;
  const CommonScale common = CommonScaleOf(sides, kLeftShift);
  const double twice = Real(2 * std::max(sides.a.scale, sides.b.scale));
  const double factor =
      twice * twice / Real(static_cast<float>(1 << (2 * kLeftShift)) * sides.result.scale);
  const Requantization output{
      {QuantizeMultiplier(factor)}, sides.result.zero, ActivationRange(context, sides.result)};
  ApplyBinary<T, T>(context, [&](T a, T b) {
    const std::int32_t difference = common.OfA(a) - common.OfB(b);
    return output.Apply(difference * difference, 0);
  });
}

std::int32_t ShiftedLeft(std::int32_t x, int bits) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(x) << bits);
}

// By the divisor's reciprocal, with as many bits as the dividend leaves.
template <class T>
Status Divide(const KernelContext& context, const Sides& sides) {
  const std::span<const T> divisors = context.input(1).values<T>();
  if (std::ranges::any_of(divisors, [&](T q) { return q == sides.b.zero; })) {
    return {Reason::kValueOutOfRange, "a quantized number is divided by 0"};
  }
  const float scale = sides.a.scale / (sides.b.scale * sides.result.scale);
  const Multiplier factor = QuantizeMultiplier(Real(scale));
  const QuantizedRange range = ActivationRange(context, sides.result);
  ApplyBinary<T, T>(context, [&](T a, T b) {
    std::int32_t dividend = a - sides.a.zero;
    std::int32_t divisor = b - sides.b.zero;
    if (divisor < 0) {
      dividend = -dividend;
      divisor = -divisor;
    }
    const Reciprocal inverse = ReciprocalOf(divisor, 31);
    const auto bits = static_cast<std::uint32_t>(dividend < 0 ? ~dividend : dividend);
    const int headroom = std::countl_zero(bits) - 1;
    const std::int32_t quotient =
        SaturatingRoundingDoublingHighMul(ShiftedLeft(dividend, headroom), inverse.value);
    const int right = inverse.bits_over_unit + headroom - factor.shift;
    const std::int32_t product = SaturatingRoundingDoublingHighMul(quotient, factor.value);
    // Beyond 31 the runtime's shift is undefined (it gives one of the ends); the quotient is near
    // 0.
    const std::int32_t scaled = right > 31 ? 0 : RoundingDivideByPot(product, std::max(right, 0));
    return range.Clamp(std::int64_t{scaled} + sides.result.zero);
  });
  return {};
}

template <class T>
void Prelu(const KernelContext& context, const Sides& sides) {
  const float identity = sides.a.scale / sides.result.scale;
  const float slope = sides.a.scale * sides.b.scale / sides.result.scale;
  const Requantization output{{QuantizeMultiplier(Real(identity)), QuantizeMultiplier(Real(slope))},
                              sides.result.zero,
                              ActivationRange(context, sides.result)};
  ApplyBinary<T, T>(context, [&](T x, T alpha) {
    const std::int32_t centred = x - sides.a.zero;
    return centred >= 0 ? output.Apply(centred, 0)
                        : output.Apply(centred * (alpha - sides.b.zero), 1);
  });
}

}  // namespace

Status RunQuantizedBinary(const KernelContext& context) {
  const ir::DType dtype = context.result().dtype();
  for (const Tensor* input : context.inputs) {
    if (input->dtype() != dtype) return NoQuantizedKernel(context);
  }
  Sides sides;
  SMELT_ASSIGN_OR_RETURN(sides.a, AffineOf(context, context.input(0)));
  SMELT_ASSIGN_OR_RETURN(sides.b, AffineOf(context, context.input(1)));
  SMELT_ASSIGN_OR_RETURN(sides.result, AffineOf(context, context.result()));
  return VisitQuantized(context, dtype, [&](auto tag) -> Status {
    using T = typename decltype(tag)::type;
    constexpr bool kShort = sizeof(T) == 1;
    if (context.kind == kAdd || context.kind == kSub) {
      return AddOrSubtract<T>(context, sides);
    } else if (context.kind == kMul) {
      Multiply<T>(context, sides);
    } else if (context.kind == kDiv && kShort) {
      return Divide<T>(context, sides);
    } else if (context.kind == kPrelu && kShort) {  // LiteRT's of int16 misreads the slopes
      Prelu<T>(context, sides);
    } else if (context.kind == kSquaredDifference && kShort) {
      SquareDifferences<T>(context, sides);
    } else {
      return NoQuantizedKernel(context);
    }
    return {};
  });
}

}  // namespace smelt::interp
