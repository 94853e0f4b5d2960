// EventLog: what happened to a job, numbered from 1 without gaps, and the news of it while it
// happens.
//
// The JobStore appends events in the transaction that changes the state; this is the reading side.
// Progress is neither numbered nor kept: who does not listen misses it.
// Safe for calls from any thread. To follow a job without a gap: Subscribe first, then ReadAfter,
// and ReadAfter again whenever a notice carries a higher number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "server/jobs/job.h"

namespace smelt::jobs {

struct JobEvent {
  std::uint64_t seq = 0;
  Clock::WallTime time{};
  JobState state = JobState::kAccepted;  // the job entered it; a final one is the last event

  bool operator==(const JobEvent&) const = default;
};

struct JobNotice {
  std::uint64_t last_seq = 0;            // above 0: events up to this number can be read
  std::optional<v1::Progress> progress;  // else this
};

// Ends the notices when destroyed; none is under way when the destructor returns. Must not be
// destroyed from inside its own callback.
class EventSubscription {
 public:
  virtual ~EventSubscription() = default;
};

class EventLog {
 public:
  // Called from any thread, one call at a time a subscription. Must not block or call the log.
  using NoticeFn = std::function<void(const JobNotice&)>;

  virtual ~EventLog() = default;

  // Events with seq > after_seq in order, at most `limit`. Empty when there is none yet.
  // kJobNotFound; kEventsPruned when the first wanted event is no longer kept. Blocks on the disk.
  virtual Result<std::vector<JobEvent>> ReadAfter(const std::string& job_id,
                                                  std::uint64_t after_seq, std::size_t limit) = 0;

  // Notices about one job from now on. Any id is accepted. Does not block.
  virtual std::unique_ptr<EventSubscription> Subscribe(const std::string& job_id,
                                                       NoticeFn notice) = 0;

  // Tells the subscribers of this job. Does not block.
  virtual void PublishProgress(const std::string& job_id, const v1::Progress& progress) = 0;
};

}  // namespace smelt::jobs
