#include "client/net/interrupt.h"

#include <utility>

namespace smelt::client {

void Interrupt::Trigger() {
  // `wake_` runs under the lock, so that a Scope can't end while its callback uses what it names.
  const std::lock_guard lock(mutex_);
  triggered_ = true;
  if (wake_) wake_();
  changed_.notify_all();
}

void Interrupt::Clear() {
  const std::lock_guard lock(mutex_);
  triggered_ = false;
}

bool Interrupt::triggered() const {
  const std::lock_guard lock(mutex_);
  return triggered_;
}

bool Interrupt::SleepFor(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, duration, [this] { return triggered_; });
}

Interrupt::Scope::Scope(Interrupt& interrupt, std::function<void()> wake) : interrupt_(interrupt) {
  const std::lock_guard lock(interrupt_.mutex_);
  interrupt_.wake_ = std::move(wake);
  if (interrupt_.triggered_) interrupt_.wake_();
}

Interrupt::Scope::~Scope() {
  const std::lock_guard lock(interrupt_.mutex_);
  interrupt_.wake_ = nullptr;
}

}  // namespace smelt::client
