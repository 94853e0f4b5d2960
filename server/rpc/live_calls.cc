#include "server/rpc/live_calls.h"

namespace smelt::rpc {

void LiveCalls::Add(const std::shared_ptr<LiveCall>& call) {
  Status why;
  {
    std::lock_guard lock(mutex_);
    calls_.insert(call);
    why = closed_;
  }
  if (!why.ok()) call->Close(why);
}

void LiveCalls::Remove(const std::shared_ptr<LiveCall>& call) {
  std::lock_guard lock(mutex_);
  calls_.erase(call);
  if (calls_.empty()) empty_.notify_all();
}

void LiveCalls::CloseAll(const Status& why) {
  std::set<std::shared_ptr<LiveCall>> calls;
  {
    std::lock_guard lock(mutex_);
    closed_ = why;
    calls = calls_;
  }
  for (const auto& call : calls) call->Close(why);
}

bool LiveCalls::WaitEmpty(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return empty_.wait_for(lock, limit, [this] { return calls_.empty(); });
}

std::size_t LiveCalls::size() const {
  std::lock_guard lock(mutex_);
  return calls_.size();
}

}  // namespace smelt::rpc
