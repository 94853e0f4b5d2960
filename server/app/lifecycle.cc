#include "server/app/lifecycle.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <thread>

#include "core/base/log.h"

namespace smelt::app {
namespace {

constexpr int kExitInterrupted = 130;
constexpr timespec kOnceReady{0, 500'000'000};
constexpr timespec kUntilReady{0, 10'000'000};

sigset_t HeldSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

void HoldSignals() {
  const sigset_t signals = HeldSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A peer that closes its socket is an error code, not the end of the process.
  ::signal(SIGPIPE, SIG_IGN);
}

int ServeUntilSignal(App& app) {
  const sigset_t signals = HeldSignals();
  int signal = 0;
  bool ready = app.RefreshReadiness();
  while ((signal = ::sigtimedwait(&signals, nullptr, ready ? &kOnceReady : &kUntilReady)) < 0) {
    ready |= app.RefreshReadiness();
  }
  Log(LogLevel::kInfo, "draining", {{"signal", signal}});
  std::atomic<bool> drained = false;
  std::thread drain([&] {
    app.Drain();
    drained = true;
  });
  while (!drained) {
    if (::sigtimedwait(&signals, nullptr, &kUntilReady) < 0) continue;
    Log(LogLevel::kWarning, "exit_at_once");
    ::_exit(kExitInterrupted);  // the ledger survives this as it survives a crash
  }
  drain.join();
  return 0;
}

}  // namespace smelt::app
