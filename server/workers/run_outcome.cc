#include "server/workers/run_outcome.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <cmath>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/utf8.h"
#include "server/jobs/operation.h"

namespace smelt::workers {
namespace {

using jobs::ExitCause;
using jobs::JobState;
using jobs::RunOutcome;

constexpr std::size_t kMaxMessageBytes = 1024;
// A worker's own words may name things of the model; the job that repeats them stays small.
constexpr std::size_t kMaxDoneMessageBytes = std::size_t{16} << 10;
constexpr int kMaxExtras = 128;
constexpr int kMaxParts = 1024;
constexpr std::size_t kMaxNameBytes = 512;

RunOutcome Failure(ExitCause cause, Reason reason, std::string message) {
  RunOutcome outcome;
  outcome.state = JobState::kFailed;
  outcome.reason = reason;
  outcome.message = std::move(message);
  outcome.exit_cause = cause;
  return outcome;
}

// Text of the worker made fit for a message: printable, one line, bounded.
std::string Printable(std::string_view text) {
  std::string clean;
  for (const char c : text.substr(0, kMaxMessageBytes)) {
    clean += (c >= ' ' && c <= '~') ? c : ' ';
  }
  while (!clean.empty() && clean.back() == ' ') clean.pop_back();
  return clean;
}

std::string Where(const ExitEvidence& evidence) {
  std::string text = evidence.last_stage.empty() ? " before its first stage"
                                                 : " in stage " + Printable(evidence.last_stage);
  if (evidence.max_rss_bytes > 0) {
    text += ", peak memory " + std::to_string(evidence.max_rss_bytes >> 20) + " MiB";
  }
  if (!evidence.stderr_tail.empty()) text += ": " + Printable(evidence.stderr_tail);
  return text;
}

RunOutcome JudgeSignal(const ExitEvidence& evidence, int signal) {
  const char* name = ::sigabbrev_np(signal);
  const std::string named = std::string("SIG") + (name != nullptr ? name : "?");
  switch (signal) {
    case SIGSYS:
      return Failure(ExitCause::kSyscallDenied, Reason::kWorkerSyscallDenied,
                     "the sandbox killed the worker at a forbidden system call" + Where(evidence));
    case SIGXCPU:
      return Failure(ExitCause::kTimeout, Reason::kWorkerTimeout,
                     "the worker used up its processor time" + Where(evidence));
    case SIGXFSZ:
      return Failure(ExitCause::kError, Reason::kArtifactTooLarge,
                     "the worker wrote past its file size limit" + Where(evidence));
    case SIGKILL:  // not ours: the kernel's answer when the machine runs out of memory
      return Failure(
          ExitCause::kOutOfMemory, Reason::kWorkerOutOfMemory,
          "the worker was killed from outside, most likely for memory" + Where(evidence));
    default:
      return Failure(ExitCause::kSignal, Reason::kWorkerCrashed,
                     "the worker was killed by " + named + Where(evidence));
  }
}

RunOutcome JudgeStop(const ExitEvidence& evidence) {
  switch (evidence.stop) {
    case StopCause::kCancelled: {
      RunOutcome outcome =
          Failure(ExitCause::kCancelled, Reason::kCancelled, "the job was cancelled");
      outcome.state = JobState::kCancelled;
      return outcome;
    }
    case StopCause::kTimeout:
      return Failure(ExitCause::kTimeout, Reason::kWorkerTimeout,
                     "the job ran longer than " + std::to_string(evidence.wall_limit.count()) +
                         " ms" + Where(evidence));
    case StopCause::kProtocol:
      return Failure(ExitCause::kProtocol, Reason::kWorkerProtocol,
                     "the worker broke the protocol: " + Printable(evidence.protocol_error));
    case StopCause::kShutdown: {
      RunOutcome outcome = Failure(ExitCause::kCancelled, Reason::kDraining, "the daemon stops");
      outcome.infrastructure_failure = true;
      return outcome;
    }
    case StopCause::kNone:
      break;
  }
  return Failure(ExitCause::kError, Reason::kInternalError, "the worker was stopped without cause");
}

void CopyOperators(const google::protobuf::RepeatedPtrField<worker::v1::OperatorCount>& rows,
                   bool with_reason, std::vector<jobs::OperatorCount>& out) {
  for (const worker::v1::OperatorCount& row : rows) {
    jobs::OperatorCount count;
    count.op_type = row.op_type();
    count.count = row.count();
    if (with_reason) {
      count.reason = ReasonFromName(row.reason_code()).value_or(Reason::kInternalError);
    }
    out.push_back(std::move(count));
  }
}

// Of a file, or of its kind.
bool IsPlainName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNameBytes && name.find('/') == std::string::npos;
}

// False for what no worker of ours says.
bool CopyPieces(const google::protobuf::RepeatedPtrField<worker::v1::Extra>& pieces, int limit,
                std::vector<jobs::RunArtifact>& out) {
  if (pieces.size() > limit) return false;
  for (const worker::v1::Extra& piece : pieces) {
    const Result<Digest> digest = jobs::FromProto(piece.digest());
    if (!digest.ok() || !IsPlainName(piece.name()) || !IsPlainName(piece.kind())) return false;
    out.push_back({piece.name(), piece.kind(), *digest, piece.offset()});
  }
  return true;
}

// Each behind the last one: together they are no more than the file that holds them.
bool AreApart(const std::vector<jobs::RunArtifact>& parts) {
  std::uint64_t end = 0;
  for (const jobs::RunArtifact& part : parts) {
    const std::uint64_t size = part.digest.size_bytes;
    if (part.offset < end || size > std::numeric_limits<std::uint64_t>::max() - part.offset) {
      return false;
    }
    end = part.offset + size;
  }
  return true;
}

// The artifact of a success: one file, or its parts.
bool CopyArtifact(const worker::v1::Done& done, RunOutcome& outcome) {
  if (done.parts_size() != 0) {
    return CopyPieces(done.parts(), kMaxParts, outcome.parts) && AreApart(outcome.parts);
  }
  Result<Digest> digest = jobs::FromProto(done.artifact());
  if (!digest.ok() || !IsPlainName(done.artifact_name()) || !IsPlainName(done.artifact_kind())) {
    return false;
  }
  outcome.artifact = {done.artifact_name(), done.artifact_kind(), *digest, 0};
  return true;
}

// A sum of seconds must not be lost to one that is none.
double Sane(double seconds) { return std::isfinite(seconds) && seconds > 0 ? seconds : 0; }

RunOutcome JudgeDone(const worker::v1::Done& done) {
  RunOutcome outcome;
  if (done.state() == v1::SUCCEEDED) {
    if (!CopyArtifact(done, outcome)) {
      return Failure(ExitCause::kProtocol, Reason::kWorkerProtocol,
                     "the worker reported success without a valid artifact");
    }
    outcome.state = JobState::kSucceeded;
  } else {
    outcome.state = done.state() == v1::CANCELLED ? JobState::kCancelled : JobState::kFailed;
    outcome.reason = ReasonFromName(done.reason_code()).value_or(Reason::kInternalError);
    outcome.message = ClipUtf8(done.message(), kMaxDoneMessageBytes);
  }
  if (!CopyPieces(done.extras(), kMaxExtras, outcome.extras)) {
    return Failure(ExitCause::kProtocol, Reason::kWorkerProtocol,
                   "the worker described the files beside its artifact wrongly");
  }
  // The disk is the machine's.
  if (outcome.reason == Reason::kStorageFull || outcome.reason == Reason::kIoError) {
    outcome.infrastructure_failure = true;
  }
  if (outcome.reason == Reason::kOutOfMemory) outcome.exit_cause = ExitCause::kOutOfMemory;
  if (outcome.reason == Reason::kCancelled) outcome.exit_cause = ExitCause::kCancelled;
  if (done.has_report()) {
    Result<Digest> report = jobs::FromProto(done.report());
    if (report.ok()) outcome.report = *report;
  }
  for (const worker::v1::StageSeconds& row : done.stages()) {
    outcome.stages.push_back({row.stage(), Sane(row.seconds())});
  }
  outcome.cpu_seconds = Sane(done.cpu_seconds());
  outcome.peak_rss_bytes = done.peak_rss_bytes();
  CopyOperators(done.lowered(), false, outcome.lowered);
  CopyOperators(done.rejected(), true, outcome.rejected);
  return outcome;
}

}  // namespace

