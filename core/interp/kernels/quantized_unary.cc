// Operators of one operand that rescale integers: the RELU family, LEAKY_RELU, HARD_SWISH, ABS,
// SQRT, RSQRT.
// Those of a table: quantized_lookup.cc.
#include <array>
#include <cmath>
#include <cstdlib>
#include <string>

#include "core/interp/fixed_point_functions.h"
#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/quantized_lookup.h"
#include "core/ir/op_table.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

constexpr float kNone = std::numeric_limits<float>::infinity();

struct Bounds {
  ir::OpKind kind;
  float low, high;
};
constexpr Bounds kBounds[] = {
    {kRelu, 0, kNone}, {kReluN1To1, -1, 1}, {kRelu6, 0, 6}, {kRelu0To1, 0, 1}};

struct Ends {
  Affine x, y;
  double Ratio() const { return static_cast<double>(x.scale / y.scale); }
};

template <class T, class F>
void Map(const KernelContext& context, F f) {
  const std::span<const T> from = context.input(0).values<T>();
  const std::span<T> to = context.result().mutable_values<T>();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<T>(f(std::int32_t{from[i]}));
}

template <class T>
void Relu(const KernelContext& context, const Ends& ends, const Bounds& bounds) {
  const Requantization output{{QuantizeMultiplier(ends.Ratio())},
                              ends.y.zero,
                              RangeOf(context.result(), ends.y, bounds.low, bounds.high)};
  Map<T>(context, [&](std::int32_t q) { return output.Apply(q - ends.x.zero, 0); });
}

template <class T>
void LeakyRelu(const KernelContext& context, const Ends& ends) {
  const auto alpha = static_cast<float>(context.attrs.Float("alpha"));
  const float slope = ends.x.scale * alpha / ends.y.scale;
  const Requantization output{
      {QuantizeMultiplier(ends.Ratio()), QuantizeMultiplier(static_cast<double>(slope))},
      ends.y.zero,
      RangeOf(context.result(), ends.y, -kNone, kNone)};
  Map<T>(context, [&](std::int32_t q) {
    const std::int32_t centred = q - ends.x.zero;
    return output.Apply(centred, centred >= 0 ? 0 : 1);
  });
}

template <class T>
void Abs(const KernelContext& context, const Ends& ends) {
  const bool same = ends.x.scale == ends.y.scale;
  const Multiplier factor = QuantizeMultiplier(ends.Ratio());
  const QuantizedRange range = RangeOf(context.result(), ends.y, -kNone, kNone);
  Map<T>(context, [&](std::int32_t q) {
    const std::int32_t magnitude = std::abs(q - ends.x.zero);
    const std::int64_t scaled = same ? magnitude : MultiplyByQuantizedMultiplier(magnitude, factor);
    return range.Clamp(scaled + ends.y.zero);
  });
}

Status Negative(const KernelContext& context) {
  return {Reason::kValueOutOfRange,
          std::string(ir::GetOpInfo(context.kind).name) + " of a negative number"};
}

// The root in float32, cut off where it lies between two integers.
template <class T>
Status Sqrt(const KernelContext& context, const Ends& ends) {
  const QuantizedRange range = RangeOf(context.result(), ends.y, -kNone, kNone);
  bool negative = false;
  Map<T>(context, [&](std::int32_t q) {
    negative = negative || q < ends.x.zero;
    const float real = ends.x.scale * static_cast<float>(q - ends.x.zero);
    const float root = std::sqrt(std::max(real, 0.0F)) / ends.y.scale;
    return range.Clamp(static_cast<std::int64_t>(std::min(root, 1e9F)) + ends.y.zero);
  });
  return negative ? Negative(context) : Status::Ok();
}

