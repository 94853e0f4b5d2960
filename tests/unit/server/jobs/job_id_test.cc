#include "server/jobs/job_id.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include "tests/support/fake_clock.h"

namespace smelt::jobs {
namespace {

using test::FakeClock;

TEST(JobIdSource, WritesTimeAndEntropyInBase32) {
  // The ULID specification's example: 1469918176385 ms is 01ARYZ6S41. The 80 bits 0x001f, 31.
  FakeClock clock(Clock::WallTime(std::chrono::milliseconds(1469918176385)));
  JobIdSource ids(clock, [] { return std::uint64_t{31}; });
  EXPECT_EQ(ids.Next(), "01ARYZ6S4100FG00000000000Z");
}

TEST(JobIdSource, IdsIncreaseWithinAMillisecond) {
  FakeClock clock;
  JobIdSource ids(clock);
  std::string last = ids.Next();
  for (int i = 0; i < 1000; ++i) {
    const std::string next = ids.Next();
    EXPECT_LT(last, next);
    last = next;
  }
}

TEST(JobIdSource, CountingCarriesIntoTheUpperBits) {
  FakeClock clock;
  JobIdSource ids(clock, [] { return ~std::uint64_t{0}; });
  const std::string first = ids.Next();
  const std::string second = ids.Next();
  EXPECT_LT(first, second);
  EXPECT_EQ(second.substr(14), "000000000000");
}

TEST(JobIdSource, IdsIncreaseWhenTheClockStepsBack) {
  FakeClock clock;
  JobIdSource ids(clock);
  const std::string before = ids.Next();
  clock.SetWall(clock.Wall() - std::chrono::hours(1));
  EXPECT_LT(before, ids.Next());
}

TEST(JobIdSource, LaterIdsSortAfterEarlierOnes) {
  FakeClock clock;
  JobIdSource first(clock);
  JobIdSource second(clock);
  const std::string earlier = first.Next();
  clock.Advance(std::chrono::milliseconds(1));
  EXPECT_LT(earlier, second.Next());
}

TEST(JobIdSource, ThreadsGetDifferentIds) {
  JobIdSource ids(Clock::System());
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) mine.push_back(ids.Next());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 2000u);
}

TEST(IsJobId, AcceptsWhatIsMadeAndRefusesTheRest) {
  JobIdSource ids(Clock::System());
  EXPECT_TRUE(IsJobId(ids.Next()));
  EXPECT_FALSE(IsJobId(""));
  EXPECT_FALSE(IsJobId("01ARYZ6S41000000000000000"));
  EXPECT_FALSE(IsJobId("01ARYZ6S410000000000000000Z"));
  EXPECT_FALSE(IsJobId("01ARYZ6S41000000000000000U"));
  EXPECT_FALSE(IsJobId("01aryz6s410000000000000000"));
  EXPECT_FALSE(IsJobId("81ARYZ6S410000000000000000"));
}

}  // namespace
}  // namespace smelt::jobs
