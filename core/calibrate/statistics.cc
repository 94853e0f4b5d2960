#include "core/calibrate/statistics.h"

#include <algorithm>
#include <limits>

namespace smelt::calibrate {

void TensorStatistics::Add(std::span<const float> values, bool with_histogram) {
  ElementCounts added;
  float least = std::numeric_limits<float>::infinity();
  float greatest = -least;
  for (const float x : values) {
    if (!IsMeasured(x)) {
      added.nan += std::isnan(x) ? 1 : 0;
      continue;
    }
    ++added.measured;
    added.zero += x == 0 ? 1 : 0;
    least = std::min(least, x);
    greatest = std::max(greatest, x);
  }
  added.masked = values.size() - added.measured - added.nan;
  counts += added;
  if (added.measured == 0) return;
  // Zero has no sign here: which of several zeros came first must not matter.
  const Range range{least == 0 ? 0.0 : static_cast<double>(least),
                    greatest == 0 ? 0.0 : static_cast<double>(greatest)};
  if (!extremes) extremes = range;
  extremes->Include(range);
  if (with_histogram) histogram.Add(values, range);
}

void TensorStatistics::Merge(const TensorStatistics& other) {
  counts += other.counts;
  if (!other.extremes) return;
  if (!extremes) extremes = other.extremes;
  extremes->Include(*other.extremes);
  histogram.Merge(other.histogram);
}

void TensorStatistics::AddToAverage(const Range& sample, double weight) {
  if (!average) {
    average = sample;
    return;
  }
  average->min += weight * (sample.min - average->min);
  average->max += weight * (sample.max - average->max);
}

Statistics::Statistics(const ir::Module& module) {
  std::size_t slots = 0;
  for (std::uint32_t i = 0; i < module.graph_count(); ++i) {
    first_slots_.push_back(slots);
    slots += module.graph(ir::GraphId{i}).value_count();
  }
  slots_.resize(slots);
}

TensorStatistics& Statistics::At(std::size_t slot) {
  if (slots_[slot] == nullptr) slots_[slot] = std::make_unique<TensorStatistics>();
  return *slots_[slot];
}

TensorStatistics StatisticsOf(const ir::Constant& constant) {
  constexpr std::int64_t kBlock = 16384;
  const ir::Constant floats = constant.Cast(ir::DType::kF32);
  const std::int64_t count = floats.element_count();
  TensorStatistics statistics;
  std::vector<float> block(static_cast<std::size_t>(std::min(kBlock, count)));
  for (std::int64_t begin = 0; begin < count; begin += kBlock) {
    const std::int64_t size = std::min(kBlock, count - begin);
    const std::span<float> read = std::span(block).first(static_cast<std::size_t>(size));
    floats.Read(begin, size, std::as_writable_bytes(read).data());
    statistics.Add(read, false);
  }
  return statistics;
}

}  // namespace smelt::calibrate
