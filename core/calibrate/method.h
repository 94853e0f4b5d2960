// Calibration methods: from a tensor's statistics to the range that its integers should cover. Pure
// functions of the statistics, so ranges are as independent of order and threads as those are.
#pragma once

#include <optional>
#include <string_view>

#include "core/calibrate/statistics.h"

namespace smelt::calibrate {

enum class Method {
  kMinMax,         // all that was measured
  kMovingAverage,  // the extremes of samples, averaged: TensorStatistics::AddToAverage
  kPercentile,     // without the share of elements that lies furthest out, on either side
  kMse,            // least mean squared error of the quantized elements
  kKl,             // least Kullback-Leibler divergence of the quantized elements' distribution
};

std::string_view MethodName(Method method);  // "minmax", "average", "percentile", "mse", "kl"
std::optional<Method> MethodFromName(std::string_view name);
// Whether TensorStatistics::histogram must be filled.
bool NeedsHistogram(Method method);

struct MethodOptions {
  Method method = Method::kMinMax;
  double percentile = 99.999;  // kPercentile: below its upper end, and above its lower end
  int levels = 256;            // kMse, kKl: values that a quantized element can have
};

// At most the extremes. Absent when nothing was measured. Need not hold zero: whoever quantizes
// includes it, and its error there is taken to be none.
//
// kPercentile: where the histogram reaches the share, by its bins in order and evenly inside of
// one.
//
// kMse: the ends l <= 0 <= h among the bounds of bins and the extremes that minimize, with
// s = (h - l) / (levels - 1),
//   sum of (x - h)^2 over x > h + sum of (l - x)^2 over x < l + s^2 / 12 * (elements but zeros),
// elements spread evenly inside of bins; s^2 / 12 is the mean squared error of rounding to
// multiples of s. The sum is convex but for the grid: each end is moved in turn to its best place
// until none moves.
//
// kKl: as TensorRT's calibration and ONNX Runtime's "entropy": bins within [-t, t], or [0, t] where
// nothing is negative, the rest added to the outermost bins, against the same bins averaged over
// `levels` groups, empty bins left empty (1e-4 elements where the rest fell on one). Of about 128
// places for t, from as many bins as levels to all, the one of least divergence, and the largest of
// equal ones; the extremes where there are no more bins than levels. Zeros, which keep their value,
// are left out.
std::optional<Range> ChooseRange(const TensorStatistics& statistics, const MethodOptions& options);

}  // namespace smelt::calibrate
