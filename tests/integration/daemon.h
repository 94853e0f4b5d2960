// A real smeltd in a process of its own, with its state in a temporary folder.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace smelt::testing {

// A folder that is gone after the test.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Not thread safe. Kills what still runs when it is destroyed.
class Daemon {
 public:
  // `worker`: path of the worker binary.
  explicit Daemon(std::string worker) : worker_(std::move(worker)) {}
  ~Daemon();

  // Starts the process on the same state and address as before and waits until it answers.
  // `flags` are added to the ones that tests need.
  void Start(const std::vector<std::string>& flags = {});
  // Starts it and returns its exit code; for starts that must fail.
  int StartExpectingExit(const std::vector<std::string>& flags);
  // SIGKILL, and reaped.
  void Kill();
  void Signal(int signal);
  // Exit code; -signal when it was killed by one.
  int WaitExit();
  bool running() const { return pid_ > 0; }

  std::string address() const { return "unix:" + dir_.path() + "/smeltd.sock"; }
  std::string state_dir() const { return dir_.path() + "/state"; }
  pid_t pid() const { return pid_; }
  // Processes whose parent is the daemon.
  std::vector<pid_t> Children() const;

 private:
  void Spawn(const std::vector<std::string>& flags);

  TempDir dir_;
  std::string worker_;
  pid_t pid_ = -1;
};

// Whether the process exists and is no zombie.
bool IsAlive(pid_t pid);

}  // namespace smelt::testing
