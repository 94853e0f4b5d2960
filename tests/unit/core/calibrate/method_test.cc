#include "core/calibrate/method.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace smelt::calibrate {
namespace {

TensorStatistics Of(const std::vector<float>& values) {
  TensorStatistics statistics;
  statistics.Add(values, true);
  return statistics;
}

std::vector<float> Normal(std::size_t count, double mean, double deviation, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(mean, deviation);
  std::vector<float> values(count);
  for (float& x : values) x = static_cast<float>(normal(random));
  return values;
}

std::vector<float> Rectified(std::vector<float> values) {
  for (float& x : values) x = std::max(x, 0.0F);
  return values;
}

Range Choose(const std::vector<float>& values, const MethodOptions& options) {
  return ChooseRange(Of(values), options).value();
}

// numpy.percentile(values, percent), interpolated linearly.
double PercentileOf(std::vector<float> values, double percent) {
  std::ranges::sort(values);
  const double place = percent / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  const double share = place - static_cast<double>(below);
  return values[below] * (1 - share) + values[above] * share;
}

// The mean squared error of quantizing to `levels` values over a range that holds zero.
double ErrorOf(const std::vector<float>& values, const Range& range, int levels) {
  const double low = std::min(0.0, range.min);
  const double step = (std::max(0.0, range.max) - low) / (levels - 1);
  const double zero = std::round(-low / step);
  double sum = 0;
  for (const double x : values) {
    const double q = std::clamp(std::round(x / step) + zero, 0.0, levels - 1.0);
    sum += (x - (q - zero) * step) * (x - (q - zero) * step);
  }
  return sum / static_cast<double>(values.size());
}

constexpr Method kAll[] = {Method::kMinMax, Method::kMovingAverage, Method::kPercentile,
                           Method::kMse, Method::kKl};

TEST(Method, HasAName) {
  for (const Method method : kAll) EXPECT_EQ(MethodFromName(MethodName(method)), method);
  EXPECT_EQ(MethodFromName("max"), std::nullopt);
  EXPECT_FALSE(NeedsHistogram(Method::kMinMax));
  EXPECT_TRUE(NeedsHistogram(Method::kKl));
}

TEST(Method, MinMaxIsWhatWasMeasured) {
  EXPECT_EQ(Choose({3, -2, 7}, {.method = Method::kMinMax}), (Range{-2, 7}));
  EXPECT_EQ(Choose({3, 2, 7}, {.method = Method::kMinMax}), (Range{2, 7}));
}

TEST(Method, MovingAverageFollowsTheSamples) {
  TensorStatistics statistics;
  statistics.Add(std::vector<float>{-10, 30}, false);
  EXPECT_EQ(ChooseRange(statistics, {.method = Method::kMovingAverage}), (Range{-10, 30}));
  statistics.AddToAverage({-10, 10}, 0.5);
  statistics.AddToAverage({-2, 30}, 0.5);
  statistics.AddToAverage({-4, 0}, 0.5);
  EXPECT_EQ(ChooseRange(statistics, {.method = Method::kMovingAverage}), (Range{-5, 10}));
}

TEST(Method, NothingMeasuredIsNoRange) {
  const float nan = std::nanf("");
  for (const Method method : kAll) {
    EXPECT_EQ(ChooseRange(Of({}), {.method = method}), std::nullopt);
    EXPECT_EQ(ChooseRange(Of({nan, -INFINITY}), {.method = method}), std::nullopt);
  }
}

TEST(Method, ConstantsKeepTheirValue) {
  for (const Method method : kAll) {
    for (const float value : {5.0F, 4.0F, -3.0F, 0.0F, 1e-30F, -1e-40F, 9e29F}) {
      const Range range = Choose(std::vector<float>(100, value), {.method = method});
      EXPECT_EQ(range, (Range{value, value})) << MethodName(method) << " " << value;
    }
  }
}

TEST(Method, NeverLeavesTheExtremes) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const std::vector<float> values = Normal(500, static_cast<double>(seed % 5) - 2, 1, seed);
    const Range all = Choose(values, {});
    for (const Method method : kAll) {
      const Range range = Choose(values, {.method = method});
      EXPECT_GE(range.min, all.min);
      EXPECT_LE(range.max, all.max);
      EXPECT_LE(range.min, range.max) << MethodName(method);
    }
  }
}

