// The seam to time. Tests replace it by a clock that stands still until told.
#pragma once

#include <chrono>

namespace smelt {

class Clock {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using WallTime = std::chrono::system_clock::time_point;

  virtual ~Clock() = default;
  virtual SteadyTime Now() const = 0;  // monotonic: for durations
  virtual WallTime Wall() const = 0;   // calendar: for rows and logs
  static const Clock& System();        // the real one; lives for ever, safe from any thread
};

}  // namespace smelt
