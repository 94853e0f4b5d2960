// Errors of numbers, against values worked out by hand.
#include "core/report/error_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace smelt::report {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

ErrorMetrics Between(const std::vector<double>& reference, const std::vector<double>& actual) {
  ErrorSums sums;
  sums.Add(reference, actual);
  return sums.Metrics();
}

TEST(ErrorMetrics, OfTwoPairs) {
  const ErrorMetrics metrics = Between({3, 4}, {3, 5});
  EXPECT_EQ(metrics.elements, 2u);
  EXPECT_EQ(metrics.different, 1u);
  EXPECT_EQ(metrics.close, 1u);
  EXPECT_EQ(metrics.max_abs, 1);
  EXPECT_EQ(metrics.mean_abs, 0.5);
  EXPECT_DOUBLE_EQ(metrics.rmse, std::sqrt(0.5));
  EXPECT_DOUBLE_EQ(*metrics.cosine, 29 / (5 * std::sqrt(34.0)));
  EXPECT_DOUBLE_EQ(*metrics.sqnr_db, 10 * std::log10(25.0));
  EXPECT_EQ(metrics.reference_max_abs, 4);
  EXPECT_DOUBLE_EQ(metrics.reference_rms, std::sqrt(12.5));
}

TEST(ErrorMetrics, OfEqualNumbersHaveNoRatioOfNoise) {
  const ErrorMetrics metrics = Between({1, -2}, {1, -2});
  EXPECT_EQ(metrics.different, 0u);
  EXPECT_EQ(metrics.max_abs, 0);
  EXPECT_DOUBLE_EQ(*metrics.cosine, 1);
  EXPECT_FALSE(metrics.sqnr_db.has_value());
}

TEST(ErrorMetrics, AVectorOfZerosHasNoDirection) {
  const ErrorMetrics metrics = Between({0, 0}, {0, 1e-6});
  EXPECT_FALSE(metrics.cosine.has_value());
  EXPECT_FALSE(metrics.sqnr_db.has_value());
  EXPECT_EQ(metrics.max_abs, 1e-6);
  EXPECT_EQ(metrics.close, 2u);
}

TEST(ErrorMetrics, AScaledVectorHasTheSameDirection) {
  const ErrorMetrics metrics = Between({1, 2, 3}, {2, 4, 6});
  EXPECT_DOUBLE_EQ(*metrics.cosine, 1);
  EXPECT_DOUBLE_EQ(*metrics.sqnr_db, 0);
}

TEST(ErrorMetrics, WhatIsNotFiniteIsCountedApart) {
  const ErrorMetrics metrics =
      Between({kNan, kInfinity, -kInfinity, kNan, 2}, {kNan, kInfinity, kInfinity, 0, 2});
  EXPECT_EQ(metrics.elements, 5u);
  EXPECT_EQ(metrics.different, 2u);
  EXPECT_EQ(metrics.non_finite_mismatches, 2u);
  EXPECT_EQ(metrics.close, 3u);
  EXPECT_EQ(metrics.max_abs, 0);
  EXPECT_EQ(metrics.reference_rms, 2);
}

TEST(ErrorMetrics, OfNothingAreZero) {
  const ErrorMetrics metrics = Between({}, {});
  EXPECT_EQ(metrics.elements, 0u);
  EXPECT_EQ(metrics.rmse, 0);
  EXPECT_FALSE(metrics.cosine.has_value());
}

TEST(ErrorMetrics, DoNotDependOnTheBlocks) {
  ErrorSums sums;
  sums.Add(std::vector<double>{3}, std::vector<double>{3});
  EXPECT_TRUE(sums.is_uniform());
  sums.Add(std::vector<double>{4}, std::vector<double>{5});
  EXPECT_FALSE(sums.is_uniform());
  EXPECT_DOUBLE_EQ(sums.Metrics().rmse, Between({3, 4}, {3, 5}).rmse);
  EXPECT_FALSE(ErrorSums().is_uniform());
}

TEST(ErrorSeries, TellsTheWorstAndTheAverage) {
  ErrorSeries series;
  series.Add(Between({3, 4}, {3, 5}));
  series.Add(Between({1, -2}, {1, -2}));
  EXPECT_EQ(series.samples(), 2u);
  EXPECT_EQ(series.worst().max_abs, 1);
  EXPECT_EQ(series.worst().reference_max_abs, 4);
  EXPECT_EQ(series.worst().close, 1u);
  EXPECT_DOUBLE_EQ(*series.worst().cosine, 29 / (5 * std::sqrt(34.0)));
  const ErrorMetrics average = series.average();
  EXPECT_EQ(average.elements, 4u);  // of both samples
  EXPECT_EQ(average.max_abs, 0.5);
  EXPECT_DOUBLE_EQ(*average.cosine, (1 + 29 / (5 * std::sqrt(34.0))) / 2);
  // Only one sample has a ratio.
  EXPECT_DOUBLE_EQ(*average.sqnr_db, 10 * std::log10(25.0));
}

}  // namespace
}  // namespace smelt::report
