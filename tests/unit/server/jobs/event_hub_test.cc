#include "server/jobs/event_hub.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace smelt::jobs {
namespace {

TEST(EventHub, TellsEverySubscriberOfTheJobAlone) {
  EventHub hub;
  std::vector<std::uint64_t> first;
  std::vector<std::uint64_t> second;
  const auto a = hub.Subscribe("job", [&](const JobNotice& n) { first.push_back(n.last_seq); });
  const auto b = hub.Subscribe("job", [&](const JobNotice& n) { second.push_back(n.last_seq); });
  const auto c = hub.Subscribe("other", [&](const JobNotice&) { FAIL(); });
  hub.PublishEvents("job", 3);
  EXPECT_EQ(first, std::vector<std::uint64_t>{3});
  EXPECT_EQ(second, first);
}

TEST(EventHub, SubscriptionEndsWithItsObject) {
  EventHub hub;
  int notices = 0;
  {
    const auto subscription = hub.Subscribe("job", [&](const JobNotice&) { ++notices; });
    EXPECT_EQ(hub.subscriptions(), 1u);
    hub.PublishEvents("job", 1);
  }
  hub.PublishEvents("job", 2);
  EXPECT_EQ(notices, 1);
  EXPECT_EQ(hub.subscriptions(), 0u);
}

TEST(EventHub, ProgressCarriesNoNumber) {
  EventHub hub;
  std::string stage;
  const auto subscription = hub.Subscribe("job", [&](const JobNotice& notice) {
    EXPECT_EQ(notice.last_seq, 0u);
    stage = notice.progress->stage();
  });
  v1::Progress progress;
  progress.set_stage("write");
  hub.PublishProgress("job", progress);
  EXPECT_EQ(stage, "write");
}

TEST(EventHub, NoNoticeIsUnderWayAfterTheEnd) {
  EventHub hub;
  std::atomic<bool> stop = false;
  std::thread publisher([&] {
    while (!stop) hub.PublishEvents("job", 1);
  });
  for (int i = 0; i < 200; ++i) {
    // The callback would write to freed memory if it ran after the subscription's end.
    auto counter = std::make_unique<int>(0);
    auto subscription = hub.Subscribe("job", [&counter](const JobNotice&) { ++*counter; });
    subscription.reset();
    counter.reset();
  }
  stop = true;
  publisher.join();
  EXPECT_EQ(hub.subscriptions(), 0u);
}

}  // namespace
}  // namespace smelt::jobs
