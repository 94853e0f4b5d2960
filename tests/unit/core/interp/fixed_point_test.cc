#include "core/interp/fixed_point.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/interp/fixed_point_functions.h"

namespace smelt::interp {
namespace {

__extension__ typedef __int128 Wide;

constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t kLargest = std::numeric_limits<std::int32_t>::max();

// --- Models, in integers that hold every product. ---

Wide Power(int exponent) { return Wide{1} << exponent; }

Wide FloorDivide(Wide x, Wide y) {
  const Wide quotient = x / y;
  return x % y != 0 && (x < 0) != (y < 0) ? quotient - 1 : quotient;
}

// x / y to the nearest, halves up or away from zero.
Wide NearestHalvesUp(Wide x, Wide y) { return FloorDivide(2 * x + y, 2 * y); }
Wide NearestHalvesAway(Wide x, Wide y) {
  return x < 0 ? -FloorDivide(-2 * x + y, 2 * y) : FloorDivide(2 * x + y, 2 * y);
}

// Numbers of every size, ends and neighbours of powers of two among them.
class Draw {
 public:
  std::int32_t Int32() {
    const int bits = static_cast<int>(engine_() % 32);
    const auto value = static_cast<std::int32_t>(static_cast<std::uint32_t>(engine_()) >> bits);
    if (engine_() % 16 == 0) return engine_() % 2 == 0 ? kLeast : kLargest;
    return engine_() % 2 == 0 || value == kLeast ? value : -value;
  }
  std::int64_t Below(int bits) {
    const auto value =
        static_cast<std::int64_t>(engine_() >> (64 - bits + static_cast<int>(engine_() % 16)));
    return engine_() % 2 == 0 ? value : -value;
  }
  Multiplier Factor(int least, int largest) {
    const auto span = static_cast<std::uint64_t>(largest - least + 1);
    const auto value = static_cast<std::int32_t>((std::uint64_t{1} << 30) + engine_() % (1U << 30));
    return {value, least + static_cast<int>(engine_() % span)};
  }

