// OpenCall: a call that is finished exactly once, for reactors that do not write a stream.
//
// Shared between the reactor and the tasks that work for it. Safe for calls from any thread.
#pragma once

#include <grpcpp/support/status.h>

#include <mutex>
#include <optional>

namespace smelt::rpc {

template <class Reactor>
class OpenCall {
 public:
  explicit OpenCall(Reactor* reactor) : reactor_(reactor) {}

  // Runs `operation(reactor)` while the call is unfinished; false otherwise. The operation may
  // start a read or fill the response, and must not block.
  template <class Operation>
  bool IfOpen(Operation operation) {
    std::lock_guard lock(mutex_);
    if (reactor_ == nullptr || status_.has_value()) return false;
    operation(*reactor_);
    return true;
  }

  // The first one counts; `before(reactor)` runs only then.
  template <class Before>
  bool Finish(const grpc::Status& status, Before before) {
    std::lock_guard lock(mutex_);
    if (reactor_ == nullptr || status_.has_value()) return false;
    before(*reactor_);
    status_ = status;
    reactor_->Finish(status);
    return true;
  }
  bool Finish(const grpc::Status& status) {
    return Finish(status, [](Reactor&) {});
  }

  // From OnDone: the reactor is about to die.
  void Detach() {
    std::lock_guard lock(mutex_);
    reactor_ = nullptr;
  }

  bool open() const {
    std::lock_guard lock(mutex_);
    return reactor_ != nullptr && !status_.has_value();
  }
  grpc::StatusCode code() const {
    std::lock_guard lock(mutex_);
    return status_.has_value() ? status_->error_code() : grpc::StatusCode::UNKNOWN;
  }

 private:
  mutable std::mutex mutex_;
  Reactor* reactor_;
  std::optional<grpc::Status> status_;
};

}  // namespace smelt::rpc
