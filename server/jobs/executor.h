// Executor: where blocking work runs. The daemon's is a thread pool; tests step one by hand.
#pragma once

#include <chrono>
#include <functional>

namespace smelt::jobs {

// Safe for calls from any thread. Tasks must not throw.
class Executor {
 public:
  using Task = std::function<void()>;

  virtual ~Executor() = default;
  // Runs `task` soon, on a thread of the executor, never within this call.
  virtual void Post(Task task) = 0;
  // The same, not before `delay` has passed. Tasks still waiting when the executor ends are
  // dropped.
  virtual void PostAfter(std::chrono::milliseconds delay, Task task) = 0;
};

}  // namespace smelt::jobs
