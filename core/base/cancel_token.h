// CancelToken: asks running work to stop. Polled between nodes and passes; setting it is safe from
// any thread and from a signal handler.
#pragma once

#include <atomic>

#include "core/base/status.h"

namespace smelt {

class CancelToken {
 public:
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  // kCancelled once Cancel was called.
  Status Check() const {
    return cancelled() ? Status(Reason::kCancelled, "the work was cancelled") : Status::Ok();
  }

 private:
  std::atomic<bool> cancelled_{false};
};

}  // namespace smelt
