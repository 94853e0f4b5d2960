// The scheduler's steps of one attempt, from the opened inputs to the stored result.
#include <span>
#include <string>
#include <utility>

#include "core/base/log.h"
#include "server/jobs/attempt.h"
#include "server/jobs/bare_report.h"
#include "server/jobs/cancelled_job.h"
#include "server/jobs/operation.h"
#include "server/jobs/scheduler.h"

namespace smelt::jobs {
namespace {

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
    return Finish(attempt, CancelledResult(job, deps_.clock.Wall()));
  }
  RunSpec spec;
  const Status prepared = Prepare(*attempt, spec);
  const auto [abandoned, cancelled] = StopOf(*attempt);
  if (abandoned) return Release(attempt);
  if (cancelled) {
    return Finish(attempt, CancelledResult(job, deps_.clock.Wall()));
  }
  if (!prepared.ok()) {
    if (IsInfrastructure(prepared.reason())) return GiveBack(attempt, prepared);
    return Finish(attempt, ResultOf(job, JobState::kFailed, prepared.reason(),
                                    std::string(prepared.message())));
  }
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
    stop = attempt->stop.stop_requested() && attempt->phase != Attempt::Phase::kApplying;
    if (attempt->phase == Attempt::Phase::kStarting) attempt->phase = Attempt::Phase::kRunning;
  }
  if (stop) deps_.runner.Cancel(job.id);
}

Scheduler::Stopped Scheduler::StopOf(const Attempt& attempt) const {
  std::lock_guard lock(mutex_);
  const bool abandoned = attempt.phase == Attempt::Phase::kAbandoned;
  return {.abandoned = abandoned, .cancelled = !abandoned && attempt.stop.stop_requested()};
}

Status Scheduler::Prepare(Attempt& attempt, RunSpec& spec) {
  const v1::ModelInput& input = InputOf(attempt.job.operation);
  SMELT_RETURN_IF_ERROR(CheckBundle(attempt.job.operation, options_.bundle));
  spec.job_id = attempt.job.id;
  spec.attempt = attempt.job.attempt;
  spec.operation = attempt.job.operation;
  spec.file_name = input.file_name();
  SMELT_ASSIGN_OR_RETURN(const Digest model, FromProto(input.model()));
  const std::stop_token stop = attempt.stop.get_token();
  SMELT_ASSIGN_OR_RETURN(attempt.model, deps_.blobs.Open(model, stop));
  spec.model_fd = attempt.model.get();
  spec.model_bytes = model.size_bytes;
  spec.model_sha256 = model.Hex();
  for (const auto& [path, proto] : input.external_files()) {
    SMELT_ASSIGN_OR_RETURN(const Digest digest, FromProto(proto));
    SMELT_ASSIGN_OR_RETURN(UniqueFd fd, deps_.blobs.Open(digest, stop));
    spec.external_fds[path] = fd.get();
    attempt.external_files.push_back(std::move(fd));
  }
  for (const v1::CalibrationFile& file : CalibrationFilesOf(attempt.job.operation)) {
    SMELT_ASSIGN_OR_RETURN(const Digest digest, FromProto(file.blob()));
    SMELT_ASSIGN_OR_RETURN(UniqueFd fd, deps_.blobs.Open(digest, stop));
    spec.calibration.push_back({fd.get(), file.name(), file.input(), file.raw_type()});
    attempt.calibration_files.push_back(std::move(fd));
  }
  SMELT_ASSIGN_OR_RETURN(attempt.artifact, deps_.blobs.CreateTemp());
  SMELT_ASSIGN_OR_RETURN(attempt.report, deps_.blobs.CreateTemp());
  spec.artifact_fd = attempt.artifact->fd();
  spec.report_fd = attempt.report->fd();
  if (WritesExtras(spec.operation)) {
    SMELT_ASSIGN_OR_RETURN(attempt.extras, deps_.blobs.CreateTemp());
    spec.extras_fd = attempt.extras->fd();
  }
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
  attempt->CloseInputs();
  if (outcome.infrastructure_failure) {
    const Status why(outcome.reason == Reason::kOk ? Reason::kWorkerUnavailable : outcome.reason,
                     outcome.message);
    return outcome.no_worker ? PutBack(attempt, why) : GiveBack(attempt, why);
  }
  const Clock::SteadyTime ended = deps_.clock.Now();
  deps_.metrics.OnStage("run", attempt->target, Seconds(ended - attempt->run_started));
  JobResult result = outcome.state == JobState::kCancelled
                         ? CancelledResult(job, deps_.clock.Wall())
                         : ResultOf(job, outcome.state, outcome.reason, outcome.message);
  const Status published = Publish(*attempt, outcome, result);
  if (!published.ok() && IsInfrastructure(published.reason())) {
    return GiveBack(attempt, published);
  }
  deps_.metrics.OnRun(attempt->target, outcome);
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
  if (succeeded != (outcome.artifact.has_value() || !outcome.parts.empty())) {
    if (succeeded) return Status(Reason::kWorkerProtocol, "success without an artifact");
    // A failed verification may leave bytes behind; they are never published.
  }
  if (outcome.state == JobState::kFailed && outcome.reason == Reason::kOk) {
    return Status(Reason::kWorkerProtocol, "failure without a reason");
  }
  const std::span<const RunArtifact> parts(outcome.parts);
  for (const RunArtifact& part : parts.first(succeeded ? parts.size() : 0)) {
    SMELT_ASSIGN_OR_RETURN(const Digest digest,
                           deps_.blobs.PutPiece(*attempt.artifact, part.offset, part.digest));
    result.artifacts.push_back({part.name, part.kind, digest});
  }
  if (outcome.artifact && succeeded) {
    SMELT_ASSIGN_OR_RETURN(const Digest digest,
                           deps_.blobs.Seal(std::move(attempt.artifact), outcome.artifact->digest));
    result.artifacts.push_back({outcome.artifact->name, outcome.artifact->kind, digest});
  }
  SMELT_RETURN_IF_ERROR(PublishExtras(attempt, outcome, result));
  if (outcome.report) {
    SMELT_ASSIGN_OR_RETURN(result.report,
                           deps_.blobs.Seal(std::move(attempt.report), *outcome.report));
  }
  return Status::Ok();
}

