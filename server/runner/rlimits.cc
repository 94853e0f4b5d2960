// Resource limits. RLIMIT_DATA and not RLIMIT_AS: a mapped model of any size is no cost to us, and
// only private writable memory can hurt a neighbour.
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "server/runner/sandbox.h"

namespace smelt::runner {
namespace {

// One descriptor for each of a bundle's 4,096 external data files, and a few of our own.
constexpr rlim_t kMaxDescriptors = 4096 + 64;
// Seconds between SIGXCPU, which the daemon reads as a timeout, and SIGKILL.
constexpr rlim_t kCpuGraceSeconds = 5;

bool Lower(int resource, rlim_t soft, rlim_t hard) {
  rlimit current{};
  if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &current) != 0) return false;
  const rlimit wanted{std::min(soft, current.rlim_max), std::min(hard, current.rlim_max)};
  return ::setrlimit(static_cast<__rlimit_resource_t>(resource), &wanted) == 0;
}

}  // namespace

Rung LimitResources(const SandboxLimits& limits) {
  bool ok = Lower(RLIMIT_CORE, 0, 0) && Lower(RLIMIT_NOFILE, kMaxDescriptors, kMaxDescriptors);
  if (limits.cpu_seconds > 0) {
    ok = ok && Lower(RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + kCpuGraceSeconds);
  }
  if (limits.file_bytes > 0) ok = ok && Lower(RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes);
  if (limits.memory_bytes > 0 && !SanitizerBuild()) {
    ok = ok && Lower(RLIMIT_DATA, limits.memory_bytes, limits.memory_bytes);
  }
  return {"rlimits", ok ? "" : std::strerror(errno)};
}

}  // namespace smelt::runner
