#include "core/calibrate/sample_turns.h"

#include <new>
#include <utility>

namespace smelt::calibrate {

Result<std::optional<Sample>> SampleTurns::Read() {
  if (cancel_ != nullptr) SMELT_RETURN_IF_ERROR(cancel_->Check());
  try {
    return samples_.Next();
  } catch (const std::bad_alloc&) {
    return Status(Reason::kOutOfMemory, "memory ran out while reading a sample");
  }
}

std::optional<SampleTurns::Taken> SampleTurns::Take() {
  const std::lock_guard reading(reading_);
  if (ended_) return std::nullopt;
  auto sample = Read();
  Taken taken;
  taken.index = taken_;
  if (!sample.ok()) {
    taken.status = std::move(sample).status();
    ended_ = true;
  } else if (!*sample) {
    ended_ = true;
    return std::nullopt;
  } else {
    taken.sample = std::move(**sample);
  }
  ++taken_;
  return taken;
}

bool SampleTurns::Finish(std::uint64_t index, Status done, const std::function<void()>& finish) {
  bool failed = false;
  {
    std::unique_lock lock(mutex_);
    turn_.wait(lock, [&] { return finished_ == index || !failure_.ok(); });
    if (failure_.ok() && done.ok()) {
      finish();
      ++finished_;
    } else {
      failed = true;
      if (failure_.ok()) failure_ = std::move(done);
    }
  }
  turn_.notify_all();
  if (failed) TakeNoMore();
  return !failed;
}

void SampleTurns::Fail(Status why) {
  {
    const std::lock_guard lock(mutex_);
    if (failure_.ok()) failure_ = std::move(why);
  }
  turn_.notify_all();
  TakeNoMore();
}

void SampleTurns::TakeNoMore() {
  const std::lock_guard reading(reading_);
  ended_ = true;
}

std::uint64_t SampleTurns::finished() const {
  const std::lock_guard lock(mutex_);
  return finished_;
}

Status SampleTurns::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace smelt::calibrate
