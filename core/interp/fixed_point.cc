#include "core/interp/fixed_point.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace smelt::interp {
namespace {

constexpr std::int32_t kLargest = std::numeric_limits<std::int32_t>::max();

std::int32_t Wrap(std::uint64_t bits) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
}

template <class T>
T ShiftLeft(T x, int exponent) {
  const std::int64_t shifted = std::int64_t{x} * (std::int64_t{1} << exponent);
  return static_cast<T>(std::clamp<std::int64_t>(shifted, std::numeric_limits<T>::min(),
                                                 std::numeric_limits<T>::max()));
}

}  // namespace

std::int32_t SaturatingRoundingDoublingHighMul(std::int32_t a, std::int32_t b) {
  if (a == b && a == std::numeric_limits<std::int32_t>::min()) return kLargest;
  const std::int64_t product = std::int64_t{a} * b;
  return static_cast<std::int32_t>((product + (std::int64_t{1} << 30)) >> 31);
}

std::int16_t SaturatingRoundingDoublingHighMul(std::int16_t a, std::int16_t b) {
  if (a == b && a == std::numeric_limits<std::int16_t>::min()) {
    return std::numeric_limits<std::int16_t>::max();
  }
  const std::int32_t product = std::int32_t{a} * b;
  return static_cast<std::int16_t>((product + (1 << 14)) >> 15);
}

std::int32_t RoundingDivideByPot(std::int32_t x, int exponent) {
  const auto mask = static_cast<std::int32_t>((std::int64_t{1} << exponent) - 1);
  const std::int32_t remainder = x & mask;
  const std::int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

std::int32_t SaturatingLeftShift(std::int32_t x, int exponent) { return ShiftLeft(x, exponent); }
std::int16_t SaturatingLeftShift(std::int16_t x, int exponent) { return ShiftLeft(x, exponent); }

Multiplier QuantizeMultiplier(double factor) {
  if (factor == 0 || !std::isfinite(factor)) return {};
  Multiplier made;
  const double significand = std::frexp(factor, &made.shift);
  auto value = static_cast<std::int64_t>(std::round(significand * 0x1p31));
  if (value == (std::int64_t{1} << 31)) {
    value /= 2;
    ++made.shift;
  }
  if (made.shift < -31) return {};
  if (made.shift > 30) return {value < 0 ? -kLargest : kLargest, 30};
  made.value = static_cast<std::int32_t>(value);
  return made;
}

std::int32_t MultiplyByQuantizedMultiplier(std::int32_t x, Multiplier factor, Rounding rounding) {
  if (rounding == Rounding::kSingle) {
    const int right = 31 - factor.shift;
    if (right > 62) return 0;  // nothing is left
    const std::int64_t product = std::int64_t{x} * factor.value;
    return Wrap(static_cast<std::uint64_t>((product + (std::int64_t{1} << (right - 1))) >> right));
  }
  const int left = std::max(factor.shift, 0);
  const int right = std::max(-factor.shift, 0);
  if (right > 31) return 0;
  const std::int32_t shifted = Wrap(static_cast<std::uint64_t>(std::int64_t{x}) << left);
  return RoundingDivideByPot(SaturatingRoundingDoublingHighMul(shifted, factor.value), right);
}

std::int32_t MultiplyByQuantizedMultiplier(std::int64_t x, Multiplier factor) {
  const int right = 15 - factor.shift;
  if (right <= 0 || right > 62) return 0;  // a factor of 2^15 and more: no model has one
  const std::int32_t reduced =
      factor.value < 0x7FFF0000 ? (factor.value + (1 << 15)) >> 16 : 0x7FFF;
  const std::uint64_t product = static_cast<std::uint64_t>(x) * static_cast<std::uint64_t>(reduced);
  const auto rounded = static_cast<std::int64_t>(product + (std::uint64_t{1} << (right - 1)));
  return Wrap(static_cast<std::uint64_t>(rounded >> right));
}

}  // namespace smelt::interp