jobs::RunOutcome JudgeExit(const ExitEvidence& evidence) {
  if (evidence.start_failed) {
    RunOutcome outcome = Failure(ExitCause::kError, Reason::kWorkerUnavailable,
                                 "the job could not be sent: " + evidence.protocol_error);
    outcome.infrastructure_failure = true;
    return outcome;
  }
  if (evidence.stop == StopCause::kProtocol) return JudgeStop(evidence);
  if (evidence.done.has_value()) {
    RunOutcome outcome = JudgeDone(*evidence.done);
    if (outcome.state != JobState::kCancelled || evidence.stop == StopCause::kNone) return outcome;
    // It stopped because we asked: the cause is ours, the report still the worker's.
    RunOutcome stopped = JudgeStop(evidence);
    stopped.report = outcome.report;
    stopped.cpu_seconds = outcome.cpu_seconds;
    stopped.peak_rss_bytes = outcome.peak_rss_bytes;
    return stopped;
  }
  RunOutcome outcome;
  if (evidence.killed_by_us) {
    outcome = JudgeStop(evidence);
  } else if (WIFSIGNALED(evidence.wait_status)) {
    outcome = JudgeSignal(evidence, WTERMSIG(evidence.wait_status));
  } else if (WEXITSTATUS(evidence.wait_status) != 0) {
    outcome = Failure(ExitCause::kError, Reason::kWorkerCrashed,
                      "the worker ended with code " +
                          std::to_string(WEXITSTATUS(evidence.wait_status)) + Where(evidence));
  } else {
    outcome = Failure(ExitCause::kProtocol, Reason::kWorkerProtocol,
                      "the worker ended without an answer" + Where(evidence));
  }
  // Nothing was done about the job yet: the worker was broken before it got it.
  const bool asked = evidence.stop == StopCause::kCancelled;
  if (evidence.last_stage.empty() && !asked) outcome.infrastructure_failure = true;
  outcome.peak_rss_bytes = evidence.max_rss_bytes;
  outcome.cpu_seconds = evidence.cpu_seconds;
  return outcome;
}

}  // namespace smelt::workers
