#include "core/calibrate/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "core/calibrate/statistics.h"

namespace smelt::calibrate {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TensorStatistics Of(std::span<const float> values) {
  TensorStatistics statistics;
  statistics.Add(values, true);
  return statistics;
}
TensorStatistics Of(const std::vector<float>& values) { return Of(std::span(values)); }

// The definition, element by element: bins of the least power of two that holds all magnitudes.
void ExpectCountsByDefinition(const std::vector<float>& values) {
  float largest = 0;
  bool negative = false;
  for (const float x : values) {
    largest = std::max(largest, std::abs(x));
    negative = negative || x < 0;
  }
  double bound = 0x1p-126;
  while (bound <= largest) bound *= 2;
  const double width = bound / (negative ? 1024 : 2048);
  std::vector<double> expected(Histogram::kBins, 0.0);
  for (const float x : values) {
    const double bin = std::floor(static_cast<double>(x) / width) + (negative ? 1024 : 0);
    ++expected[static_cast<std::size_t>(bin)];
  }
  const Histogram histogram = Of(values).histogram;
  EXPECT_EQ(histogram.width(), width);
  EXPECT_EQ(histogram.lower(0), negative ? -bound : 0);
  EXPECT_TRUE(std::ranges::equal(histogram.counts(), expected));
}

std::vector<float> Normal(std::size_t count, double mean, double deviation, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(mean, deviation);
  std::vector<float> values(count);
  for (float& x : values) x = static_cast<float>(normal(random));
  return values;
}

TEST(Histogram, CountsByItsDefinition) {
  ExpectCountsByDefinition(Normal(10'000, 0, 1));
  ExpectCountsByDefinition(Normal(10'000, 50, 0.1));   // all positive
  ExpectCountsByDefinition(Normal(10'000, -50, 0.1));  // all negative
  ExpectCountsByDefinition({0, -0.0F, 0});
  ExpectCountsByDefinition({4, 2, 1, 0.5F});  // powers of two: at the bounds of bins
  ExpectCountsByDefinition({-4, -2, 4});
  ExpectCountsByDefinition({1e-45F, -1e-45F, 1e-38F});  // below the least width
  ExpectCountsByDefinition({9.9e29F, -1, 1e-45F, -1e-45F});
}

// Widening by joining bins is the same as counting once in the wide ones, whatever came first.
TEST(Histogram, DependsOnTheNumbersAlone) {
  std::vector<float> values = Normal(3000, 0.2, 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = std::ldexp(values[i], static_cast<int>(i % 200) - 110);
  }
  values.push_back(-1e-45F);
  const Histogram whole = Of(values).histogram;
  std::mt19937 random(7);
  for (int round = 0; round < 5; ++round) {
    std::ranges::shuffle(values, random);
    TensorStatistics grown;
    std::vector<TensorStatistics> parts(4);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::span<const float> one(&values[i], 1);
      grown.Add(one, true);
      parts[random() % parts.size()].Add(one, true);
    }
    EXPECT_EQ(grown.histogram, whole);
    TensorStatistics merged;
    for (const TensorStatistics& part : parts) merged.Merge(part);
    EXPECT_EQ(merged.histogram, whole);
    EXPECT_EQ(merged.counts, grown.counts);
    EXPECT_EQ(merged.extremes, grown.extremes);
  }
}

TEST(Histogram, MergesWithEmptyOnes) {
  const Histogram some = Of({1, -2}).histogram;
  Histogram empty;
  empty.Merge(Histogram());
  EXPECT_TRUE(empty.counts().empty());
  Histogram merged = some;
  merged.Merge(empty);
  EXPECT_EQ(merged, some);
  empty.Merge(some);
  EXPECT_EQ(empty, some);
  merged.Clear();
  EXPECT_EQ(merged, Histogram());
}

TEST(TensorStatistics, LeavesOutMasksAndNan) {
  const float lowest = std::numeric_limits<float>::lowest();
  const TensorStatistics statistics =
      Of({kNan, -kInfinity, kInfinity, lowest, -1e30F, 1e30F, 3, 0, -0.0F, -5});
  EXPECT_EQ(statistics.counts, (ElementCounts{.measured = 4, .masked = 5, .nan = 1, .zero = 2}));
  EXPECT_EQ(statistics.extremes, (Range{-5, 3}));
  EXPECT_EQ(statistics.histogram, Of({3, 0, 0, -5}).histogram);
}

TEST(TensorStatistics, HasNoRangeWithoutNumbers) {
  EXPECT_EQ(Of(std::vector<float>()).extremes, std::nullopt);
  const TensorStatistics masked = Of({-kInfinity, kNan});
  EXPECT_EQ(masked.extremes, std::nullopt);
  EXPECT_EQ(masked.counts.all(), 2U);
  TensorStatistics merged = Of({1, 2});
  merged.Merge(masked);
  EXPECT_EQ(merged.extremes, (Range{1, 2}));
  EXPECT_EQ(merged.counts.masked, 1U);
}

TEST(TensorStatistics, ReadsConstants) {
  const std::vector<float> values = {-kInfinity, 0, 2.5F, -1};
  const auto constant = ir::Constant::FromValues<float>(ir::DType::kF32, {2, 2}, values);
  EXPECT_EQ(StatisticsOf(constant).extremes, (Range{-1, 2.5}));
  EXPECT_EQ(StatisticsOf(constant).counts.masked, 1U);
  EXPECT_EQ(StatisticsOf(constant.Cast(ir::DType::kF16)).extremes, (Range{-1, 2.5}));
  const float third = 0.75F;
  const auto splat =
      ir::Constant::Splat(ir::DType::kF32, {300, 200}, std::as_bytes(std::span(&third, 1)));
  EXPECT_EQ(StatisticsOf(splat).extremes, (Range{0.75, 0.75}));
  EXPECT_EQ(StatisticsOf(splat).counts.measured, 60'000U);
}

}  // namespace
}  // namespace smelt::calibrate
