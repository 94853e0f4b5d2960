// SampleTurns: hands samples to threads and lets them finish in the samples' order, so that what
// depends on order does not depend on threads. Safe for calls from any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

#include "core/base/cancel_token.h"
#include "core/base/status.h"
#include "core/calibrate/sample_stream.h"

namespace smelt::calibrate {

class SampleTurns {
 public:
  // Borrows both; `cancel` may be null.
  SampleTurns(SampleStream& samples, const CancelToken* cancel)
      : samples_(samples), cancel_(cancel) {}

  struct Taken {
    std::uint64_t index = 0;
    Sample sample;
    Status status;  // why there is no sample; it has its turn like one
  };
  // The next sample; nothing behind the last one, and once one has failed.
  std::optional<Taken> Take();
  // Waits for all samples before `index`; then calls `finish`, alone, or records the failure.
  // Whoever took a sample must finish it, but after a failure. False: stop.
  bool Finish(std::uint64_t index, Status done, const std::function<void()>& finish);
  // Ends everything for a reason that is no sample's.
  void Fail(Status why);

  std::uint64_t finished() const;
  Status failure() const;  // of the first sample that failed

 private:
  Result<std::optional<Sample>> Read();
  void TakeNoMore();

  SampleStream& samples_;
  const CancelToken* cancel_;

  std::mutex reading_;
  std::uint64_t taken_ = 0;  // guarded by reading_, as is ended_
  bool ended_ = false;

  mutable std::mutex mutex_;
  std::condition_variable turn_;
  std::uint64_t finished_ = 0;  // guarded by mutex_, as is what follows
  Status failure_;
};

}  // namespace smelt::calibrate
