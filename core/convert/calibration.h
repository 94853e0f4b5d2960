// Calibration of a conversion: the ranges of the values of the graph that is to be quantized.
#pragma once

#include <cstdint>
#include <functional>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/ir/module.h"
#include "core/passes/quantize/value_ranges.h"

namespace smelt {

struct CalibrationPlan {
  std::uint32_t noise_samples = 8;  // seeded, for want of data
  unsigned threads = 1;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = nullptr;
};

// Of the graphs of all signatures. kCancelled; whatever keeps the graphs from running on samples.
Result<passes::ValueRanges> MeasureRanges(const ir::Module& module, const CalibrationPlan& plan,
                                          const CancelToken& cancel);

}  // namespace smelt
