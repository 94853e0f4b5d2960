#include "core/interp/fixed_point_functions.h"

#include <bit>
#include <limits>

namespace smelt::interp {
namespace {

constexpr std::int32_t kOne = std::numeric_limits<std::int32_t>::max();  // Q0

std::int32_t Mul(std::int32_t a, std::int32_t b) { return SaturatingRoundingDoublingHighMul(a, b); }

// e^x of x in [-1/4, 0), both Q0: a Taylor series of order 4 around -1/8.
std::int32_t ExpOnQuarter(std::int32_t x) {
  constexpr std::int32_t kExpOfEighth = 1895147668;  // e^(-1/8)
  constexpr std::int32_t kThird = 715827883;         // 1/3
  const std::int32_t t = x + (1 << 28);
  const std::int32_t t2 = Mul(t, t);
  const std::int32_t t3 = Mul(t2, t);
  const std::int32_t t4 = Mul(t2, t2);
  const std::int32_t rest =
      RoundingDivideByPot(Mul(RoundingDivideByPot(t4, 2) + t3, kThird) + t2, 1);
  return kExpOfEighth + Mul(kExpOfEighth, t + rest);
}

// 1 / (1 + x) of x in [0, 1), both Q0: three of Newton's steps.
std::int32_t OneOverOnePlus(std::int32_t x) {
  constexpr std::int32_t k48Over17 = 1515870810;      // Q2
  constexpr std::int32_t kNeg32Over17 = -1010580540;  // Q2
  constexpr std::int32_t kOneQ2 = 1 << 29;
  const std::int64_t sum = std::int64_t{x} + kOne;
  const auto half = static_cast<std::int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
  std::int32_t y = k48Over17 + Mul(half, kNeg32Over17);
  for (int i = 0; i < 3; ++i) {
    const std::int32_t error = kOneQ2 - Mul(half, y);
    y += SaturatingLeftShift(Mul(y, error), 2);
  }
  return SaturatingLeftShift(y, 1);
}

}  // namespace

std::int32_t ExpOfNegative(std::int32_t x) {
  constexpr int kFractionBits = 26;
  constexpr std::int32_t kQuarter = 1 << (kFractionBits - 2);
  // e^-(2^exponent), exponent -2 and up.
  constexpr std::int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308,
                                       39332535,   720401,     242};
  if (x >= 0) return kOne;
  const std::int32_t modulo = (x & (kQuarter - 1)) - kQuarter;
  std::int32_t result = ExpOnQuarter(SaturatingLeftShift(modulo, 5));
  const std::int32_t rest = modulo - x;
  int bit = kFractionBits - 2;
  for (const std::int32_t factor : kFactors) {
    if (bit >= 31) break;
    if ((rest >> bit & 1) != 0) result = Mul(result, factor);
    ++bit;
  }
  return result;
}

Reciprocal ReciprocalOf(std::int32_t x, int digits) {
  const int headroom = std::countl_zero(static_cast<std::uint32_t>(x));
  const auto scaled = static_cast<std::uint32_t>(x) << headroom;
  const auto above_one = static_cast<std::int32_t>(scaled - (std::uint32_t{1} << 31));
  return {OneOverOnePlus(above_one), digits - headroom};
}

Multiplier InverseSqrt(std::int32_t x) {
  if (x <= 1) return {kOne, 0};
  int shift = 11;
  while (x >= (1 << 29)) {
    x /= 4;
    ++shift;
  }
  const int pairs = (std::countl_zero(static_cast<std::uint32_t>(x)) - 1) / 2 - 1;
  shift -= pairs;
  x <<= 2 * pairs;
  // Newton's steps for 1 / sqrt in Q3.
  constexpr std::int32_t kThreeHalves = (1 << 28) + (1 << 27);
  constexpr std::int32_t kHalfSqrt2 = 1518500250;  // Q0
  const std::int32_t half = RoundingDivideByPot(x >> 1, 1);
  std::int32_t y = 1 << 28;
  for (int i = 0; i < 5; ++i) {
    // Q9 back to Q3.
    const std::int32_t cube = SaturatingLeftShift(Mul(Mul(y, y), y), 6);
    const std::int32_t step = Mul(kThreeHalves, y);  // Q6
    const std::int32_t back = Mul(half, cube);       // Q6
    y = SaturatingLeftShift(step - back, 3);
  }
  y = Mul(y, kHalfSqrt2);
  if (shift < 0) {
    y = SaturatingLeftShift(y, -shift);
    shift = 0;
  }
  return {y, -shift};
}

}  // namespace smelt::interp
