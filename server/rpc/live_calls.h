// LiveCalls: every call that may park, so that a drain can end them all.
//
// The server can't shut down while one callback RPC is unfinished, whatever its deadline says; so
// each parked call registers here, and CloseAll finishes it. Safe for calls from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>

#include "core/base/status.h"

namespace smelt::rpc {

class LiveCall {
 public:
  virtual ~LiveCall() = default;
  // Ends the call soon. Safe from any thread and more than once; does not block.
  virtual void Close(const Status& why) = 0;
};

class LiveCalls {
 public:
  // Also closes the call at once when CloseAll came before it.
  void Add(const std::shared_ptr<LiveCall>& call);
  void Remove(const std::shared_ptr<LiveCall>& call);

  void CloseAll(const Status& why);
  // True when no call is left, false after `limit`.
  bool WaitEmpty(std::chrono::milliseconds limit);
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  std::set<std::shared_ptr<LiveCall>> calls_;  // shared with reactors and pool tasks
  Status closed_;                              // not ok: CloseAll was called
};

}  // namespace smelt::rpc
