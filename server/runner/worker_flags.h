// The command line of smelt-worker. People use --print-support; the daemon passes the rest.
#pragma once

#include <sys/types.h>

#include <string>

#include "core/base/result.h"
#include "server/runner/sandbox.h"

namespace smelt::runner {

struct WorkerFlags {
  std::string print_support;  // json, md or reasons; empty: serve a job
  int channel_fd = -1;        // the worker's end of the socket pair
  pid_t parent_pid = 0;       // the daemon; 0: not checked
  SandboxLimits limits;
};

// kUsage for an unknown flag, a value that is no number, or nothing to do.
Result<WorkerFlags> ParseWorkerFlags(int argc, char** argv);

}  // namespace smelt::runner
