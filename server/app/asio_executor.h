// AsioExecutor: the daemon's pools for work that blocks.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>

#include "server/jobs/executor.h"

namespace smelt::app {

class AsioExecutor final : public jobs::Executor {
 public:
  explicit AsioExecutor(std::size_t threads) : pool_(threads) {}
  ~AsioExecutor() override { Stop(); }

  void Post(Task task) override;
  void PostAfter(std::chrono::milliseconds delay, Task task) override;

  // Runs what was posted, also by these tasks themselves, drops what waits for its time, and
  // returns when all is done. Later posts run never.
  void Stop();

 private:
  using Timer = std::shared_ptr<boost::asio::steady_timer>;  // shared with its own wait

  boost::asio::thread_pool pool_;
  std::mutex mutex_;
  std::set<Timer> timers_;
  bool stopping_ = false;
};

}  // namespace smelt::app
