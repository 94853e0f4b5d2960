// Connection: one channel to a daemon, and the rules by which calls over it are tried again.
//
// Used by one thread at a time; only the Interrupt may be touched by others. gRPC stays behind
// `Stubs`, which the rest of this folder includes.
#pragma once

#include <memory>
#include <string>

#include "client/net/interrupt.h"
#include "client/net/retry.h"
#include "client/view/progress.h"

namespace smelt::client {

class Connection {
 public:
  struct Stubs;

  // `address` is "HOST:PORT" or "unix:PATH". Nothing is sent before the first call. `interrupt`
  // and `progress` must outlive the connection.
  Connection(std::string address, RetryPolicy policy, Interrupt& interrupt, Progress& progress);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& address() const { return address_; }
  Stubs& stubs() { return *stubs_; }
  Interrupt& interrupt() { return interrupt_; }
  Progress& progress() { return progress_; }
  const RetryPolicy& retry_policy() const { return policy_; }

  // Whether the daemon ever answered here; until then it may not exist and patience is shorter.
  bool answered() const { return answered_; }
  void SetAnswered() { answered_ = true; }

 private:
  std::string address_;
  RetryPolicy policy_;
  Interrupt& interrupt_;
  Progress& progress_;
  bool answered_ = false;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace smelt::client
