// Scheduler: keeps N slots busy with queued jobs and applies what the runner makes of them.
//
// Order of durability: artifact and report are blobs before one transaction names them and ends the
// job. A worker's crash ends its job with that reason, once. What the machine or the daemon does
// (no process to be had, disk full, drain, death) is no such end: the job is queued again, after a
// pause that grows. Only what keeps happening to one job and not to all of them ends it. While the
// disk is full no job is taken.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "server/jobs/blob_store.h"
#include "server/jobs/bundle_limit.h"
#include "server/jobs/event_log.h"
#include "server/jobs/executor.h"
#include "server/jobs/job_runner.h"
#include "server/jobs/job_store.h"
#include "server/jobs/metrics.h"

namespace smelt::jobs {

struct Attempt;

struct SchedulerOptions {
  std::size_t slots = 1;
  // Of one job in one life of the daemon; then it fails. Times without a worker do not count.
  int max_infrastructure_failures = 4;
  std::chrono::milliseconds retry_delay{500};  // doubles with each failure in a row, to 30 s
  BundleLimit bundle = {};                     // for jobs that were accepted under another limit
};

// All outlive the scheduler, but the executor and the runner must have ended their tasks and
// callbacks before it is destroyed.
struct SchedulerDeps {
  JobStore& store;
  EventLog& events;
  BlobStore& blobs;
  JobRunner& runner;
  Executor& executor;
  const Clock& clock;
  JobMetrics& metrics;
  // Whether outputs can be stored now. While they can't, jobs stay in the queue, and a failure of
  // the machine counts against no job. Absent: they always can. Blocks on the disk.
  std::function<Status()> storage = {};
};

// Safe for calls from any thread.
class Scheduler {
 public:
  Scheduler(SchedulerOptions options, SchedulerDeps deps);
  ~Scheduler();

  // Looks at the queue soon. Call once after recovery and after each accepted job. Does not block.
  void Wake();

  // Cancels a queued job at once and asks a running one to stop; its state then follows within 3
  // seconds. Returns the job as it is now. kJobNotFound. Blocks on the store.
  Result<Job> Cancel(const std::string& id);

  // No further job is taken; the running ones go on. For the start of a drain.
  void StopTaking();

  // True when no attempt is under way, false after `timeout`.
  bool WaitIdle(std::chrono::milliseconds timeout);

  // Stops the running attempts and queues their jobs again, for the next start. Blocks on the
  // store.
  void RequeueRunning();

  std::size_t running() const;

 private:
  using AttemptRef = std::shared_ptr<Attempt>;  // shared with tasks and callbacks under way

  void Pump();
  bool TakeOne();
  void Start(const AttemptRef& attempt);
  Status Prepare(Attempt& attempt, RunSpec& spec);
  struct Stopped {
    bool abandoned = false;  // by a drain; its job is queued again already
    bool cancelled = false;
  };
  Stopped StopOf(const Attempt& attempt) const;
  void OnDone(const AttemptRef& attempt, RunOutcome outcome);
  void Apply(const AttemptRef& attempt, RunOutcome outcome);
  Status Publish(Attempt& attempt, const RunOutcome& outcome, JobResult& result);
  Status PublishExtras(const Attempt& attempt, const RunOutcome& outcome, JobResult& result);
  void Finish(const AttemptRef& attempt, JobResult result);
  // The machine failed at this job: queue it again, or end it when that happened too often.
  void GiveBack(const AttemptRef& attempt, const Status& why);
  // It would have failed at any job: queue it again.
  void PutBack(const AttemptRef& attempt, const Status& why);
  void RequeueUntilDone(const AttemptRef& attempt);
  Status Requeue(const Attempt& attempt);
  bool StorageReady() const;
  void CountFinished(const Job& job);
  void Release(const AttemptRef& attempt);
  void Pause();
  void WakeLocked();

  const SchedulerOptions options_;
  const SchedulerDeps deps_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::map<std::string, AttemptRef> running_;           // by job
  std::map<std::string, int> infrastructure_failures_;  // by job; erased when it ends
  std::size_t taking_ = 0;  // slots claimed while the store is asked for a job
  int failures_in_a_row_ = 0;
  bool stopped_ = false;
  bool abandoning_ = false;  // what is taken from now on goes back to the queue
  bool paused_ = false;      // until the retry delay has passed
  bool pump_posted_ = false;
};

}  // namespace smelt::jobs
