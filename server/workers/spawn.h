// Starting processes: posix_spawn with nothing inherited but what is named.
//
// posix_spawn shares the parent's memory until the exec, so it is safe and fast in a process with
// many threads and a large heap, where a bare fork is neither.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/base/unique_fd.h"

namespace smelt::workers {

// Where the worker finds its channel; 0 and 1 are /dev/null, 2 is what the spec says.
inline constexpr int kChannelDescriptor = 3;

struct SpawnSpec {
  std::string binary;
  std::vector<std::string> arguments;  // without the program's own name
  int stdout_fd = -1;                  // becomes 1; -1: /dev/null
  int stderr_fd = -1;                  // becomes 2; -1: /dev/null
  int channel_fd = -1;                 // becomes kChannelDescriptor; -1: closed
};

// A child of the calling thread in a process group of its own, with default signal handling and an
// environment that holds sanitizer options at most. The caller reaps it. kWorkerUnavailable when
// the binary can't be started.
Result<pid_t> Spawn(const SpawnSpec& spec);

// A descriptor that becomes readable when the child has ended. kIoError.
Result<UniqueFd> OpenPidFd(pid_t pid);

// Runs a program to its end and returns what it wrote to stdout, at most 16 MiB. Blocks.
// kWorkerUnavailable when it can't be started or does not end with 0.
Result<std::string> RunForOutput(const std::string& binary, const std::string& argument);

}  // namespace smelt::workers
