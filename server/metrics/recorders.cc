#include "server/metrics/recorders.h"

#include <array>

namespace smelt::metrics {
namespace {

using jobs::BlobMetrics;
using jobs::ExitCause;
using jobs::WorkerMetrics;

constexpr std::array kExitCauses = {
    ExitCause::kOk,     ExitCause::kError,         ExitCause::kTimeout,  ExitCause::kOutOfMemory,
    ExitCause::kSignal, ExitCause::kSyscallDenied, ExitCause::kProtocol, ExitCause::kCancelled};
constexpr std::array kWorkerStates = {WorkerMetrics::State::kStarting, WorkerMetrics::State::kIdle,
                                      WorkerMetrics::State::kBusy};
constexpr std::array kUploads = {BlobMetrics::Upload::kSealed, BlobMetrics::Upload::kDuplicate,
                                 BlobMetrics::Upload::kResumed, BlobMetrics::Upload::kExpired,
                                 BlobMetrics::Upload::kMismatch};
const std::vector<std::string> kStages = {"queue",  "run",       "publish",  "import",
                                          "passes", "calibrate", "split",    "write",
                                          "check",  "verify",    "accuracy", "inspect"};
// The label of jobs that have no target.
constexpr std::string_view kNoTarget = "none";

std::string_view StateName(WorkerMetrics::State state) {
  switch (state) {
    case WorkerMetrics::State::kStarting:
      return "starting";
    case WorkerMetrics::State::kIdle:
      return "idle";
    case WorkerMetrics::State::kBusy:
      return "busy";
  }
  return "other";
}

std::string_view UploadName(BlobMetrics::Upload outcome) {
  switch (outcome) {
    case BlobMetrics::Upload::kSealed:
      return "sealed";
    case BlobMetrics::Upload::kDuplicate:
      return "duplicate";
    case BlobMetrics::Upload::kResumed:
      return "resumed";
    case BlobMetrics::Upload::kExpired:
      return "expired";
    case BlobMetrics::Upload::kMismatch:
      return "mismatch";
  }
  return "other";
}

}  // namespace

// Children of closed sets are made at start, so that they read 0 before anything happened.

JobRecorder::JobRecorder(Families& families, const std::vector<std::string>& targets)
    : families_(families) {
  targets_.Set(targets);
  stages_.Set(kStages);
  families_.impossible_transitions.With({});
  for (const std::string& target : targets) families_.jobs_submitted.With({target});
}

std::string_view JobRecorder::TargetLabel(std::string_view target) const {
  return target.empty() ? kNoTarget : targets_.Bound(target);
}

void JobRecorder::OnSubmitted(std::string_view target) {
  families_.jobs_submitted.With({TargetLabel(target)}).Increment();
}

void JobRecorder::OnFinished(std::string_view target, jobs::JobState state, Reason reason) {
  families_.jobs_finished.With({TargetLabel(target), jobs::JobStateName(state), ReasonName(reason)})
      .Increment();
}

void JobRecorder::OnStage(std::string_view stage, std::string_view target, double seconds) {
  families_.stage_seconds.With({stages_.Bound(stage), TargetLabel(target)}).Observe(seconds);
}

void JobRecorder::OnRun(std::string_view target, const jobs::RunOutcome& outcome) {
  for (const jobs::StageTime& stage : outcome.stages) {
    OnStage(stage.stage, target, stage.seconds);
  }
  for (const jobs::OperatorCount& op : outcome.lowered) {
    families_.ops_lowered.With({operators_.Bound(op.op_type)})
        .Increment(static_cast<double>(op.count));
  }
  for (const jobs::OperatorCount& op : outcome.rejected) {
    families_.ops_rejected.With({operators_.Bound(op.op_type), ReasonName(op.reason)})
        .Increment(static_cast<double>(op.count));
  }
  if (outcome.peak_rss_bytes == 0) return;  // there was no process
  const std::string_view known = TargetLabel(target);
  families_.worker_cpu_seconds.With({known}).Observe(outcome.cpu_seconds);
  families_.worker_rss_bytes.With({known}).Observe(static_cast<double>(outcome.peak_rss_bytes));
}

void JobRecorder::OnImpossibleTransition() {
  families_.impossible_transitions.With({}).Increment();
}

WorkerRecorder::WorkerRecorder(Families& families) : families_(families) {
  for (const ExitCause cause : kExitCauses) {
    families_.worker_exits.With({jobs::ExitCauseName(cause)});
  }
  for (const State state : kWorkerStates) families_.workers.With({StateName(state)});
}

void WorkerRecorder::OnExit(ExitCause cause) {
  families_.worker_exits.With({jobs::ExitCauseName(cause)}).Increment();
}

void WorkerRecorder::SetWorkers(State state, std::size_t count) {
  families_.workers.With({StateName(state)}).Set(static_cast<double>(count));
}

StoreRecorder::StoreRecorder(Families& families) : families_(families) {
  families_.commit_seconds.With({"group"});
  families_.commit_calls.With({});
  for (const std::string_view op : {"data", "dir"}) families_.fsync_seconds.With({op});
}

void StoreRecorder::OnCommit(double seconds, std::size_t calls) {
  families_.commit_seconds.With({"group"}).Observe(seconds);
  families_.commit_calls.With({}).Observe(static_cast<double>(calls));
}

void StoreRecorder::OnFsync(std::string_view op, double seconds) {
  families_.fsync_seconds.With({op}).Observe(seconds);
}

BlobRecorder::BlobRecorder(Families& families) : families_(families) {
  for (const Upload outcome : kUploads) families_.uploads.With({UploadName(outcome)});
}

void BlobRecorder::OnUpload(Upload outcome) {
  families_.uploads.With({UploadName(outcome)}).Increment();
}

RpcRecorder::RpcRecorder(Families& families) : families_(families) {
  families_.watch_streams.With({});
  families_.watch_gaps.With({});
}

void RpcRecorder::OnStarted(std::string_view service, std::string_view method) {
  families_.rpc_started.With({service, method}).Increment();
}

void RpcRecorder::OnHandled(std::string_view service, std::string_view method,
                            std::string_view code, double seconds) {
  families_.rpc_handled.With({service, method, code}).Increment();
  families_.rpc_seconds.With({service, method}).Observe(seconds);
}

void RpcRecorder::OnWatchOpened() { families_.watch_streams.With({}).Increment(); }
void RpcRecorder::OnWatchClosed() { families_.watch_streams.With({}).Decrement(); }
void RpcRecorder::OnWatchGap() { families_.watch_gaps.With({}).Increment(); }

}  // namespace smelt::metrics
