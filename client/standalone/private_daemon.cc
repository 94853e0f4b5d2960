#include "client/standalone/private_daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <thread>
#include <vector>

#include "client/files/spool.h"

namespace smelt::client {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kStartLimit{20};
constexpr milliseconds kPoll{10};
constexpr std::string_view kHintPrefix = "  hint: ";  // of the line behind smeltd's error

// "smeltd" leaves the search in PATH to execvpe.
std::string FindBinary() {
  std::error_code error;
  const fs::path beside = fs::read_symlink("/proc/self/exe", error).parent_path() / "smeltd";
  return !error && fs::exists(beside, error) ? beside.string() : "smeltd";
}

Status Failed(const std::string& what) {
  return Status(Reason::kServerUnavailable, what + ": " + std::strerror(errno));
}

// A name alone does not say that somebody listens.
bool Answers(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

// Ours without the variables that configure another daemon.
std::vector<char*> DaemonEnvironment() {
  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("SMELTD_")) variables.push_back(*variable);
  }
  variables.push_back(nullptr);
  return variables;
}

// In the child: only calls that are safe after a fork.
[[noreturn]] void BecomeDaemon(char* const* arguments, char* const* environment, int log,
                               pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != parent) ::_exit(127);
  ::setpgid(0, 0);  // Ctrl-C is ours to act on
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(nothing, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execvpe(arguments[0], arguments, environment);
  ::_exit(127);
}

}  // namespace

Result<PrivateDaemon> PrivateDaemon::Start(const Interrupt& interrupt) {
  std::error_code error;
  std::string folder = (fs::temp_directory_path(error) / "smelt-XXXXXX").string();
  if (error || ::mkdtemp(folder.data()) == nullptr) {
    return Failed("can't make a folder for a daemon in " + folder);
  }
  PrivateDaemon daemon(folder);
  SMELT_RETURN_IF_ERROR(daemon.Launch(FindBinary()));
  SMELT_RETURN_IF_ERROR(daemon.WaitUntilItListens(interrupt));
  return daemon;
}

Status PrivateDaemon::Launch(const std::string& binary) {
  std::array<std::string, 9> words = {binary,        "--listen",         address(),
                                      "--state-dir", folder_ + "/state", "--metrics",
                                      "off",         "--workers",        "1"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  std::string no_delay = "--drain-delay=0";
  arguments.push_back(no_delay.data());
  arguments.push_back(nullptr);
  const std::string log = folder_ + "/log";
  const int log_fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (log_fd < 0) return Failed("can't write " + log);
  const std::vector<char*> environment = DaemonEnvironment();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) BecomeDaemon(arguments.data(), environment.data(), log_fd, parent);
  ::close(log_fd);
  if (child < 0) return Failed("can't start " + binary);
  process_ = child;
  return Status::Ok();
}

Status PrivateDaemon::WaitUntilItListens(const Interrupt& interrupt) {
  const auto limit = steady_clock::now() + kStartLimit;
  while (steady_clock::now() < limit) {
    if (interrupt.triggered()) return Status(Reason::kCancelled, "interrupted");
    if (Answers(folder_ + "/socket")) return Status::Ok();
    if (::waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = 0;
      return Status(Reason::kServerUnavailable, "the private smeltd ended at once" + LastWords(),
                    "smeltd must be installed beside smelt, or be in PATH.");
    }
    std::this_thread::sleep_for(kPoll);
  }
  return Status(Reason::kServerUnavailable, "the private smeltd does not listen" + LastWords());
}

std::string PrivateDaemon::LastWords() const {
  std::ifstream log(folder_ + "/log");
  std::string last;
  for (std::string line; std::getline(log, line);) {
    if (!line.starts_with(kHintPrefix)) last = line;
  }
  return last.empty() ? "" : ": " + last;
}

PrivateDaemon::~PrivateDaemon() {
  if (process_ > 0) {
    // Nothing of its state is worth a drain; its workers die with it.
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  std::error_code error;
  if (!folder_.empty()) fs::remove_all(folder_, error);
}

}  // namespace smelt::client
