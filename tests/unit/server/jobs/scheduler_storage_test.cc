// What the scheduler does while the disk is full.
#include <gmock/gmock.h>

#include <chrono>

#include "server/jobs/scheduler.h"
#include "tests/unit/server/jobs/scheduler_fixture.h"

namespace smelt::jobs {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SchedulerStorageTest : public SchedulerFixture {
 protected:
  const Status full_{Reason::kStorageFull, "no space"};
};

TEST_F(SchedulerStorageTest, JobsStayInTheQueueUntilSpaceIsBack) {
  storage_ = full_;
  const std::string id = Started();
  executor_.Advance(std::chrono::hours(1));
  EXPECT_EQ(Get(id).state, JobState::kQueued);
  EXPECT_EQ(Get(id).attempt, 0u);
  EXPECT_TRUE(scheduler_.WaitIdle(milliseconds(0)));
  storage_ = Status::Ok();
  executor_.Advance(milliseconds(500));
  EXPECT_THAT(runner_.started, ElementsAre(id));
}

TEST_F(SchedulerStorageTest, FullDiskNeverCountsAgainstAJob) {
  const std::string id = Started();
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(runner_.running.size(), 1u) << i;
    storage_ = full_;
    runner_.Finish(id, Infrastructure(Reason::kStorageFull));
    executor_.RunReady();
    EXPECT_EQ(Get(id).state, JobState::kQueued);
    storage_ = Status::Ok();
    executor_.Advance(std::chrono::seconds(30));
  }
  EXPECT_THAT(metrics_.finished, IsEmpty());
  runner_.Succeed(id);
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kSucceeded);
}

TEST_F(SchedulerStorageTest, JobThatAloneFillsTheDiskEndsWithTheReason) {
  const std::string id = Started();
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(runner_.running.size(), 1u) << i;
    runner_.Finish(id, Infrastructure(Reason::kStorageFull));
    executor_.RunReady();
    executor_.Advance(std::chrono::seconds(30));
  }
  EXPECT_EQ(Get(id).state, JobState::kFailed);
  EXPECT_EQ(Get(id).reason, Reason::kStorageFull);
}

TEST_F(SchedulerStorageTest, RequeueIsRepeatedWhileTheLedgerCannotBeWritten) {
  const std::string id = Started();
  store_.FailRequeue(full_, 3);
  runner_.Finish(id, Infrastructure(Reason::kStorageFull));
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kRunning);
  EXPECT_EQ(scheduler_.running(), 1u);
  executor_.Advance(std::chrono::seconds(2));
  EXPECT_THAT(runner_.started, ElementsAre(id, id));
  runner_.Succeed(id);
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kSucceeded);
  EXPECT_EQ(scheduler_.running(), 0u);
}

}  // namespace
}  // namespace smelt::jobs
