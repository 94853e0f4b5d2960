// CallGuard: counts one RPC when it starts and when it is over.
#pragma once

#include <atomic>
#include <chrono>
#include <string_view>

#include "core/base/clock.h"
#include "server/jobs/metrics.h"
#include "server/rpc/status_map.h"

namespace smelt::rpc {

// "smelt.v1.Jobs" and "Create"; literals.
struct MethodName {
  std::string_view service;
  std::string_view method;
};

// Safe for calls from any thread. `metrics` and `clock` outlive it.
class CallGuard {
 public:
  CallGuard(jobs::RpcMetrics& metrics, const Clock& clock, MethodName name)
      : metrics_(metrics), clock_(clock), name_(name), started_(clock.Now()) {
    metrics_.OnStarted(name_.service, name_.method);
  }
  // A call that ends without a word was cancelled.
  ~CallGuard() { Handled(grpc::StatusCode::CANCELLED); }
  CallGuard(const CallGuard&) = delete;
  CallGuard& operator=(const CallGuard&) = delete;

  // The first one counts.
  void Handled(grpc::StatusCode code) {
    if (handled_.exchange(true)) return;
    const std::chrono::duration<double> seconds = clock_.Now() - started_;
    metrics_.OnHandled(name_.service, name_.method, CodeName(code), seconds.count());
  }

 private:
  jobs::RpcMetrics& metrics_;
  const Clock& clock_;
  const MethodName name_;
  const Clock::SteadyTime started_;
  std::atomic<bool> handled_ = false;
};

}  // namespace smelt::rpc
