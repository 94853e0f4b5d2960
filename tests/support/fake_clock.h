// FakeClock: stands still until told. Safe for calls from any thread.
#pragma once

#include <chrono>
#include <mutex>

#include "core/base/clock.h"

namespace smelt::test {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(WallTime wall = WallTime(std::chrono::seconds(1'700'000'000)))
      : wall_(wall), now_(std::chrono::seconds(1000)) {}

  SteadyTime Now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  WallTime Wall() const override {
    std::lock_guard lock(mutex_);
    return wall_;
  }
  void Advance(std::chrono::nanoseconds by) {
    std::lock_guard lock(mutex_);
    now_ += std::chrono::duration_cast<SteadyTime::duration>(by);
    wall_ += std::chrono::duration_cast<WallTime::duration>(by);
  }
  // The wall clock alone, as when somebody sets it.
  void SetWall(WallTime wall) {
    std::lock_guard lock(mutex_);
    wall_ = wall;
  }

 private:
  mutable std::mutex mutex_;
  WallTime wall_;
  SteadyTime now_;
};

}  // namespace smelt::test
