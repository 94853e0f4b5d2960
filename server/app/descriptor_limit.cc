#include "server/app/descriptor_limit.h"

#include <sys/resource.h>

#include <cerrno>
#include <cstring>

#include "core/base/log.h"

namespace smelt::app {

std::uint64_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = limit.rlim_cur;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (before < limit.rlim_max) {
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) {
      limit = raised;
    } else {
      Log(LogLevel::kWarning, "descriptor_limit_not_raised", {{"error", std::strerror(errno)}});
    }
  }
  Log(LogLevel::kInfo, "descriptor_limit",
      {{"before", static_cast<std::uint64_t>(before)},
       {"now", static_cast<std::uint64_t>(limit.rlim_cur)}});
  return limit.rlim_cur;
}

}  // namespace smelt::app
