#include "core/calibrate/divergence.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace smelt::calibrate {
namespace {

constexpr int kMostWindows = 128;
// Stands for nothing in the averaged window: elements from outside may fall on an empty end.
constexpr double kNearlyNone = 1e-4;

// sum p * log(p / q) of `window` with `below` and `above` added to its ends, against the window
// averaged over `groups` groups; infinite when it is empty.
double Divergence(std::span<const double> window, double below, double above, int groups) {
  const auto size = static_cast<std::int64_t>(window.size());
  const double inside = std::accumulate(window.begin(), window.end(), 0.0);
  const double all = inside + below + above;
  if (inside == 0) return std::numeric_limits<double>::infinity();
  double divergence = 0;
  for (int group = 0; group < groups; ++group) {
    const auto begin = static_cast<std::size_t>(size * group / groups);
    const auto end = static_cast<std::size_t>(size * (group + 1) / groups);
    const std::span<const double> bins = window.subspan(begin, end - begin);
    const double sum = std::accumulate(bins.begin(), bins.end(), 0.0);
    const auto filled =
        static_cast<double>(std::ranges::count_if(bins, [](double count) { return count > 0; }));
    for (std::size_t i = 0; i < bins.size(); ++i) {
      double count = bins[i];
      const double average = count > 0 ? sum / filled : kNearlyNone;
      if (begin + i == 0) count += below;
      if (begin + i + 1 == window.size()) count += above;
      if (count == 0) continue;
      divergence += count / all * std::log((count / all) / (average / inside));
    }
  }
  return divergence;
}

}  // namespace

Range LeastDivergence(const TensorStatistics& statistics, int levels) {
  const Histogram& histogram = statistics.histogram;
  const bool both_sides = histogram.has_negatives();
  const auto zero = static_cast<std::size_t>(histogram.zero_bin());
  std::vector<double> counts(histogram.counts().begin(), histogram.counts().end());
  counts[zero] -= static_cast<double>(statistics.counts.zero);
  // Windows by how many bins they have on a side: those of the outermost element are the most.
  const Range& extremes = *statistics.extremes;
  const double outermost = std::max(std::abs(extremes.min), std::abs(extremes.max));
  const int side = both_sides ? Histogram::kBins / 2 : Histogram::kBins;
  const int most = std::min(side, static_cast<int>(outermost / histogram.width()) + 1);
  const int fewest = std::max(1, both_sides ? (levels + 1) / 2 : levels);
  if (fewest >= most) return extremes;
  const int stride = (most - fewest + kMostWindows - 1) / kMostWindows;
  double least = std::numeric_limits<double>::infinity();
  int best = most;
  for (int bins = most; bins >= fewest; bins -= stride) {
    const std::size_t begin = both_sides ? zero - static_cast<std::size_t>(bins) : 0;
    const std::size_t end = zero + static_cast<std::size_t>(bins);
    const std::span<const double> all(counts);
    const double below =
        std::accumulate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(begin), 0.0);
    const double above =
        std::accumulate(all.begin() + static_cast<std::ptrdiff_t>(end), all.end(), 0.0);
    const double divergence = Divergence(all.subspan(begin, end - begin), below, above, levels);
    if (divergence >= least) continue;
    least = divergence;
    best = bins;
  }
  if (best == most) return extremes;
  const double bound = best * histogram.width();
  return {both_sides ? -bound : 0.0, bound};
}

}  // namespace smelt::calibrate
