// The system call filter: what a program needs that computes on threads and on descriptors it was
// given. Three tables: allowed, fatal (an attack or a defect: the process is killed, which the
// daemon reports as such), and everything else, which fails with EPERM because libraries probe.
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "server/runner/sandbox.h"

namespace smelt::runner {
namespace {

constexpr const char* kAllowed[] = {
    // descriptors that are open already
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "lseek",
    "fstat", "ftruncate", "fallocate", "fadvise64", "sync_file_range", "close", "dup", "poll",
    "ppoll", "sendmsg", "recvmsg", "sendto", "recvfrom", "shutdown",
    // memory
    "mmap", "munmap", "mremap", "mprotect", "madvise", "brk", "membarrier", "msync", "mincore",
    // threads
    "futex", "futex_waitv", "sched_yield", "sched_getaffinity", "sched_setaffinity",
    "set_robust_list", "get_robust_list", "rseq", "gettid", "getpid", "getcpu", "set_tid_address",
    // signals and exit
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "exit",
    "exit_group",
    // time and numbers
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
    "getrandom", "getrusage", "getrlimit", "times", "sysinfo", "uname"};

constexpr const char* kFatal[] = {"execve",
                                  "execveat",
                                  "fork",
                                  "vfork",
                                  "socket",
                                  "socketpair",
                                  "connect",
                                  "bind",
                                  "listen",
                                  "accept",
                                  "accept4",
                                  "ptrace",
                                  "process_vm_readv",
                                  "process_vm_writev",
                                  "pidfd_getfd",
                                  "mount",
                                  "umount2",
                                  "pivot_root",
                                  "chroot",
                                  "unshare",
                                  "setns",
                                  "open_by_handle_at",
                                  "bpf",
                                  "perf_event_open",
                                  "userfaultfd",
                                  "io_uring_setup",
                                  "keyctl",
                                  "add_key",
                                  "request_key",
                                  "init_module",
                                  "finit_module",
                                  "delete_module",
                                  "kexec_load",
                                  "reboot",
                                  "setuid",
                                  "setgid",
                                  "unlink",
                                  "unlinkat",
                                  "rename",
                                  "renameat",
                                  "renameat2",
                                  "mkdir",
                                  "mkdirat",
                                  "creat",
                                  "truncate",
                                  "link",
                                  "linkat",
                                  "symlink",
                                  "symlinkat",
                                  "chmod",
                                  "fchmodat",
                                  "chown",
                                  "fchownat"};

struct FilterDeleter {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, FilterDeleter>;

// 0, or the negative errno of the first rule that libseccomp refuses. A call that this
// architecture does not have is skipped.
int AddAll(const Filter& filter, std::uint32_t action, std::span<const char* const> names) {
  for (const char* name : names) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) continue;
    if (const int rc = seccomp_rule_add(filter.get(), action, number, 0); rc != 0) return rc;
  }
  return 0;
}

struct ArgumentRule {
  std::uint32_t action;
  int number;
  scmp_arg_cmp compare;
};

// Calls whose arguments decide.
int AddByArgument(const Filter& filter) {
  const auto self = static_cast<scmp_datum_t>(::getpid());
  const ArgumentRule rules[] = {
      {SCMP_ACT_ALLOW, SCMP_SYS(clone), SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)},
      {SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)},
      {SCMP_ACT_ALLOW, SCMP_SYS(tgkill), SCMP_A0_64(SCMP_CMP_EQ, self)},
      {SCMP_ACT_ALLOW, SCMP_SYS(prctl), SCMP_A0_64(SCMP_CMP_EQ, PR_SET_NAME)},
      {SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), SCMP_A2_64(SCMP_CMP_EQ, 0)},  // reading a limit only
      {SCMP_ACT_ALLOW, SCMP_SYS(newfstatat),  // fstat of the C library: no path, a descriptor
       SCMP_A3_64(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH)},
      {SCMP_ACT_KILL_PROCESS, SCMP_SYS(openat),
       SCMP_A2_64(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY)},
      {SCMP_ACT_KILL_PROCESS, SCMP_SYS(openat), SCMP_A2_64(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_RDWR)},
      {SCMP_ACT_KILL_PROCESS, SCMP_SYS(open), SCMP_A1_64(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY)},
      {SCMP_ACT_KILL_PROCESS, SCMP_SYS(open), SCMP_A1_64(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_RDWR)},
  };
  for (const ArgumentRule& rule : rules) {
    const int rc = seccomp_rule_add_array(filter.get(), rule.action, rule.number, 1, &rule.compare);
    if (rc != 0 && rc != -EDOM) return rc;
  }
  // Its flags live in memory where a filter can't look; the C library then falls back to clone.
  return seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

}  // namespace

Rung FilterSystemCalls() {
  if (SanitizerBuild()) return {"seccomp", "sanitizer build: its runtime makes calls of its own"};
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (filter == nullptr) return {"seccomp", "the filter can't be created"};
  // All threads, also those that run already.
  int rc = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  if (rc == 0) rc = AddAll(filter, SCMP_ACT_ALLOW, kAllowed);
  if (rc == 0) rc = AddAll(filter, SCMP_ACT_KILL_PROCESS, kFatal);
  if (rc == 0) rc = AddByArgument(filter);
  if (rc == 0) rc = seccomp_load(filter.get());
  return {"seccomp", rc == 0 ? "" : std::strerror(-rc)};
}

}  // namespace smelt::runner
