// The `smelt` command.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/cmd/cli.h"
#include "client/view/exit_code.h"
#include "client/view/screen.h"
#include "core/base/standard_descriptors.h"

namespace {

// Ctrl-C arrives in a thread of its own, where locks may be taken. The first one asks the work to
// stop, the second one does not ask.
void WatchSignals(sigset_t signals, smelt::client::Interrupt& interrupt) {
  int signal = 0;
  if (sigwait(&signals, &signal) == 0) interrupt.Trigger();
  if (sigwait(&signals, &signal) == 0) {
    std::_Exit(static_cast<int>(smelt::client::ExitCode::kInterrupted));
  }
}

std::optional<std::string> GetEnvironment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  smelt::FillStandardDescriptors();
  // By way of stdio, an error of a read would look like the end of the input.
  std::ios::sync_with_stdio(false);
  // Before any other thread exists, so that all of them inherit the mask.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // Never destroyed: the detached thread may use it until the process is gone.
  auto& interrupt = *new smelt::client::Interrupt();
  std::thread(WatchSignals, signals, std::ref(interrupt)).detach();

  const smelt::client::Surroundings surroundings = {
      .in = std::cin,
      .out = std::cout,
      .err = smelt::client::ScreenOf(STDERR_FILENO, std::cerr),
      .out_colored = smelt::client::ScreenOf(STDOUT_FILENO, std::cout).colored,
      .environment = GetEnvironment,
      .interrupt = interrupt,
  };
  return smelt::client::RunCli({argv + 1, argv + argc}, surroundings);
}