// 1 / sqrt in fixed point; of 0 the largest.
template <class T>
Status Rsqrt(const KernelContext& context, const Ends& ends) {
  constexpr int kMoreBits = 20;
  const QuantizedRange range = RangeOf(context.result(), ends.y, -kNone, kNone);
  const float scale = 1.0F / (std::sqrt(ends.x.scale) * ends.y.scale);
  Multiplier factor = QuantizeMultiplier(static_cast<double>(scale));
  factor.shift -= kMoreBits;
  bool negative = false;
  Map<T>(context, [&](std::int32_t q) {
    const std::int32_t centred = q - ends.x.zero;
    negative = negative || centred < 0;
    if (centred <= 0) return range.high;
    Multiplier inverse = InverseSqrt(centred);
    inverse.shift += kMoreBits;
    const std::int32_t fine = MultiplyByQuantizedMultiplier(1, inverse);
    return range.Clamp(std::int64_t{MultiplyByQuantizedMultiplier(fine, factor)} + ends.y.zero);
  });
  return negative ? Negative(context) : Status::Ok();
}

// 16 bits of a factor's 31.
struct ShortMultiplier {
  std::int16_t value;
  int shift;
};
ShortMultiplier Shortened(double factor) {
  const Multiplier whole = QuantizeMultiplier(factor);
  const std::int32_t rounded = whole.value >= 0x7FFF0000 ? 0x7FFF : (whole.value + (1 << 15)) >> 16;
  return {static_cast<std::int16_t>(rounded), whole.shift};
}

// x * relu6(x + 3) / 6 in 16 bits.
Status HardSwish(const KernelContext& context, const Ends& ends) {
  const float fine = 1.0F / 128.0F * ends.x.scale;
  const ShortMultiplier to_result = Shortened(static_cast<double>(fine / ends.y.scale));
  const ShortMultiplier to_relu = Shortened(static_cast<double>(fine / (3.0F / 32768.0F)));
  if (to_result.shift > 0 || to_relu.shift > 16) return NoQuantizedKernel(context);
  const QuantizedRange range = RangeOf(context.result(), ends.y, -kNone, kNone);
  Map<std::int8_t>(context, [&](std::int32_t q) {
    const auto x = static_cast<std::int16_t>((q - ends.x.zero) * 128);
    const std::int16_t scaled = SaturatingRoundingDoublingHighMul(x, to_result.value);
    std::int16_t relu = x;  // of [-3, 3] in Q0
    if (to_relu.shift > 0) relu = SaturatingLeftShift(relu, to_relu.shift - 1);
    relu = SaturatingRoundingDoublingHighMul(relu, to_relu.value);
    if (to_relu.shift > 0) relu = SaturatingLeftShift(relu, 1);
    if (to_relu.shift < 0) {
      relu = static_cast<std::int16_t>(RoundingDivideByPot(relu, -to_relu.shift));
    }
    relu = static_cast<std::int16_t>((relu + (1 << 15)) >> 1);
    const std::int32_t product = std::int32_t{relu} * scaled / (1 << 15);  // truncated
    return range.Clamp(RoundingDivideByPot(product, -to_result.shift) + ends.y.zero);
  });
  return {};
}

}  // namespace

Status RunQuantizedUnary(const KernelContext& context) {
  const Tensor& input = context.input(0);
  const ir::DType dtype = context.result().dtype();
  if (input.dtype() != dtype) return NoQuantizedKernel(context);
  Ends ends;
  SMELT_ASSIGN_OR_RETURN(ends.x, AffineOf(context, input));
  SMELT_ASSIGN_OR_RETURN(ends.y, AffineOf(context, context.result()));
  const auto* bounds = std::ranges::find(kBounds, context.kind, &Bounds::kind);
  return VisitQuantized(context, dtype, [&](auto tag) -> Status {
    using T = typename decltype(tag)::type;
    constexpr bool kWide = sizeof(T) == 2;
    if (bounds != std::end(kBounds)) {
      Relu<T>(context, ends, *bounds);
    } else if (context.kind == kLeakyRelu) {
      LeakyRelu<T>(context, ends);
    } else if (context.kind == kAbs) {
      Abs<T>(context, ends);
    } else if (context.kind == kSqrt) {
      return Sqrt<T>(context, ends);
    } else if (context.kind == kRsqrt) {
      return Rsqrt<T>(context, ends);
    } else if (context.kind == kHardSwish && !kWide) {
      return HardSwish(context, ends);
    } else {
      return RunLookup(context, ends.x, ends.y);
    }
    return {};
  });
}

}  // namespace smelt::interp
