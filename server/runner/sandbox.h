// The sandbox of a worker process: a ladder of independent rungs, each feature-tested.
//
// A rung that this machine or this build does not offer is reported, never fatal: the daemon
// publishes the result in ServerInfo. Call the functions in order, from the main thread, once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace smelt::runner {

struct SandboxLimits {
  std::uint64_t memory_bytes = 0;  // private writable memory; 0: unlimited
  std::uint64_t cpu_seconds = 0;   // processor time of the process; 0: unlimited
  std::uint64_t file_bytes = 0;    // size of any file written; 0: unlimited
};

struct Rung {
  std::string name;
  std::string why_not;  // empty when the rung holds
  bool active() const { return why_not.empty(); }
};

// True when a sanitizer is compiled in: it needs address space and system calls of its own.
bool SanitizerBuild();

// Closes every descriptor above `last_fd`: what the daemon had open is not ours.
void CloseInherited(int last_fd);

// Sets limits, leaves the user and network namespaces, gives up the file system, and asks to die
// with the daemon's launcher thread. Before any thread is started: several rungs bind only the
// calling thread and what it starts later.
std::vector<Rung> EnterBeforeThreads(const SandboxLimits& limits);

// Filters system calls of all threads. After the process has started its own threads.
std::vector<Rung> EnterAfterThreads();

// The rungs, one a file.
Rung LimitResources(const SandboxLimits& limits);  // rlimits.cc
Rung ForbidNewPrivileges();                        // sandbox.cc
Rung LeaveNamespaces();                            // namespaces.cc
Rung CloseFileSystem();                            // landlock.cc
Rung FilterSystemCalls();                          // seccomp.cc

}  // namespace smelt::runner
