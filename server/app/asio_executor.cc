#include "server/app/asio_executor.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace smelt::app {

void AsioExecutor::Post(Task task) { boost::asio::post(pool_, std::move(task)); }

void AsioExecutor::PostAfter(std::chrono::milliseconds delay, Task task) {
  auto timer = std::make_shared<boost::asio::steady_timer>(pool_, delay);
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    timers_.insert(timer);
    timer->async_wait(
        [this, timer, task = std::move(task)](const boost::system::error_code& error) {
          {
            std::lock_guard held(mutex_);
            timers_.erase(timer);
          }
          if (!error) task();
        });
  }
}

void AsioExecutor::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const Timer& timer : timers_) timer->cancel();
  }
  pool_.join();
}

}  // namespace smelt::app
