// Landlock without a single rule: every file system access by path is refused, descriptors that
// were opened before keep working. Raw system calls, since the C library has no wrappers; numbers
// and structure sizes by the version that the kernel reports.
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "server/runner/sandbox.h"

namespace smelt::runner {
namespace {

// The ruleset of the newest version that we know; older kernels take a prefix of it.
struct Ruleset {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;  // from version 4
  std::uint64_t scoped = 0;              // from version 6
};

// Bits by version: the header of the build machine may be older than the kernel that runs.
constexpr std::uint64_t kFsVersion1 = (1ULL << 13) - 1;
constexpr std::uint64_t kFsRefer = 1ULL << 13;     // version 2
constexpr std::uint64_t kFsTruncate = 1ULL << 14;  // version 3
constexpr std::uint64_t kFsIoctlDev = 1ULL << 15;  // version 5
constexpr std::uint64_t kNetBindConnect = 3;       // version 4
constexpr std::uint64_t kScopeSocketSignal = 3;    // version 6

std::size_t FillForVersion(long version, Ruleset& rules) {
  rules.handled_access_fs = kFsVersion1;
  if (version >= 2) rules.handled_access_fs |= kFsRefer;
  if (version >= 3) rules.handled_access_fs |= kFsTruncate;
  if (version >= 5) rules.handled_access_fs |= kFsIoctlDev;
  if (version >= 4) rules.handled_access_net = kNetBindConnect;
  if (version >= 6) rules.scoped = kScopeSocketSignal;
  if (version >= 6) return sizeof(Ruleset);
  return version >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

}  // namespace

Rung CloseFileSystem() {
  if (SanitizerBuild()) return {"landlock", "sanitizer build: the leak check reads /proc"};
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return {"landlock", std::strerror(errno)};
  Ruleset rules;
  const std::size_t size = FillForVersion(version, rules);
  const long fd = ::syscall(SYS_landlock_create_ruleset, &rules, size, 0);
  if (fd < 0) return {"landlock", std::strerror(errno)};
  const long entered = ::syscall(SYS_landlock_restrict_self, fd, 0);
  const int error = errno;
  ::close(static_cast<int>(fd));
  return {"landlock", entered == 0 ? "" : std::strerror(error)};
}

}  // namespace smelt::runner