// Pieces of one file become blobs of their own.
Status Scheduler::PublishExtras(const Attempt& attempt, const RunOutcome& outcome,
                                JobResult& result) {
  if (!outcome.extras.empty() && attempt.extras == nullptr) {
    return Status(Reason::kWorkerProtocol, "files that nobody asked for");
  }
  std::uint64_t offset = 0;
  for (const RunArtifact& extra : outcome.extras) {
    SMELT_ASSIGN_OR_RETURN(const Digest digest,
                           deps_.blobs.PutPiece(*attempt.extras, offset, extra.digest));
    offset += digest.size_bytes;
    result.artifacts.push_back({extra.name, extra.kind, digest});
  }
  return Status::Ok();
}

void Scheduler::Finish(const AttemptRef& attempt, JobResult result) {
  attempt->CloseAll();
  AddBareReport(deps_.blobs, attempt->job, result);  // when its worker left none
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
  attempt->CloseAll();  // its outputs may be what fills the disk
  if (!StorageReady()) return PutBack(attempt, why);
  int failures = 0;
  {
    std::lock_guard lock(mutex_);
    failures = ++infrastructure_failures_[job.id];
  }
  if (failures < options_.max_infrastructure_failures) return PutBack(attempt, why);
  Finish(attempt, ResultOf(job, JobState::kFailed, why.reason(), std::string(why.message())));
}

void Scheduler::PutBack(const AttemptRef& attempt, const Status& why) {
  attempt->CloseAll();
  const Job& job = attempt->job;
  Log(LogLevel::kWarning, "attempt_not_counted",
      {{"job", job.id}, {"attempt", job.attempt}, {"error", why.ToString()}});
  {
    std::lock_guard lock(mutex_);
    ++failures_in_a_row_;
    Pause();
  }
  RequeueUntilDone(attempt);
}

void Scheduler::RequeueUntilDone(const AttemptRef& attempt) {
  if (!IsInfrastructure(Requeue(*attempt).reason())) return Release(attempt);
  deps_.executor.PostAfter(options_.retry_delay, [this, attempt] { RequeueUntilDone(attempt); });
}

}  // namespace smelt::jobs
