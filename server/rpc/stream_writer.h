// StreamWriter: the rules of a server stream in one place: one write in flight, finished exactly
// once, nothing touched after the reactor died.
//
// `Reactor` is a grpc::ServerWriteReactor<T>, or a stand-in in tests. Shared between the reactor,
// which reports to it, and the tasks that produce messages. Safe for calls from any thread. The
// lock is held over the reactor's operations: gRPC never runs a reaction inside them.
#pragma once

#include <grpcpp/support/status.h>

#include <mutex>
#include <optional>
#include <utility>

namespace smelt::rpc {

template <class T, class Reactor>
class StreamWriter {
 public:
  explicit StreamWriter(Reactor* reactor) : reactor_(reactor) {}

  // Starts writing when the stream is open and idle; false, and nothing happens, otherwise.
  bool Write(T message) {
    std::lock_guard lock(mutex_);
    if (reactor_ == nullptr || in_flight_ || status_.has_value()) return false;
    message_ = std::move(message);
    in_flight_ = true;
    reactor_->StartWrite(&message_);
    return true;
  }

  // Finishes with `status`, after the write in flight. The first close stays.
  void Close(const grpc::Status& status) {
    std::lock_guard lock(mutex_);
    if (status_.has_value()) return;
    status_ = status;
    if (!in_flight_) FinishLocked();
  }

  // From OnWriteDone. True when the next message may be written.
  bool Completed(bool ok) {
    std::lock_guard lock(mutex_);
    in_flight_ = false;
    if (!ok && !status_.has_value()) status_ = grpc::Status::CANCELLED;
    if (!status_.has_value()) return true;
    FinishLocked();
    return false;
  }

  // From OnDone: the reactor is about to die.
  void Detach() {
    std::lock_guard lock(mutex_);
    reactor_ = nullptr;
    if (!status_.has_value()) status_ = grpc::Status::CANCELLED;
  }

  // Open, and no write in flight.
  bool idle() const {
    std::lock_guard lock(mutex_);
    return reactor_ != nullptr && !in_flight_ && !status_.has_value();
  }
  // What the stream was finished with; UNKNOWN while it is open.
  grpc::StatusCode code() const {
    std::lock_guard lock(mutex_);
    return status_.has_value() ? status_->error_code() : grpc::StatusCode::UNKNOWN;
  }

 private:
  void FinishLocked() {
    if (reactor_ == nullptr || finished_) return;
    finished_ = true;
    reactor_->Finish(*status_);
  }

  mutable std::mutex mutex_;
  Reactor* reactor_;
  T message_;  // gRPC reads it until the write completes
  bool in_flight_ = false;
  bool finished_ = false;
  std::optional<grpc::Status> status_;  // set: the stream is closing
};

}  // namespace smelt::rpc
