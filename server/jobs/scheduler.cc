#include "server/jobs/scheduler.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "server/jobs/attempt.h"
#include "server/jobs/operation.h"

namespace smelt::jobs {
namespace {

constexpr std::chrono::milliseconds kLongestRetryDelay{30'000};

double Seconds(std::chrono::duration<double> duration) { return duration.count(); }

// Failures of the machine; every other failure to prepare or publish is the job's own.
bool IsInfrastructure(Reason reason) {
  return reason == Reason::kIoError || reason == Reason::kStorageFull ||
         reason == Reason::kInternalError;
}

JobResult ResultOf(const Job& job, JobState state, Reason reason, std::string message) {
  JobResult result;
  result.id = job.id;
  result.version = job.version;
  result.state = state;
  result.reason = reason;
  result.message = std::move(message);
  return result;
}

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
    ++taking_;
  }
  Result<std::optional<Job>> taken = deps_.store.TakeNext(deps_.clock.Wall());
  std::lock_guard lock(mutex_);
  --taking_;
  if (!taken.ok()) {
    Log(LogLevel::kError, "take_failed", {{"error", taken.status().ToString()}});
    Pause();
    return false;
  }
  if (!taken->has_value()) {
    idle_.notify_all();
    return false;
  }
  auto attempt = std::make_shared<Attempt>();
  attempt->job = **std::move(taken);
  attempt->target = TargetName(attempt->job.convert.options());
  running_[attempt->job.id] = attempt;
  deps_.executor.Post([this, attempt] { Start(attempt); });
  return true;
}

void Scheduler::Start(const AttemptRef& attempt) {
  const Job& job = attempt->job;
  Log(LogLevel::kInfo, "job_started", {{"job", job.id}, {"attempt", job.attempt}});
  if (job.attempt == 1) {
    deps_.metrics.OnStage("queue", attempt->target,
                          Seconds(job.start_time.value_or(job.create_time) - job.create_time));
  }
  // A cancel that the store saw before this attempt was known here.
  const Result<Job> now = deps_.store.Get(job.id);
  if (now.ok() && now->cancel_requested) {
    return Finish(attempt, ResultOf(job, JobState::kCancelled, Reason::kOk, ""));
  }
  RunSpec spec;
  if (const Status prepared = Prepare(*attempt, spec); !prepared.ok()) {
    if (IsInfrastructure(prepared.reason())) return GiveBack(attempt, prepared);
    return Finish(attempt, ResultOf(job, JobState::kFailed, prepared.reason(),
                                    std::string(prepared.message())));
  }
  if (IsAbandoned(*attempt)) return Release(attempt);
  attempt->run_started = deps_.clock.Now();
  deps_.runner.Run(
      std::move(spec),
      [this, id = job.id](const v1::Progress& progress) {
        deps_.events.PublishProgress(id, progress);
      },
      [this, attempt](RunOutcome outcome) { OnDone(attempt, std::move(outcome)); });
  bool stop = false;
  {
    std::lock_guard lock(mutex_);
    // Asked to stop while the runner did not know the job yet.
    stop = attempt->stop_requested && attempt->phase != Attempt::Phase::kApplying;
    if (attempt->phase == Attempt::Phase::kStarting) attempt->phase = Attempt::Phase::kRunning;
  }
  if (stop) deps_.runner.Cancel(job.id);
}

bool Scheduler::IsAbandoned(const Attempt& attempt) const {
  std::lock_guard lock(mutex_);
  return attempt.phase == Attempt::Phase::kAbandoned;
}

Status Scheduler::Prepare(Attempt& attempt, RunSpec& spec) {
  const v1::ConvertOperation& convert = attempt.job.convert;
  spec.job_id = attempt.job.id;
  spec.attempt = attempt.job.attempt;
  spec.options = convert.options();
  spec.file_name = convert.input().file_name();
  SMELT_ASSIGN_OR_RETURN(const Digest model, FromProto(convert.input().model()));
  SMELT_ASSIGN_OR_RETURN(attempt.model, deps_.blobs.Open(model));
  spec.model_fd = attempt.model.get();
  spec.model_bytes = model.size_bytes;
  for (const auto& [path, proto] : convert.input().external_files()) {
    SMELT_ASSIGN_OR_RETURN(const Digest digest, FromProto(proto));
    SMELT_ASSIGN_OR_RETURN(UniqueFd fd, deps_.blobs.Open(digest));
    spec.external_fds[path] = fd.get();
    attempt.external_files.push_back(std::move(fd));
  }
  SMELT_ASSIGN_OR_RETURN(attempt.artifact, deps_.blobs.CreateTemp());
  SMELT_ASSIGN_OR_RETURN(attempt.report, deps_.blobs.CreateTemp());
  spec.artifact_fd = attempt.artifact->fd();
  spec.report_fd = attempt.report->fd();
  return Status::Ok();
}

void Scheduler::OnDone(const AttemptRef& attempt, RunOutcome outcome) {
  bool abandoned = false;
  {
    std::lock_guard lock(mutex_);
    abandoned = attempt->phase == Attempt::Phase::kAbandoned;
    if (!abandoned) attempt->phase = Attempt::Phase::kApplying;
  }
  // The outcome of an abandoned attempt is nobody's: its job is queued again already.
  deps_.executor.Post([this, attempt, abandoned, outcome = std::move(outcome)]() mutable {
    if (abandoned) return Release(attempt);
    Apply(attempt, std::move(outcome));
  });
}

void Scheduler::Apply(const AttemptRef& attempt, RunOutcome outcome) {
  const Job& job = attempt->job;
  if (outcome.infrastructure_failure) {
    return GiveBack(
        attempt, Status(outcome.reason == Reason::kOk ? Reason::kWorkerUnavailable : outcome.reason,
                        outcome.message));
  }
  const Clock::SteadyTime ended = deps_.clock.Now();
  deps_.metrics.OnStage("run", attempt->target, Seconds(ended - attempt->run_started));
  deps_.metrics.OnRun(attempt->target, outcome);
  JobResult result = ResultOf(job, outcome.state, outcome.reason, outcome.message);
  const Status published = Publish(*attempt, outcome, result);
  if (!published.ok() && IsInfrastructure(published.reason())) {
    return GiveBack(attempt, published);
  }
  if (!published.ok()) {
    // What the worker said and what it wrote differ: nothing of it can be trusted.
    result = ResultOf(
        job, JobState::kFailed, Reason::kWorkerProtocol,
        "the worker's answer does not match what it wrote: " + std::string(published.message()));
  }
  deps_.metrics.OnStage("publish", attempt->target, Seconds(deps_.clock.Now() - ended));
  {
    std::lock_guard lock(mutex_);
    failures_in_a_row_ = 0;
  }
  Finish(attempt, std::move(result));
}

// Makes the outputs blobs and names them in `result`.
Status Scheduler::Publish(Attempt& attempt, const RunOutcome& outcome, JobResult& result) {
  if (!IsFinal(outcome.state)) return Status(Reason::kWorkerProtocol, "the state is not final");
  const bool succeeded = outcome.state == JobState::kSucceeded;
  if (succeeded != outcome.artifact.has_value()) {
    if (succeeded) return Status(Reason::kWorkerProtocol, "success without an artifact");
    // A failed verification may leave bytes behind; they are never published.
  }
  if (outcome.state == JobState::kFailed && outcome.reason == Reason::kOk) {
    return Status(Reason::kWorkerProtocol, "failure without a reason");
  }
  if (succeeded) {
    SMELT_ASSIGN_OR_RETURN(const Digest digest,
                           deps_.blobs.Seal(std::move(attempt.artifact), outcome.artifact->digest));
    result.artifacts.push_back({outcome.artifact->name, outcome.artifact->kind, digest});
  }
  if (outcome.report) {
    SMELT_ASSIGN_OR_RETURN(result.report,
                           deps_.blobs.Seal(std::move(attempt.report), *outcome.report));
  }
  return Status::Ok();
}

void Scheduler::Finish(const AttemptRef& attempt, JobResult result) {
  result.now = deps_.clock.Wall();
  const Result<Job> finished = deps_.store.Finish(result);
  if (finished.ok()) {
    CountFinished(*finished);
    return Release(attempt);
  }
  const Reason reason = finished.status().reason();
  Log(LogLevel::kError, "finish_failed",
      {{"job", result.id}, {"error", finished.status().ToString()}});
  if (reason == Reason::kImpossibleTransition) deps_.metrics.OnImpossibleTransition();
  if (!IsInfrastructure(reason)) return Release(attempt);  // somebody else has moved the job on
  // The slot stays taken: with a ledger that can't be written no other job can start either.
  deps_.executor.PostAfter(options_.retry_delay, [this, attempt, result = std::move(result)] {
    Finish(attempt, result);
  });
}

void Scheduler::GiveBack(const AttemptRef& attempt, const Status& why) {
  const Job& job = attempt->job;
  Log(LogLevel::kWarning, "attempt_not_counted",
      {{"job", job.id}, {"attempt", job.attempt}, {"error", why.ToString()}});
  int failures = 0;
  {
    std::lock_guard lock(mutex_);
    failures = ++infrastructure_failures_[job.id];
    ++failures_in_a_row_;
    Pause();
  }
  if (failures >= options_.max_infrastructure_failures) {
    return Finish(attempt,
                  ResultOf(job, JobState::kFailed, why.reason(), std::string(why.message())));
  }
  Requeue(*attempt);
  Release(attempt);
}

void Scheduler::Requeue(const Attempt& attempt) {
  const Job& job = attempt.job;
  const Result<Job> requeued = deps_.store.Requeue(job.id, job.version, deps_.clock.Wall());
  if (requeued.ok()) {
    if (IsFinal(requeued->state)) CountFinished(*requeued);
    return;
  }
  // The row stays RUNNING; the next start queues it again.
  Log(LogLevel::kError, "requeue_failed",
      {{"job", job.id}, {"error", requeued.status().ToString()}});
}

void Scheduler::CountFinished(const Job& job) {
  deps_.metrics.OnFinished(TargetName(job.convert.options()), job.state, job.reason);
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
  SMELT_ASSIGN_OR_RETURN(CancelAnswer answer, deps_.store.RequestCancel(id, deps_.clock.Wall()));
  if (answer.ended_now) CountFinished(answer.job);
  if (answer.job.state != JobState::kRunning) return answer.job;
  bool stop = false;
  {
    std::lock_guard lock(mutex_);
    if (const auto found = running_.find(id); found != running_.end()) {
      found->second->stop_requested = true;
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
    for (const auto& [id, attempt] : running_) {
      if (attempt->phase == Attempt::Phase::kApplying) continue;  // ends by itself
      if (attempt->phase == Attempt::Phase::kRunning) to_stop.push_back(id);
      attempt->phase = Attempt::Phase::kAbandoned;
      attempt->stop_requested = true;
      abandoned.push_back(attempt);
    }
  }
  for (const AttemptRef& attempt : abandoned) Requeue(*attempt);
  for (const std::string& id : to_stop) deps_.runner.Cancel(id);
}

std::size_t Scheduler::running() const {
  std::lock_guard lock(mutex_);
  return running_.size();
}

}  // namespace smelt::jobs