TEST(Method, PercentileIsThatOfTheElements) {
  const std::vector<float> both = Normal(200'000, 0.5, 2);
  for (const double percent : {90.0, 99.0, 99.9}) {
    for (const std::vector<float>& values : {both, Rectified(both)}) {
      const Range range = Choose(values, {.method = Method::kPercentile, .percentile = percent});
      // And as much more as neighbours are apart.
      const double bin = 1.1 * Of(values).histogram.width();
      EXPECT_NEAR(range.max, PercentileOf(values, percent), bin);
      EXPECT_NEAR(range.min, PercentileOf(values, 100 - percent), bin);
    }
  }
  EXPECT_EQ(Choose(both, {.method = Method::kPercentile, .percentile = 100}), Choose(both, {}));
}

// Against the error of really quantizing, over a grid of ranges.
TEST(Method, LeastSquaredErrorIsNearTheLeast) {
  std::vector<float> outlier = Normal(5'000, 0, 1);
  outlier.push_back(40);
  std::vector<float> skewed = Rectified(Normal(5'000, -1, 1));
  skewed.push_back(-0.25F);
  for (const std::vector<float>& values :
       {Normal(5'000, 0, 1), outlier, Rectified(outlier), skewed, Normal(5'000, 3, 0.5)}) {
    for (const int levels : {16, 256}) {
      const Range all = Choose(values, {});
      const Range chosen = Choose(values, {.method = Method::kMse, .levels = levels});
      double least = ErrorOf(values, all, levels);
      const double of_all = least;
      for (double low = 0.04; low <= 1; low += 0.04) {
        for (double high = 0.04; high <= 1; high += 0.04) {
          const Range range{std::min(all.min * low, 0.0), all.max * high};
          least = std::min(least, ErrorOf(values, range, levels));
        }
      }
      const double found = ErrorOf(values, chosen, levels);
      EXPECT_LE(found, of_all * 1.02);  // of elements spread evenly inside of bins
      EXPECT_LE(found, least * 1.1) << levels << " levels: " << chosen.min << " " << chosen.max;
    }
  }
}

TEST(Method, MeanSquaredErrorKeepsWhatManyLevelsHold) {
  const std::vector<float> values = Normal(20'000, 0, 1);
  const Range range = Choose(values, {.method = Method::kMse, .levels = 65'536});
  const double bin = Of(values).histogram.width();
  EXPECT_NEAR(range.min, Choose(values, {}).min, bin);
  EXPECT_NEAR(range.max, Choose(values, {}).max, bin);
}

// The definition without histograms' tricks, for a tensor of both signs.
double DivergenceOf(std::vector<double> p, const std::vector<double>& inside, int groups) {
  std::vector<double> q(inside.size(), 0.0);
  for (int g = 0; g < groups; ++g) {
    const auto group = static_cast<std::size_t>(g);
    const auto all = static_cast<std::size_t>(groups);
    const std::size_t begin = inside.size() * group / all;
    const std::size_t end = inside.size() * (group + 1) / all;
    double sum = 0;
    double filled = 0;
    for (std::size_t i = begin; i < end; ++i) {
      sum += inside[i];
      filled += inside[i] > 0 ? 1 : 0;
    }
    for (std::size_t i = begin; i < end; ++i) q[i] = inside[i] > 0 ? sum / filled : 0;
  }
  double all_p = 0;
  double all_q = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    all_p += p[i];
    all_q += q[i];
  }
  double divergence = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] == 0) continue;
    const double own = q[i] > 0 ? q[i] : 1e-4;
    divergence += p[i] / all_p * std::log(p[i] / all_p / (own / all_q));
  }
  return divergence;
}

TEST(Method, LeastDivergenceIsTheLeastOfItsDefinition) {
  std::vector<float> values = Normal(100'000, 0, 1);
  values.push_back(7.9F);  // below 8: bins are 1/128 wide
  const Histogram histogram = Of(values).histogram;
  ASSERT_EQ(histogram.width(), 1.0 / 128);
  const std::span<const double> counts = histogram.counts();
  const int levels = 256;
  // 7.9 is in bin 1011: places for t are 1012, 1005, ... 128.
  double least = INFINITY;
  int best = 0;
  for (int bins = 1012; bins >= 128; bins -= 7) {
    std::vector<double> inside(counts.begin() + 1024 - bins, counts.begin() + 1024 + bins);
    std::vector<double> p = inside;
    for (int i = 0; i < 1024 - bins; ++i) {
      p.front() += counts[static_cast<std::size_t>(i)];
      p.back() += counts[static_cast<std::size_t>(2047 - i)];
    }
    const double divergence = DivergenceOf(p, inside, levels);
    if (divergence >= least * (1 - 1e-12)) continue;
    least = divergence;
    best = bins;
  }
  ASSERT_LT(best, 1012);
  const Range all = Choose(values, {});
  const Range range = Choose(values, {.method = Method::kKl, .levels = levels});
  EXPECT_EQ(range.max, std::min(all.max, best / 128.0));
  EXPECT_EQ(range.min, std::max(all.min, -best / 128.0));
  EXPECT_LT(range.max, 7.5);  // the outlier is not worth its digits
}

TEST(Method, LeastDivergenceDoesNotSeeZeros) {
  std::vector<float> values = Rectified(Normal(50'000, 0, 1));
  std::erase(values, 0.0F);
  values.push_back(15.9F);
  const Range without = Choose(values, {.method = Method::kKl});
  values.insert(values.end(), 500'000, 0.0F);
  const Range with = Choose(values, {.method = Method::kKl});
  EXPECT_EQ(with.max, without.max);
  EXPECT_LT(with.max, 15);
  EXPECT_GT(with.max, 2);
}

TEST(Method, LeastDivergenceKeepsWhatFewBinsHold) {
  const std::vector<float> values = Normal(20'000, 0, 1);
  EXPECT_EQ(Choose(values, {.method = Method::kKl, .levels = 65'536}), Choose(values, {}));
}

}  // namespace
}  // namespace smelt::calibrate
