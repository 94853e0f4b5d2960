#include "core/calibrate/method.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>

#include "core/calibrate/divergence.h"
#include "core/calibrate/squared_error.h"

namespace smelt::calibrate {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"minmax", "average", "percentile", "mse", "kl"};

// The place below which `share` of the histogram's elements lie.
double Quantile(const Histogram& histogram, double share) {
  const std::span<const double> counts = histogram.counts();
  const double wanted = share * std::accumulate(counts.begin(), counts.end(), 0.0);
  double below = 0;
  int i = 0;
  for (; i < Histogram::kBins; ++i) {
    const double count = counts[static_cast<std::size_t>(i)];
    if (count > 0 && below + count >= wanted) {
      return histogram.lower(i) + histogram.width() * (wanted - below) / count;
    }
    below += count;
  }
  return histogram.lower(i);
}

Range Percentile(const Histogram& histogram, double percentile) {
  const double share = percentile / 100;
  return {Quantile(histogram, 1 - share), Quantile(histogram, share)};
}

Range Within(const Range& extremes, const Range& range) {
  return {std::clamp(range.min, extremes.min, extremes.max),
          std::clamp(range.max, extremes.min, extremes.max)};
}

}  // namespace

std::string_view MethodName(Method method) { return kNames[static_cast<std::size_t>(method)]; }

std::optional<Method> MethodFromName(std::string_view name) {
  const auto* found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Method>(std::distance(kNames.begin(), found));
}

bool NeedsHistogram(Method method) {
  return method != Method::kMinMax && method != Method::kMovingAverage;
}

std::optional<Range> ChooseRange(const TensorStatistics& statistics, const MethodOptions& options) {
  if (!statistics.extremes) return std::nullopt;
  const Range& extremes = *statistics.extremes;
  const bool has_histogram = !statistics.histogram.counts().empty();
  switch (options.method) {
    case Method::kMovingAverage:
      if (statistics.average) return Within(extremes, *statistics.average);
      return extremes;
    case Method::kPercentile:
      if (!has_histogram) return extremes;
      return Within(extremes, Percentile(statistics.histogram, options.percentile));
    case Method::kMse:
      if (!has_histogram) return extremes;
      return Within(extremes, LeastSquaredError(statistics, options.levels));
    case Method::kKl:
      if (!has_histogram) return extremes;
      return Within(extremes, LeastDivergence(statistics, options.levels));
    case Method::kMinMax:
      break;
  }
  return extremes;
}

}  // namespace smelt::calibrate
