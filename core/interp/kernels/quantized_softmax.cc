// SOFTMAX over the last axis of integers. int8 by fixed-point exponentials; int16 by tables of
// e^x and 1 / (1 + x).
#include <array>
#include <bit>
#include <cmath>

#include "core/interp/fixed_point_functions.h"
#include "core/interp/kernels/quantized.h"

namespace smelt::interp {
namespace {

constexpr int kIntegerBits = 5;  // of a distance to the row's largest

// The result's scale is 2^-8 with zero point -128: the runtime has no other.
Status SoftmaxInt8(const KernelContext& context, float scale, float beta) {
  constexpr int kSumBits = 12;  // integer bits of a sum of exponentials
  const double largest = std::numeric_limits<std::int32_t>::max();
  const double real = static_cast<double>(beta) * static_cast<double>(scale) * 0x1p26;
  const Multiplier factor = QuantizeMultiplier(std::min(real, largest));
  const double radius = std::floor(31.0 * 0x1p26 / std::ldexp(1.0, factor.shift));
  const auto least = -static_cast<std::int64_t>(std::min(radius, 1e9));
  const Tensor& input = context.input(0);
  const auto row = static_cast<std::size_t>(input.dim(input.rank() - 1));
  const std::span<const std::int8_t> from = input.values<std::int8_t>();
  const std::span<std::int8_t> to = context.result().mutable_values<std::int8_t>();
  std::vector<std::int32_t> powers(row);
  for (std::size_t begin = 0; begin + row <= from.size() && row > 0; begin += row) {
    const std::span<const std::int8_t> elements = from.subspan(begin, row);
    const std::int32_t top = *std::ranges::max_element(elements);
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < row; ++i) {
      const std::int32_t distance = elements[i] - top;
      powers[i] = -1;
      if (distance < least) continue;
      powers[i] = ExpOfNegative(MultiplyByQuantizedMultiplier(distance, factor));
      sum += RoundingDivideByPot(powers[i], kSumBits);
    }
    // More than 4096 largest elements: the runtime's sum wraps.
    sum = std::min<std::int64_t>(sum, std::numeric_limits<std::int32_t>::max());
    const Reciprocal inverse = ReciprocalOf(static_cast<std::int32_t>(sum), kSumBits);
    for (std::size_t i = 0; i < row; ++i) {
      std::int32_t q = -128;
      if (powers[i] >= 0) {
        const std::int32_t share = SaturatingRoundingDoublingHighMul(inverse.value, powers[i]);
        q += RoundingDivideByPot(share, std::min(inverse.bits_over_unit + 31 - 8, 31));
      }
      to[begin + i] = static_cast<std::int8_t>(std::clamp(q, -128, 127));
    }
  }
  return {};
}

// f over [low, high] in 512 steps of the 16-bit range, as 16-bit results over [from, to]: entries
// are shifted so that the error of linear interpolation is halved.
template <class F>
std::array<std::int16_t, 513> TableOf(F f, double low, double high, double from, double to) {
  std::array<std::int16_t, 513> table{};
  const double step = (high - low) / 512;
  const double scale = 65536 / (to - from);
  const auto clamp = [](double x) {
    return static_cast<std::int16_t>(std::clamp(x, -32768.0, 32767.0));
  };
  for (int i = 0; i < 512; ++i) {
    const double x = low + i * step;
    const double sample = std::round(f(x) * scale);
    const double middle = std::round(f(x + step / 2) * scale);
    const double straight = std::round((f(x + step) * scale + sample) / 2);
    table[static_cast<std::size_t>(i)] = clamp(sample - std::round((straight - middle) / 2));
  }
  table[512] = clamp(std::round(f(high) * scale));
  return table;
}

std::int16_t Between(const std::array<std::int16_t, 513>& table, std::int16_t x) {
  const auto at = static_cast<std::size_t>(256 + (x >> 7));
  const int rest = x & 0x7F;
  const int slope = table[at + 1] - table[at];
  return static_cast<std::int16_t>(table[at] + ((slope * rest + 64) >> 7));
}

Status SoftmaxInt16(const KernelContext& context, float scale, float beta) {
  static const auto kExp = TableOf([](double x) { return std::exp(x); }, -10.0, 0.0, -1.0, 1.0);
  static const auto kOneOver =
      TableOf([](double x) { return 1.0 / (1.0 + x); }, 0.0, 1.0, -1.0, 1.0);
  const double real = static_cast<double>(scale) * static_cast<double>(beta) / (10.0 / 65535.0);
  const Multiplier factor = QuantizeMultiplier(real);
  const Tensor& input = context.input(0);
  const auto row = static_cast<std::size_t>(input.dim(input.rank() - 1));
  const std::span<const std::int16_t> from = input.values<std::int16_t>();
  const std::span<std::int16_t> to = context.result().mutable_values<std::int16_t>();
  std::vector<std::int16_t> powers(row);
  for (std::size_t begin = 0; begin + row <= from.size() && row > 0; begin += row) {
    const std::span<const std::int16_t> elements = from.subspan(begin, row);
    const std::int32_t top = *std::ranges::max_element(elements);
    std::uint32_t sum = 0;  // Q16.15
    for (std::size_t i = 0; i < row; ++i) {
      const std::int32_t scaled = MultiplyByQuantizedMultiplier(elements[i] - top, factor);
      const std::int32_t centred = static_cast<std::int32_t>(
          std::clamp<std::int64_t>(std::int64_t{scaled} + 32767, -32768, 32767));
      powers[i] = Between(kExp, static_cast<std::int16_t>(centred));
      sum += static_cast<std::uint32_t>(std::int32_t{powers[i]});
    }
    const int headroom = std::countl_zero(sum);
    const std::uint32_t scaled_sum =
        ((sum << std::max(headroom - 1, 0)) + (std::uint32_t{1} << 13)) >> 14;
    const std::int64_t place = std::int64_t{scaled_sum} - ((1 << 15) + (1 << 16));
    const std::int16_t inverse = Between(
        kOneOver, static_cast<std::int16_t>(std::clamp<std::int64_t>(place, -32768, 32767)));
    for (std::size_t i = 0; i < row; ++i) {
      const int right = std::max(31 - headroom, 0);
      const std::int64_t product = std::int64_t{powers[i]} * inverse;
      const std::int64_t half = right > 0 ? std::int64_t{1} << (right - 1) : 0;
      to[begin + i] =
          static_cast<std::int16_t>(std::clamp<std::int64_t>((product + half) >> right, 0, 32767));
    }
  }
  return {};
}

}  // namespace

Status RunQuantizedSoftmax(const KernelContext& context) {
  const Tensor& input = context.input(0);
  const Tensor& result = context.result();
  if (context.kind != ir::OpKind::kSoftmax || input.dtype() != result.dtype()) {
    return NoQuantizedKernel(context);
  }
  SMELT_ASSIGN_OR_RETURN(const Affine x, AffineOf(context, input));
  SMELT_ASSIGN_OR_RETURN(const Affine y, AffineOf(context, result));
  const auto beta = static_cast<float>(context.attrs.Float("beta"));
  if (input.dtype() == ir::DType::kI8 && y.zero == -128 && y.scale == 1.0F / 256) {
    return SoftmaxInt8(context, x.scale, beta);
  }
  if (input.dtype() == ir::DType::kI16 && y.scale == 1.0F / 32768) {
    return SoftmaxInt16(context, x.scale, beta);
  }
  return NoQuantizedKernel(context);
}

}  // namespace smelt::interp
