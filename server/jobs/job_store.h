// JobStore: the durable ledger of jobs.
//
// Each change of state and the numbered event that tells of it are one transaction, durable when
// the call returns; watchers are notified after it. Safe for calls from any thread; calls block on
// the disk, so never call from an RPC handler's own thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "server/jobs/job.h"

namespace smelt::jobs {

struct NewJob {
  std::string id;          // from JobIdSource
  std::string request_id;  // empty: not idempotent
  Operation operation;
  Clock::WallTime now{};
};

struct Accepted {
  Job job;
  bool created = false;  // false: an earlier call with this request_id made it
};

struct CancelAnswer {
  Job job;                 // as it is now
  bool ended_now = false;  // this call made it CANCELLED
};

struct JobQuery {
  std::size_t limit = 50;        // at least 1
  std::string before_id;         // only ids below this one; empty: from the newest
  std::vector<JobState> states;  // empty: all
};

// How an attempt ended. `state` is final.
struct JobResult {
  std::string id;
  std::uint64_t version = 0;  // Job::version as TakeNext returned it
  JobState state = JobState::kFailed;
  Reason reason = Reason::kOk;
  std::string message;
  std::vector<JobArtifact> artifacts;  // every digest is durable in the blob store already
  std::optional<Digest> report;
  Clock::WallTime now{};
};

// Jobs by state, indexed by the number of the state.
using JobCounts = std::array<std::uint64_t, 7>;

class JobStore {
 public:
  virtual ~JobStore() = default;

  // Stores a job as QUEUED with its first two events (accepted, queued). A request_id seen within
  // 24 hours returns that job, or kRequestIdReused when the operation differs. kQueueFull when the
  // queue is at its bound.
  virtual Result<Accepted> Accept(const NewJob& job) = 0;

  // The job that Accept would return for a request_id seen before; nothing when it is new or empty.
  // kRequestIdReused.
  virtual Result<std::optional<Job>> FindAccepted(const NewJob& job) = 0;

  // kJobNotFound.
  virtual Result<Job> Get(const std::string& id) = 0;

  // Newest first. Jobs that can't be read are left out.
  virtual Result<std::vector<Job>> List(const JobQuery& query) = 0;

  // A queued job becomes CANCELLED with this report, if there is one; a running one is marked (its
  // version stays, so the attempt may still finish); a finished one stays as it is. kJobNotFound.
  virtual Result<CancelAnswer> RequestCancel(const std::string& id, Clock::WallTime now,
                                             const std::optional<Digest>& report) = 0;

  // The oldest queued job becomes RUNNING with the next attempt number; nothing when none is
  // queued.
  virtual Result<std::optional<Job>> TakeNext(Clock::WallTime now) = 0;

  // RUNNING -> the result's state. kConcurrentUpdate when the version is stale: somebody else has
  // moved the job on, and nothing was changed.
  virtual Result<Job> Finish(const JobResult& result) = 0;

  // RUNNING -> QUEUED, or CANCELLED without a report when that was asked for meanwhile.
  // kConcurrentUpdate as above.
  virtual Result<Job> Requeue(const std::string& id, std::uint64_t version,
                              Clock::WallTime now) = 0;

  virtual Result<JobCounts> CountByState() = 0;
};

}  // namespace smelt::jobs
