#include "core/calibrate/squared_error.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace smelt::calibrate {
namespace {

// Where an end may stand, away from zero, and the squared error of clipping there.
struct End {
  double at = 0;       // magnitude
  double clipped = 0;  // sum of squares of what lies further out, from here
};

// Ends on one side of zero, from zero to the outermost element. `sign` is that of the side.
std::vector<End> EndsOf(const Histogram& histogram, double outermost, int sign) {
  std::vector<End> ends;
  const double width = histogram.width();
  const std::span<const double> counts = histogram.counts();
  const int zero = histogram.zero_bin();
  for (int i = 0; i * width < outermost; ++i) ends.push_back({i * width});
  const auto bins = static_cast<int>(ends.size());
  ends.push_back({outermost});
  // Moments of what lies beyond an end, about that end: moved inwards bin by bin.
  double count = 0;
  double first = 0;
  double second = 0;
  if (sign > 0 && bins * width == outermost && zero + bins < Histogram::kBins) {
    count = counts[static_cast<std::size_t>(zero + bins)];  // at the outermost end itself
  }
  for (int i = bins - 1; i >= 0; --i) {
    const auto at = static_cast<std::size_t>(i);
    const double step = ends[at + 1].at - ends[at].at;
    second += 2 * step * first + step * step * count;
    first += step * count;
    const int bin = sign > 0 ? zero + i : zero - 1 - i;
    const double here = counts[static_cast<std::size_t>(bin)];
    second += here * step * step / 3;
    first += here * step / 2;
    count += here;
    ends[at].clipped = second;
  }
  return ends;
}

// The best of `ends` when the other end has magnitude `other`; of equal ones the outermost.
std::size_t Best(const std::vector<End>& ends, double other, double rounding) {
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const double span = ends[i].at + other;
    const double error = ends[i].clipped + rounding * span * span;
    if (error > least) continue;
    least = error;
    best = i;
  }
  return best;
}

}  // namespace

Range LeastSquaredError(const TensorStatistics& statistics, int levels) {
  const Range& extremes = *statistics.extremes;
  const std::vector<End> low = EndsOf(statistics.histogram, std::max(0.0, -extremes.min), -1);
  const std::vector<End> high = EndsOf(statistics.histogram, std::max(0.0, extremes.max), 1);
  const double steps = levels - 1.0;
  const auto rounded = static_cast<double>(statistics.counts.measured - statistics.counts.zero);
  const double rounding = rounded / (12 * steps * steps);
  std::size_t l = low.size() - 1;
  std::size_t h = high.size() - 1;
  // Each round lowers the error or is the last: a bound for numbers that tie in their last digits.
  constexpr int kMostRounds = 100;
  for (int round = 0; round < kMostRounds; ++round) {
    const std::size_t next_h = Best(high, low[l].at, rounding);
    const std::size_t next_l = Best(low, high[next_h].at, rounding);
    if (next_h == h && next_l == l) break;
    h = next_h;
    l = next_l;
  }
  return {-low[l].at, high[h].at};
}

}  // namespace smelt::calibrate
