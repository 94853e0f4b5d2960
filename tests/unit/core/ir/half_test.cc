#include "core/ir/half.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace smelt::ir {
namespace {

// Nearest half by search: of the two neighbours the nearer, of two equally near the even one.
std::uint16_t NearestHalfBySearch(double value) {
  std::uint16_t best = 0;
  double best_distance = HUGE_VAL;
  for (std::uint32_t bits = 0; bits <= 0x7C00; ++bits) {
    // Infinity stands at the next step, 65536, for rounding.
    const double half = bits == 0x7C00
                            ? 65536.0
                            : static_cast<double>(HalfToFloat(static_cast<std::uint16_t>(bits)));
    const double distance = std::fabs(half - std::fabs(value));
    if (distance < best_distance || (distance == best_distance && (bits & 1U) == 0)) {
      best = static_cast<std::uint16_t>(bits);
      best_distance = distance;
    }
  }
  return std::signbit(value) ? static_cast<std::uint16_t>(best | 0x8000U) : best;
}

TEST(Half, EveryHalfSurvivesTheWayThroughFloat) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = HalfToFloat(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(HalfToFloat(HalfBits(value))));
    } else {
      EXPECT_EQ(HalfBits(value), half);
    }
  }
}

TEST(Half, RoundsToNearestEven) {
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {
    const int exponent = static_cast<int>(random() % 46) - 28;
    const double value =
        std::ldexp(1.0 + std::ldexp(static_cast<double>(random()), -32), exponent) *
        (random() % 2 == 0 ? 1 : -1);
    const auto single = static_cast<float>(value);
    EXPECT_EQ(HalfBits(single), NearestHalfBySearch(static_cast<double>(single))) << value;
    EXPECT_EQ(Half::From(value).bits, NearestHalfBySearch(value)) << value;
  }
  EXPECT_EQ(HalfBits(65519.0F), 0x7BFF);
  EXPECT_EQ(HalfBits(65520.0F), 0x7C00);  // halfway to 65536: to even, infinity
  EXPECT_EQ(HalfBits(0x1p-25F), 0x0000);  // halfway to the smallest: to even, zero
  EXPECT_EQ(HalfBits(0x1.8p-25F), 0x0001);
  EXPECT_EQ(HalfBits(-0.0F), 0x8000);
}

TEST(Half, DoublesAreRoundedOnce) {
  // Just above halfway between two halves: through float it would become halfway and go to even.
  const double above = 1.0 + 0x1p-11 + 0x1p-40;
  EXPECT_EQ(HalfBits(static_cast<float>(above)), 0x3C00);
  EXPECT_EQ(Half::From(above).bits, 0x3C01);
  EXPECT_EQ(Half::From(1e300).bits, 0x7C00);
  EXPECT_EQ(Half::From(-1e-300).bits, 0x8000);
}

TEST(BFloat16, RoundsToNearestEven) {
  EXPECT_EQ(BFloat16Bits(1.0F), 0x3F80);
  EXPECT_EQ(BFloat16Bits(1.0F + 0x1p-8F), 0x3F80);            // halfway: even
  EXPECT_EQ(BFloat16Bits(1.0F + 0x1p-7F + 0x1p-8F), 0x3F82);  // halfway: even
  EXPECT_EQ(BFloat16::From(1.0 + 0x1p-8 + 0x1p-50).bits, 0x3F81);
  EXPECT_EQ(BFloat16Bits(std::numeric_limits<float>::infinity()), 0x7F80);
  EXPECT_EQ(BFloat16Bits(std::numeric_limits<float>::max()), 0x7F80);
  EXPECT_TRUE(std::isnan(BFloat16ToFloat(BFloat16Bits(std::numeric_limits<float>::quiet_NaN()))));
}

}  // namespace
}  // namespace smelt::ir
