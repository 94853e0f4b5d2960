// TensorSink: what one thread of a calibration does with the tensors that it sees.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include "core/calibrate/statistics.h"
#include "core/interp/tensor.h"
#include "core/ir/module.h"

namespace smelt::calibrate {

// Statistics that several threads fill: a tensor's are one thread's while it holds their lock.
class StatisticsLocks {
 public:
  StatisticsLocks(Statistics& statistics, bool histograms)
      : statistics_(statistics), histograms_(histograms) {}

  std::mutex& LockOf(std::size_t slot) { return locks_[slot % locks_.size()]; }
  Statistics& statistics() { return statistics_; }
  bool histograms() const { return histograms_; }

 private:
  Statistics& statistics_;
  bool histograms_;
  std::array<std::mutex, 64> locks_;
};

// One thread; borrows `shared`.
class TensorSink {
 public:
  explicit TensorSink(StatisticsLocks& shared)
      : shared_(shared), extremes_(shared.statistics().slot_count()) {}

  // Adds the elements, where they are real numbers.
  void Add(ir::GraphId graph, ir::ValueId value, const interp::Tensor& tensor);
  // Adds the sample's extremes to the averages. The samples' turns are taken in order, by one
  // thread at a time.
  void EndSample(double average_weight);

 private:
  StatisticsLocks& shared_;
  TensorStatistics scratch_;                    // of one tensor
  std::vector<float> floats_;                   // its elements, where they are of another type
  std::vector<std::optional<Range>> extremes_;  // by slot: in this sample
  std::vector<std::size_t> seen_;               // the slots that have some
};

}  // namespace smelt::calibrate
