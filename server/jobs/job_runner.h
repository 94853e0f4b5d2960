// JobRunner: the seam between the scheduler and whatever executes one attempt of a job (worker
// processes in the daemon, a script in tests).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.h"
#include "core/base/reason.h"
#include "server/jobs/job.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::jobs {

// A file of samples; see smelt.v1.CalibrationFile.
struct RunCalibrationFile {
  int fd = -1;  // read-only
  std::string name;
  std::string input;
  std::string raw_type;
};

// What to execute. The descriptors are borrowed: the scheduler keeps them open until `done` was
// called, and closes them afterwards.
struct RunSpec {
  std::string job_id;
  std::uint32_t attempt = 1;
  Operation operation;    // what to do; the descriptors are its input
  std::string file_name;  // as the client named the model; no path
  int model_fd = -1;      // read-only, offset 0
  std::uint64_t model_bytes = 0;
  std::string model_sha256;                 // as the blob is named
  std::map<std::string, int> external_fds;  // relative path as the model writes it -> read-only
  std::vector<RunCalibrationFile> calibration;
  int artifact_fd = -1;  // empty file, read-write: the worker writes and re-reads
  int report_fd = -1;    // empty file, write: a smelt.v1.Report
  int extras_fd = -1;    // files beside the artifact, one behind the other; -1: none are asked for
};

// How a worker process ended; the label of smelt_worker_exits_total.
enum class ExitCause : std::uint8_t {
  kOk,             // orderly, whatever became of the job
  kError,          // non-zero exit without an answer, or the process could not be started
  kTimeout,        // wall or CPU limit
  kOutOfMemory,    // memory limit
  kSignal,         // killed by a signal of its own making: a crash
  kSyscallDenied,  // killed by the system call filter
  kProtocol,       // junk frames, or an exit 0 without an answer
  kCancelled,      // stopped because the job was cancelled or the daemon drains
};

// "ok", "error", "timeout", "oom", "signal", "seccomp", "protocol", "cancelled".
std::string_view ExitCauseName(ExitCause cause);

struct StageTime {
  std::string stage;  // import, passes, calibrate, split, write, check, verify, accuracy, inspect
  double seconds = 0;
};

struct OperatorCount {
  std::string op_type;
  Reason reason = Reason::kOk;  // kOk for lowered operators
  std::uint64_t count = 0;
};

// What was written to RunSpec::artifact_fd, or a piece of it or of RunSpec::extras_fd.
struct RunArtifact {
  std::string name;          // file name, "model.tflite"
  std::string kind;          // "tflite"
  Digest digest;             // as the worker says; the scheduler hashes the file and compares
  std::uint64_t offset = 0;  // of a part: where it begins in the artifact's file
};

struct RunOutcome {
  JobState state = JobState::kFailed;  // kSucceeded, kFailed or kCancelled
  Reason reason = Reason::kOk;         // of a failure: kWorkerCrashed, kWorkerTimeout, ... too
  std::string message;                 // of a failure: one sentence with its evidence
  // Of a success one of the two: the file as a whole, or the pieces of it that are the artifact.
  std::optional<RunArtifact> artifact;
  std::vector<RunArtifact> parts;
  std::vector<RunArtifact> extras;  // in the order of their bytes; also of a failure
  std::optional<Digest> report;     // of the bytes in report_fd; absent: none was written
  std::vector<StageTime> stages;
  std::uint64_t peak_rss_bytes = 0;  // 0: unknown
  double cpu_seconds = 0;
  std::vector<OperatorCount> lowered;
  std::vector<OperatorCount> rejected;
  ExitCause exit_cause = ExitCause::kOk;
  // The machine or the daemon failed, not the job: the attempt does not count and the job is queued
  // again. After a few of these of one job it fails: it may be what the machine fails at.
  bool infrastructure_failure = false;
  // With the above: any other job would have met the same, since no process could be started. Says
  // nothing about the job, however often it happens.
  bool no_worker = false;
};

// Implementations are safe for calls from any thread.
class JobRunner {
 public:
  using ProgressFn = std::function<void(const v1::Progress&)>;
  using DoneFn = std::function<void(RunOutcome)>;

  virtual ~JobRunner() = default;

  // Starts one attempt and returns without waiting for it. At most the scheduler's number of slots
  // is under way at a time. `done` is called exactly once, from any thread (also from within Run),
  // after the process was reaped, so that nobody writes to the output descriptors any more.
  // `progress` is called any number of times before `done`, from any thread. Neither blocks.
  virtual void Run(RunSpec spec, ProgressFn progress, DoneFn done) = 0;

  // Asks the attempt to stop: `done` follows within 3 seconds, with kCancelled unless the work was
  // already over. No effect on a job that is not running here. Does not block.
  virtual void Cancel(const std::string& job_id) = 0;

  // False while nothing can be run: jobs had better stay in the queue. Does not block.
  virtual bool available() const { return true; }
};

}  // namespace smelt::jobs
