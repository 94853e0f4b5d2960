// Interrupt: lets Ctrl-C, or a time limit, end whatever the client is waiting for.
//
// Thread safe. Trigger comes from the thread that waits for signals; the working thread registers
// what must be woken (a call in flight) and sleeps through this object only.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace smelt::client {

class Interrupt {
 public:
  // Wakes everything, now and later, until Clear.
  void Trigger();
  void Clear();
  bool triggered() const;

  // Sleeps; returns at once, and false, when triggered before or meanwhile.
  bool SleepFor(std::chrono::milliseconds duration);

  // Calls `wake` (on the triggering thread, or here when triggered already) while it lives. One at
  // a time.
  class Scope {
   public:
    Scope(Interrupt& interrupt, std::function<void()> wake);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Interrupt& interrupt_;
  };

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> wake_;
  bool triggered_ = false;
};

}  // namespace smelt::client
