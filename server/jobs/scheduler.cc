#include "server/jobs/scheduler.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "server/jobs/attempt.h"
#include "server/jobs/bare_report.h"
#include "server/jobs/cancelled_job.h"
#include "server/jobs/operation.h"

namespace smelt::jobs {
namespace {

constexpr std::chrono::milliseconds kLongestRetryDelay{30'000};

}  // namespace

Scheduler::Scheduler(SchedulerOptions options, SchedulerDeps deps)
    : options_(options), deps_(deps) {}
Scheduler::~Scheduler() = default;

void Scheduler::Wake() {
  std::lock_guard lock(mutex_);
  WakeLocked();
}

void Scheduler::WakeLocked() {
  if (pump_posted_ || stopped_ || paused_) return;
  pump_posted_ = true;
  deps_.executor.Post([this] { Pump(); });
}

void Scheduler::Pump() {
  {
    std::lock_guard lock(mutex_);
    pump_posted_ = false;
  }
  while (TakeOne()) {
  }
}

// Claims a slot and fills it from the queue; false when there is no slot or no job.
bool Scheduler::TakeOne() {
  {
    std::lock_guard lock(mutex_);
    if (stopped_ || paused_ || running_.size() + taking_ >= options_.slots) return false;
    if (!deps_.runner.available()) {
      Pause();
      return false;
    }
    ++taking_;
  }
  const bool storage = StorageReady();
  Result<std::optional<Job>> taken = std::optional<Job>();
  if (storage) taken = deps_.store.TakeNext(deps_.clock.Wall());
  std::unique_lock lock(mutex_);
  --taking_;
  if (!storage) {
    Pause();
    idle_.notify_all();
    return false;
  }
  if (!taken.ok()) {
    Log(LogLevel::kError, "take_failed", {{"error", taken.status().ToString()}});
    Pause();
    idle_.notify_all();
    return false;
  }
  if (!taken->has_value()) {
    idle_.notify_all();
    return false;
  }
  auto attempt = std::make_shared<Attempt>();
  attempt->job = **std::move(taken);
  attempt->target = TargetName(attempt->job.operation);
  if (abandoning_) {  // the store answered after the drain had given up waiting
    lock.unlock();
    static_cast<void>(Requeue(*attempt));
    return false;
  }
  running_[attempt->job.id] = attempt;
  deps_.executor.Post([this, attempt] { Start(attempt); });
  return true;
}

bool Scheduler::StorageReady() const { return !deps_.storage || deps_.storage().ok(); }

// After an error the row is still RUNNING; the next start queues it again.
Status Scheduler::Requeue(const Attempt& attempt) {
  const Job& job = attempt.job;
  const Result<Job> requeued = RequeueOrCancel(deps_.store, deps_.blobs, job, deps_.clock.Wall());
  if (requeued.ok()) {
    if (IsFinal(requeued->state)) CountFinished(*requeued);
    return Status::Ok();
  }
  Log(LogLevel::kError, "requeue_failed",
      {{"job", job.id}, {"error", requeued.status().ToString()}});
  return requeued.status();
}

void Scheduler::CountFinished(const Job& job) {
  deps_.metrics.OnFinished(TargetName(job.operation), job.state, job.reason);
  Log(LogLevel::kInfo, "job_finished",
      {{"job", job.id},
       {"attempt", job.attempt},
       {"state", JobStateName(job.state)},
       {"reason", ReasonName(job.reason)}});
  std::lock_guard lock(mutex_);
  infrastructure_failures_.erase(job.id);
}

void Scheduler::Release(const AttemptRef& attempt) {
  std::lock_guard lock(mutex_);
  // A job that was given back may be under way again already, as another attempt.
  const auto found = running_.find(attempt->job.id);
  if (found != running_.end() && found->second == attempt) running_.erase(found);
  idle_.notify_all();
  WakeLocked();
}

// Stops taking for a while. The mutex is held.
void Scheduler::Pause() {
  if (paused_) return;
  paused_ = true;
  const int doublings = std::clamp(failures_in_a_row_ - 1, 0, 16);
  const auto delay = std::min(options_.retry_delay * (1 << doublings), kLongestRetryDelay);
  deps_.executor.PostAfter(delay, [this] {
    std::lock_guard lock(mutex_);
    paused_ = false;
    WakeLocked();
  });
}

Result<Job> Scheduler::Cancel(const std::string& id) {
  SMELT_ASSIGN_OR_RETURN(const Job job, deps_.store.Get(id));
  JobResult cancelled = CancelledResult(job, deps_.clock.Wall());
  if (job.state == JobState::kQueued) AddBareReport(deps_.blobs, job, cancelled);
  SMELT_ASSIGN_OR_RETURN(const CancelAnswer answer,
                         deps_.store.RequestCancel(id, cancelled.now, cancelled.report));
  if (answer.ended_now) CountFinished(answer.job);
  if (answer.job.state != JobState::kRunning) return answer.job;
  bool stop = false;
  {
    std::lock_guard lock(mutex_);
    if (const auto found = running_.find(id); found != running_.end()) {
      found->second->stop.request_stop();
      stop = found->second->phase == Attempt::Phase::kRunning;
    }
  }
  if (stop) deps_.runner.Cancel(id);
  return answer.job;
}

void Scheduler::StopTaking() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
}

bool Scheduler::WaitIdle(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, timeout, [this] { return running_.empty() && taking_ == 0; });
}

void Scheduler::RequeueRunning() {
  std::vector<AttemptRef> abandoned;
  std::vector<std::string> to_stop;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    abandoning_ = true;
    for (const auto& [id, attempt] : running_) {
      if (attempt->phase == Attempt::Phase::kApplying) continue;  // ends by itself
      if (attempt->phase == Attempt::Phase::kRunning) to_stop.push_back(id);
      attempt->phase = Attempt::Phase::kAbandoned;
      attempt->stop.request_stop();
      abandoned.push_back(attempt);
    }
  }
  for (const AttemptRef& attempt : abandoned) static_cast<void>(Requeue(*attempt));
  for (const std::string& id : to_stop) deps_.runner.Cancel(id);
}

std::size_t Scheduler::running() const {
  std::lock_guard lock(mutex_);
  return running_.size();
}

}  // namespace smelt::jobs
