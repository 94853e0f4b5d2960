#include "server/app/asio_executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace smelt::app {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(AsioExecutor, RunsWhatWasPostedBeforeItStops) {
  std::atomic<int> ran = 0;
  AsioExecutor executor(2);
  for (int i = 0; i < 100; ++i) {
    executor.Post([&] {
      executor.Post([&] { ++ran; });  // a task's own task too
      ++ran;
    });
  }
  executor.Stop();
  EXPECT_EQ(ran, 200);
}

TEST(AsioExecutor, RunsADelayedTask) {
  AsioExecutor executor(1);
  std::promise<void> ran;
  const auto before = std::chrono::steady_clock::now();
  executor.PostAfter(milliseconds(20), [&] { ran.set_value(); });
  ran.get_future().wait();
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(20));
}

TEST(AsioExecutor, DropsWhatStillWaitsWhenItStops) {
  std::atomic<bool> ran = false;
  {
    AsioExecutor executor(1);
    executor.PostAfter(hours(1), [&] { ran = true; });
    executor.Stop();
    executor.PostAfter(milliseconds(0), [&] { ran = true; });
  }
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace smelt::app
