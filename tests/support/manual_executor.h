// ManualExecutor: runs posted tasks when the test says so, in virtual time. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <utility>

#include "server/jobs/executor.h"
#include "tests/support/fake_clock.h"

namespace smelt::test {

class ManualExecutor final : public jobs::Executor {
 public:
  explicit ManualExecutor(FakeClock& clock) : clock_(clock) {}

  void Post(Task task) override { ready_.push_back(std::move(task)); }
  void PostAfter(std::chrono::milliseconds delay, Task task) override {
    waiting_.emplace(clock_.Now() + delay, std::move(task));
  }

  // Runs what is ready, and what that posts, until nothing is.
  void RunReady() {
    while (!ready_.empty()) {
      Task task = std::move(ready_.front());
      ready_.pop_front();
      task();
    }
  }

  // Advances the clock and runs what becomes due on the way, in order of time.
  void Advance(std::chrono::milliseconds by) {
    const Clock::SteadyTime end = clock_.Now() + by;
    while (!waiting_.empty() && waiting_.begin()->first <= end) {
      const auto first = waiting_.begin();
      clock_.Advance(std::max(first->first - clock_.Now(), Clock::SteadyTime::duration::zero()));
      ready_.push_back(std::move(first->second));
      waiting_.erase(first);
      RunReady();
    }
    clock_.Advance(end - clock_.Now());
  }

  std::size_t waiting() const { return waiting_.size(); }

 private:
  FakeClock& clock_;
  std::deque<Task> ready_;
  std::multimap<Clock::SteadyTime, Task> waiting_;
};

}  // namespace smelt::test