 private:
  std::mt19937_64 engine_{20};
};

constexpr int kRounds = 200000;

TEST(FixedPoint, DoublingHighProductsAreRoundedUpAtHalves) {
  Draw draw;
  for (int i = 0; i < kRounds; ++i) {
    const std::int32_t a = draw.Int32();
    const std::int32_t b = draw.Int32();
    const Wide wanted =
        a == kLeast && b == kLeast ? Wide{kLargest} : NearestHalvesUp(Wide{a} * b, Power(31));
    ASSERT_EQ(SaturatingRoundingDoublingHighMul(a, b), static_cast<std::int64_t>(wanted))
        << a << " by " << b;
    const auto c = static_cast<std::int16_t>(a >> 16);
    const auto d = static_cast<std::int16_t>(b >> 16);
    const Wide wanted16 =
        c == -32768 && d == -32768 ? Wide{32767} : NearestHalvesUp(Wide{c} * d, Power(15));
    ASSERT_EQ(SaturatingRoundingDoublingHighMul(c, d), static_cast<std::int64_t>(wanted16));
  }
}

TEST(FixedPoint, DivisionsByPowersOfTwoRoundHalvesAway) {
  Draw draw;
  for (int i = 0; i < kRounds; ++i) {
    const std::int32_t x = draw.Int32();
    const int exponent = i % 32;
    ASSERT_EQ(RoundingDivideByPot(x, exponent),
              static_cast<std::int64_t>(NearestHalvesAway(x, Power(exponent))))
        << x << " / 2^" << exponent;
  }
}

TEST(FixedPoint, LeftShiftsSaturate) {
  EXPECT_EQ(SaturatingLeftShift(std::int32_t{3}, 4), 48);
  EXPECT_EQ(SaturatingLeftShift(std::int32_t{-3}, 30), kLeast);
  EXPECT_EQ(SaturatingLeftShift(kLargest, 31), kLargest);
  EXPECT_EQ(SaturatingLeftShift(std::int16_t{-5}, 3), -40);
  EXPECT_EQ(SaturatingLeftShift(std::int16_t{5}, 14), 32767);
}

TEST(FixedPoint, FactorsKeep31Bits) {
  EXPECT_EQ(QuantizeMultiplier(0), (Multiplier{0, 0}));
  EXPECT_EQ(QuantizeMultiplier(1), (Multiplier{1 << 30, 1}));
  EXPECT_EQ(QuantizeMultiplier(0.5), (Multiplier{1 << 30, 0}));
  EXPECT_EQ(QuantizeMultiplier(-0.75), (Multiplier{-3 * (1 << 29), 0}));
  EXPECT_EQ(QuantizeMultiplier(1 - 0x1p-40), (Multiplier{1 << 30, 1}));  // rounded to 1
  EXPECT_EQ(QuantizeMultiplier(0x1p-32), (Multiplier{1 << 30, -31}));
  EXPECT_EQ(QuantizeMultiplier(0x1p-33), (Multiplier{0, 0}));
  EXPECT_EQ(QuantizeMultiplier(0x1p40), (Multiplier{kLargest, 30}));
  EXPECT_EQ(QuantizeMultiplier(std::numeric_limits<double>::infinity()), (Multiplier{0, 0}));
  EXPECT_EQ(QuantizeMultiplier(std::numeric_limits<double>::quiet_NaN()), (Multiplier{0, 0}));
}

TEST(FixedPoint, AFactorIsWithinHalfAUnitOfItsNumber) {
  std::mt19937_64 engine(3);
  std::uniform_real_distribution<double> exponent(-31, 29);
  for (int i = 0; i < kRounds; ++i) {
    const double factor = std::exp2(exponent(engine));
    const Multiplier made = QuantizeMultiplier(factor);
    const double back = std::ldexp(static_cast<double>(made.value), made.shift - 31);
    ASSERT_LE(std::abs(back - factor), std::ldexp(0.5, made.shift - 31)) << factor;
  }
}

TEST(FixedPoint, DoubleRoundingIsTwoRoundings) {
  Draw draw;
  for (int i = 0; i < kRounds; ++i) {
    const std::int32_t x = draw.Int32();
    const Multiplier factor = draw.Factor(-31, 10);
    const int left = std::max(factor.shift, 0);
    const auto shifted = static_cast<std::int32_t>(static_cast<std::uint32_t>(
        static_cast<std::int64_t>(static_cast<std::uint64_t>(std::int64_t{x}) << left)));
    const Wide high = NearestHalvesUp(Wide{shifted} * factor.value, Power(31));
    const Wide wanted = NearestHalvesAway(high, Power(std::max(-factor.shift, 0)));
    ASSERT_EQ(MultiplyByQuantizedMultiplier(x, factor), static_cast<std::int64_t>(wanted))
        << x << " * " << factor.value << " shift " << factor.shift;
  }
}

TEST(FixedPoint, SingleRoundingIsTheNearest) {
  Draw draw;
  for (int i = 0; i < kRounds; ++i) {
    const std::int32_t x = draw.Int32();
    const Multiplier factor = draw.Factor(-31, 0);
    const Wide wanted = NearestHalvesUp(Wide{x} * factor.value, Power(31 - factor.shift));
    ASSERT_EQ(MultiplyByQuantizedMultiplier(x, factor, Rounding::kSingle),
              static_cast<std::int64_t>(wanted))
        << x << " * " << factor.value << " shift " << factor.shift;
    const std::int64_t twice = MultiplyByQuantizedMultiplier(x, factor);
    ASSERT_LE(std::abs(twice - static_cast<std::int64_t>(wanted)), 1);
  }
}

TEST(FixedPoint, WideAccumulatorsMeet15BitsOfTheFactor) {
  Draw draw;
  for (int i = 0; i < kRounds; ++i) {
    const std::int64_t x = draw.Below(47);
    const Multiplier factor = draw.Factor(-31, -17);
    const Wide reduced = std::min<Wide>(NearestHalvesUp(factor.value, Power(16)), 0x7FFF);
    const Wide wanted = NearestHalvesUp(x * reduced, Power(15 - factor.shift));
    ASSERT_EQ(MultiplyByQuantizedMultiplier(x, factor), static_cast<std::int64_t>(wanted))
        << x << " * " << factor.value << " shift " << factor.shift;
  }
}

TEST(FixedPoint, ShiftsBeyondEveryBitLeaveNothing) {
  const Multiplier tiny{kLargest, -63};
  EXPECT_EQ(MultiplyByQuantizedMultiplier(kLeast, tiny), 0);
  EXPECT_EQ(MultiplyByQuantizedMultiplier(kLeast, tiny, Rounding::kSingle), 0);
  EXPECT_EQ(MultiplyByQuantizedMultiplier(std::int64_t{kLeast}, tiny), 0);
  EXPECT_EQ(ExpOfNegative(5), kLargest);
}

TEST(FixedPoint, ExponentialsAreNear) {
  EXPECT_EQ(ExpOfNegative(0), kLargest);
  for (std::int64_t x = -1; x > kLeast; x -= 99991) {
    const double real = std::exp(std::ldexp(static_cast<double>(x), -26));
    ASSERT_NEAR(std::ldexp(ExpOfNegative(static_cast<std::int32_t>(x)), -31), real, 3e-7) << x;
  }
}

TEST(FixedPoint, ReciprocalsAreNear) {
  for (std::int64_t x = 1; x <= kLargest; x = x * 5 / 4 + 1) {
    const Reciprocal made = ReciprocalOf(static_cast<std::int32_t>(x), 12);
    const double back = std::ldexp(static_cast<double>(made.value), -31 - made.bits_over_unit);
    ASSERT_NEAR(back * std::ldexp(static_cast<double>(x), -19), 1, 1e-7) << x;
  }
}

TEST(FixedPoint, InverseSquareRootsAreNear) {
  EXPECT_EQ(InverseSqrt(1), (Multiplier{kLargest, 0}));
  for (std::int64_t x = 2; x <= kLargest; x = x * 5 / 4 + 1) {
    const Multiplier made = InverseSqrt(static_cast<std::int32_t>(x));
    const double back = std::ldexp(static_cast<double>(made.value), made.shift - 31);
    ASSERT_NEAR(back * std::sqrt(static_cast<double>(x)), 1, 1e-5) << x;
  }
}

}  // namespace
}  // namespace smelt::interp
