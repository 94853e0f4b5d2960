#include "server/jobs/recovery.h"

#include <gtest/gtest.h>

#include "tests/unit/server/jobs/scheduler_fixture.h"

namespace smelt::jobs {
namespace {

class RecoverTest : public SchedulerFixture {};

TEST_F(RecoverTest, QueuesEveryRunningJobAgain) {
  std::vector<std::string> ids;
  for (int i = 0; i < 2500; ++i) ids.push_back(Submit().id);  // more than a page
  for (int i = 0; i < 2200; ++i) store_.TakeNext(clock_.Wall()).value();
  const RecoverySummary summary = Recover(store_, blobs_, clock_, metrics_).value();
  EXPECT_EQ(summary.requeued, 2200u);
  EXPECT_EQ(summary.queued, 2500u);
  EXPECT_EQ(summary.cancelled, 0u);
  for (const std::string& id : ids) ASSERT_EQ(Get(id).state, JobState::kQueued);
}

TEST_F(RecoverTest, AttemptOfADeadDaemonDoesNotCountAgainstTheJob) {
  const std::string id = Submit().id;
  for (int life = 0; life < 20; ++life) {
    store_.TakeNext(clock_.Wall()).value();
    ASSERT_TRUE(Recover(store_, blobs_, clock_, metrics_).ok());
  }
  scheduler_.Wake();
  executor_.RunReady();
  runner_.Succeed(id);
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kSucceeded);
  EXPECT_EQ(Get(id).attempt, 21u);
}

TEST_F(RecoverTest, RunningJobWithACancelEndsCancelled) {
  const std::string id = Submit().id;
  store_.TakeNext(clock_.Wall()).value();
  store_.RequestCancel(id, clock_.Wall(), {}).value();
  const RecoverySummary summary = Recover(store_, blobs_, clock_, metrics_).value();
  EXPECT_EQ(summary.cancelled, 1u);
  EXPECT_EQ(summary.requeued, 0u);
  EXPECT_EQ(Get(id).state, JobState::kCancelled);
  EXPECT_EQ(Get(id).reason, Reason::kCancelled);
  EXPECT_TRUE(Get(id).report.has_value());
  EXPECT_EQ(metrics_.finished.size(), 1u);
}

TEST_F(RecoverTest, LeavesFinishedJobsAlone) {
  const std::string id = Started();
  runner_.Succeed(id);
  executor_.RunReady();
  const std::uint64_t seq = Get(id).last_seq;
  EXPECT_EQ(Recover(store_, blobs_, clock_, metrics_)->requeued, 0u);
  EXPECT_EQ(Get(id).last_seq, seq);
}

TEST_F(RecoverTest, CountsQueuedJobsWhoseInputIsGone) {
  const Job job = Submit();
  blobs_.Remove(FromProto(std::get<v1::ConvertOperation>(job.operation).input().model()).value());
  const RecoverySummary summary = Recover(store_, blobs_, clock_, metrics_).value();
  EXPECT_EQ(summary.missing_inputs, 1u);
  EXPECT_EQ(Get(job.id).state, JobState::kQueued);
}

}  // namespace
}  // namespace smelt::jobs
