// The calibrator: runs a signature of a module on samples, in parallel, and collects statistics of
// every tensor of real numbers on the way: inputs, results, and those of the graphs that its
// operators run (branches, loop bodies, composites).
//
// The statistics are the same to the bit whatever the number of threads.
#pragma once

#include <cstdint>
#include <functional>

#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/calibrate/sample_stream.h"
#include "core/calibrate/statistics.h"
#include "core/interp/evaluate.h"
#include "core/ir/module.h"

namespace smelt::calibrate {

struct CalibratorOptions {
  unsigned threads = 1;          // this one included; fewer where no more can be started
  bool histograms = true;        // see NeedsHistogram
  double average_weight = 0.05;  // TensorStatistics::AddToAverage
  interp::Kernels kernels = interp::Kernels::kFast;
  const CancelToken* cancel = nullptr;
  // Samples done, and in all (0: unknown). On the calling thread. May be empty.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = nullptr;
};

// kCancelled; kInvalidArgument for a sample that does not fit the inputs, or none at all; whatever
// the stream or the interpreter says. Of several that fail, the first sample decides.
Result<Statistics> Calibrate(const ir::Module& module, const ir::Signature& signature,
                             SampleStream& samples, const CalibratorOptions& options = {});

}  // namespace smelt::calibrate
