// What the end of a worker process means for its job: from evidence to outcome, without any I/O.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "server/jobs/job_runner.h"
#include "smelt/worker/v1/frames.pb.h"

namespace smelt::workers {

// Why the daemon asked a worker to stop.
enum class StopCause : std::uint8_t { kNone, kCancelled, kTimeout, kProtocol, kShutdown };

// Everything that is known when a process was reaped.
struct ExitEvidence {
  int wait_status = 0;  // as waitpid gives it
  StopCause stop = StopCause::kNone;
  bool killed_by_us = false;   // a SIGKILL was the daemon's own
  bool start_failed = false;   // the job never reached the process
  std::string protocol_error;  // of a frame that could not be taken or sent
  std::optional<worker::v1::Done> done;
  std::string last_stage;           // of the newest progress frame
  std::string stderr_tail;          // what the process said last, untrusted
  std::uint64_t max_rss_bytes = 0;  // upper bound: includes what was shared before the exec
  double cpu_seconds = 0;
  std::chrono::milliseconds wall_limit{0};  // the limit that a timeout broke
};

// A crash is the job's own result, with signal, stage and last words as evidence. What the daemon
// itself stopped for a shutdown, what ended before the job's first stage and what the disk did are
// infrastructure failures. An orderly end that came before the stop took effect keeps its
// result. Names of stages and operators are the worker's: not to be used as labels before they were
// compared with known ones.
jobs::RunOutcome JudgeExit(const ExitEvidence& evidence);

}  // namespace smelt::workers
