// How often and after what pauses a call is tried again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace smelt::client {

struct RetryPolicy {
  int retries = 8;                             // after the first attempt
  int retries_before_first_answer = 3;         // a daemon that never answered may not be there
  std::chrono::milliseconds first_pause{200};  // doubled each time
  std::chrono::milliseconds longest_pause{5000};
};

// The pauses of one operation. Jittered, so that many clients of a daemon that restarts do not come
// back in step. Not thread safe.
class Backoff {
 public:
  Backoff(int retries, const RetryPolicy& policy, std::uint64_t seed);

  // The next pause, or nothing when all retries are used up. A pause that the server asks for is
  // kept (at least that long), up to a minute.
  std::optional<std::chrono::milliseconds> Next(
      std::optional<std::chrono::milliseconds> server_asks_for);

  // After progress: the count starts again.
  void Reset() { used_ = 0; }
  int used() const { return used_; }
  int retries() const { return retries_; }
  void LimitTo(int retries) { retries_ = retries; }

 private:
  int retries_;
  RetryPolicy policy_;
  int used_ = 0;
  std::mt19937_64 random_;
};

}  // namespace smelt::client
