#include "server/jobs/job_runner.h"

namespace smelt::jobs {

std::string_view ExitCauseName(ExitCause cause) {
  switch (cause) {
    case ExitCause::kOk:
      return "ok";
    case ExitCause::kError:
      return "error";
    case ExitCause::kTimeout:
      return "timeout";
    case ExitCause::kOutOfMemory:
      return "oom";
    case ExitCause::kSignal:
      return "signal";
    case ExitCause::kSyscallDenied:
      return "seccomp";
    case ExitCause::kProtocol:
      return "protocol";
    case ExitCause::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

}  // namespace smelt::jobs
