#include "tests/integration/daemon.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/integration/test_client.h"

namespace smelt::testing {
namespace {

namespace fs = std::filesystem;

struct ProcessStat {
  pid_t parent = 0;
  char state = '?';
};

ProcessStat StatOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  ProcessStat stat;
  const std::size_t after_name = line.rfind(')');
  if (after_name == std::string::npos) return stat;
  std::istringstream rest(line.substr(after_name + 1));
  rest >> stat.state >> stat.parent;
  return stat;
}

}  // namespace

TempDir::TempDir() {
  std::string path = fs::temp_directory_path() / "smelt-test-XXXXXX";
  EXPECT_NE(::mkdtemp(path.data()), nullptr);
  path_ = path;
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

bool IsAlive(pid_t pid) {
  const char state = StatOf(pid).state;
  return state != '?' && state != 'Z' && state != 'X';
}

Daemon::~Daemon() { Kill(); }

void Daemon::Spawn(const std::vector<std::string>& flags) {
  std::vector<std::string> words = {
      SMELT_SMELTD,      "--listen=" + address(),      "--state-dir=" + state_dir(),
      "--metrics=off",   "--worker-binary=" + worker_, "--workers=2",
      "--drain-delay=0", "--log-level=warning"};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ASSERT_EQ(::posix_spawn(&pid_, SMELT_SMELTD, nullptr, nullptr, argv.data(), environ), 0);
}

void Daemon::Start(const std::vector<std::string>& flags) {
  Spawn(flags);
  TestClient client(address());
  ASSERT_TRUE(client.WaitReady()) << "smeltd does not get ready";
}

int Daemon::StartExpectingExit(const std::vector<std::string>& flags) {
  Spawn(flags);
  return WaitExit();
}

void Daemon::Kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  WaitExit();
}

void Daemon::Signal(int signal) { ::kill(pid_, signal); }

int Daemon::WaitExit() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::vector<pid_t> Daemon::Children() const {
  std::vector<pid_t> children;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && StatOf(pid).parent == pid_) children.push_back(pid);
  }
  return children;
}

}  // namespace smelt::testing
