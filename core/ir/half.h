// f16 and bf16 values: 16 stored bits, conversions by hand, rounding to nearest, ties to even.
// Plain value types; the arithmetic on them is done in float or double by whoever needs it.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace smelt::ir {

// `value` rounded to float so that a second rounding to a shorter format is right: towards zero
// with the last bit set when inexact ("round to odd").
inline float RoundToOdd(double value) {
  const float nearest = static_cast<float>(value);
  const double back = nearest;
  if (back == value || std::isnan(value)) return nearest;
  auto bits = std::bit_cast<std::uint32_t>(nearest);
  if (std::isinf(nearest) || std::fabs(back) > std::fabs(value)) --bits;  // one step to zero
  return std::bit_cast<float>(bits | 1U);
}

// Bits of `value` in IEEE 754 binary16. NaN stays a quiet NaN; too large becomes infinity.
inline std::uint16_t HalfBits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) {
    return static_cast<std::uint16_t>(sign | 0x7E00U | ((magnitude >> 13) & 0x1FFU));
  }
  if (magnitude >= 0x47800000U) return static_cast<std::uint16_t>(sign | 0x7C00U);  // >= 65536
  if (magnitude >= 0x38800000U) {                                                   // normal
    const std::uint32_t odd = (magnitude >> 13) & 1U;
    return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000U + 0xFFFU + odd) >> 13));
  }
  if (magnitude < 0x33000000U) return static_cast<std::uint16_t>(sign);  // below half of 2^-24
  // Subnormal: the mantissa with its hidden bit, shifted to units of 2^-24.
  const std::uint32_t shift = 126U - (magnitude >> 23);
  const std::uint32_t mantissa = (magnitude & 0x7FFFFFU) | 0x800000U;
  const std::uint32_t rest = mantissa & ((1U << shift) - 1U);
  const std::uint32_t half = 1U << (shift - 1U);
  std::uint32_t result = mantissa >> shift;
  if (rest > half || (rest == half && (result & 1U) != 0)) ++result;
  return static_cast<std::uint16_t>(sign | result);
}

inline float HalfToFloat(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU;
  const std::uint32_t mantissa = half & 0x3FFU;
  if (exponent == 0) {  // zero and subnormal: exact in float
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  if (exponent == 0x1FU) return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13));
  return std::bit_cast<float>(sign | ((exponent + 112U) << 23) | (mantissa << 13));
}

// Bits of `value` in bfloat16: the upper half of a float.
inline std::uint16_t BFloat16Bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

inline float BFloat16ToFloat(std::uint16_t value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

struct Half {
  std::uint16_t bits = 0;
  static Half From(float value) { return {HalfBits(value)}; }
  static Half From(double value) { return {HalfBits(RoundToOdd(value))}; }
  explicit operator float() const { return HalfToFloat(bits); }
  explicit operator double() const { return static_cast<double>(HalfToFloat(bits)); }
};

struct BFloat16 {
  std::uint16_t bits = 0;
  static BFloat16 From(float value) { return {BFloat16Bits(value)}; }
  static BFloat16 From(double value) { return {BFloat16Bits(RoundToOdd(value))}; }
  explicit operator float() const { return BFloat16ToFloat(bits); }
  explicit operator double() const { return static_cast<double>(BFloat16ToFloat(bits)); }
};

}  // namespace smelt::ir
