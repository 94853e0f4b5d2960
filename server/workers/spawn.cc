#include "server/workers/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace smelt::workers {
namespace {

constexpr std::size_t kMaxOutputBytes = std::size_t{16} << 20;
constexpr std::string_view kPassedVariables[] = {
    "ASAN_OPTIONS=", "LSAN_OPTIONS=", "TSAN_OPTIONS=", "UBSAN_OPTIONS="};

std::vector<char*> CleanEnvironment() {
  std::vector<char*> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    for (const std::string_view prefix : kPassedVariables) {
      if (std::string_view(*entry).starts_with(prefix)) kept.push_back(*entry);
    }
  }
  kept.push_back(nullptr);
  return kept;
}

class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  // A missing descriptor is replaced by /dev/null. dup2 onto the same number clears close-on-exec.
  void Place(int fd, int number) {
    if (fd >= 0) {
      posix_spawn_file_actions_adddup2(&actions_, fd, number);
    } else {
      posix_spawn_file_actions_addopen(&actions_, number, "/dev/null", O_RDWR, 0);
    }
  }
  void CloseFrom(int number) { posix_spawn_file_actions_addclosefrom_np(&actions_, number); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

class SpawnAttributes {
 public:
  SpawnAttributes() {
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

Status Unavailable(const std::string& binary, const std::string& why) {
  return Status(Reason::kWorkerUnavailable, binary + ": " + why);
}

// Reads to the end of the stream; keeps reading past the limit so that the writer can end.
std::string ReadToEnd(int fd) {
  std::string text;
  std::array<char, 65536> chunk;
  for (;;) {
    const ssize_t n = ::read(fd, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    const std::size_t room = kMaxOutputBytes - text.size();
    text.append(chunk.data(), std::min(static_cast<std::size_t>(n), room));
  }
}

}  // namespace

Result<pid_t> Spawn(const SpawnSpec& spec) {
  FileActions actions;
  // The sources lie above the targets: descriptors 0 to 3 are taken for the life of the daemon.
  actions.Place(-1, STDIN_FILENO);
  actions.Place(spec.stdout_fd, STDOUT_FILENO);
  actions.Place(spec.stderr_fd, STDERR_FILENO);
  if (spec.channel_fd >= 0) actions.Place(spec.channel_fd, kChannelDescriptor);
  actions.CloseFrom(spec.channel_fd >= 0 ? kChannelDescriptor + 1 : kChannelDescriptor);
  const SpawnAttributes attributes;

  std::vector<char*> argv;
  argv.push_back(const_cast<char*>(spec.binary.c_str()));
  for (const std::string& argument : spec.arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  std::vector<char*> environment = CleanEnvironment();

  pid_t pid = -1;
  const int rc = posix_spawn(&pid, spec.binary.c_str(), actions.get(), attributes.get(),
                             argv.data(), environment.data());
  if (rc != 0) return Unavailable(spec.binary, std::strerror(rc));
  return pid;
}

Result<UniqueFd> OpenPidFd(pid_t pid) {
  // Not the C library's wrapper: the header of glibc 2.36 declares it without C linkage.
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd >= 0) return UniqueFd(fd);
  return Status(Reason::kIoError, std::string("pidfd_open: ") + std::strerror(errno));
}

Result<std::string> RunForOutput(const std::string& binary, const std::string& argument) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Unavailable(binary, std::strerror(errno));
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  SpawnSpec spec{.binary = binary,
                 .arguments = {argument},
                 .stdout_fd = writer.get(),
                 .stderr_fd = STDERR_FILENO};
  SMELT_ASSIGN_OR_RETURN(const pid_t pid, Spawn(spec));
  writer.Reset();
  std::string text = ReadToEnd(reader.get());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Unavailable(binary, argument + " ended with wait status " + std::to_string(status));
  }
  return text;
}

}  // namespace smelt::workers
