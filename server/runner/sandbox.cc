#include "server/runner/sandbox.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace smelt::runner {

bool SanitizerBuild() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

Rung ForbidNewPrivileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) return {"no_new_privs", ""};
  return {"no_new_privs", std::strerror(errno)};
}

void CloseInherited(int last_fd) { ::close_range(static_cast<unsigned>(last_fd) + 1, ~0U, 0); }

std::vector<Rung> EnterBeforeThreads(const SandboxLimits& limits) {
  std::vector<Rung> rungs;
  rungs.push_back(LimitResources(limits));
  rungs.push_back(ForbidNewPrivileges());
  rungs.push_back(LeaveNamespaces());
  rungs.push_back(CloseFileSystem());
  // Last: changing credentials, as a new user namespace does, clears it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  return rungs;
}

std::vector<Rung> EnterAfterThreads() { return {FilterSystemCalls()}; }

}  // namespace smelt::runner
