// Statistics of the tensors of a module over samples: what a calibration method chooses a range by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/calibrate/histogram.h"
#include "core/calibrate/range.h"
#include "core/ir/module.h"

namespace smelt::calibrate {

// Of one tensor, over all samples, in fixed memory. Apart from `average` it depends on the elements
// alone, not on their order. Not thread safe.
struct TensorStatistics {
  ElementCounts counts;
  std::optional<Range> extremes;  // of the measured elements; absent: there are none
  std::optional<Range> average;   // see AddToAverage
  Histogram histogram;            // of the measured elements; empty where none was asked for

  void Add(std::span<const float> values, bool with_histogram);
  // Everything but the average.
  void Merge(const TensorStatistics& other);
  // The extremes of one sample's elements, samples in order: the first are the average, and each
  // later one moves it by `weight` of the way to its own.
  void AddToAverage(const Range& sample, double weight);
};

// Of every tensor of a module that holds real numbers and was computed in some sample: inputs,
// outputs and results of all graphs that ran, not constants.
class Statistics {
 public:
  explicit Statistics(const ir::Module& module);

  std::uint64_t samples() const { return samples_; }
  // Null for what was never seen, and for tensors of integers.
  const TensorStatistics* Find(ir::GraphId graph, ir::ValueId value) const {
    return slots_[slot(graph, value)].get();
  }

  // --- For who collects them. ---
  std::size_t slot(ir::GraphId graph, ir::ValueId value) const {
    return first_slots_[graph.index] + value.index;
  }
  std::size_t slot_count() const { return slots_.size(); }
  // Makes it when there is none. May be called by several threads for several slots.
  TensorStatistics& At(std::size_t slot);
  void SetSamples(std::uint64_t samples) { samples_ = samples; }

 private:
  std::vector<std::size_t> first_slots_;  // by graph
  std::vector<std::unique_ptr<TensorStatistics>> slots_;
  std::uint64_t samples_ = 0;
};

// Counts and extremes of a constant, read in blocks; no histogram. Requires a float type of at
// least 16 bits.
TensorStatistics StatisticsOf(const ir::Constant& constant);

}  // namespace smelt::calibrate
