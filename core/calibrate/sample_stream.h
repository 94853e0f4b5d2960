// SampleStream: the samples that a calibration runs on, one after another.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/result.h"
#include "core/interp/tensor.h"

namespace smelt::calibrate {

// One tensor an input of the signature, in its order.
using Sample = std::vector<interp::Tensor>;

class SampleStream {
 public:
  virtual ~SampleStream() = default;
  // The next sample; nothing behind the last one. Called by one thread at a time, whichever it is.
  virtual Result<std::optional<Sample>> Next() = 0;
  // How many Next gives in all; 0: unknown. Does not change; from any thread.
  virtual std::uint64_t total() const = 0;
};

}  // namespace smelt::calibrate
