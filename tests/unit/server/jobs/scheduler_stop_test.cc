// How the scheduler stops work: cancel, drain, and failures that are not the job's.
#include <gmock/gmock.h>

#include <chrono>

#include "server/jobs/scheduler.h"
#include "tests/unit/server/jobs/scheduler_fixture.h"

namespace smelt::jobs {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SchedulerStopTest : public SchedulerFixture {
 protected:
  // Cancelled jobs look alike, whenever it was that they were cancelled.
  void ExpectCancelled(const std::string& id) {
    const Job job = Get(id);
    EXPECT_EQ(job.state, JobState::kCancelled);
    EXPECT_EQ(job.reason, Reason::kCancelled);
    EXPECT_EQ(job.message, "the job was cancelled");
    ASSERT_TRUE(job.report.has_value());
    EXPECT_TRUE(blobs_.Open(*job.report).ok());
    EXPECT_THAT(metrics_.finished,
                ElementsAre(std::tuple("litert", JobState::kCancelled, Reason::kCancelled)));
  }
  void ExpectQueuedUnrun(const std::string& id) {
    EXPECT_TRUE(runner_.started.empty());
    EXPECT_EQ(Get(id).state, JobState::kQueued);
    EXPECT_EQ(scheduler_.running(), 0u);
  }
};

TEST_F(SchedulerStopTest, CancelOfAQueuedJobNeverRunsIt) {
  const std::string id = Submit().id;
  EXPECT_EQ(scheduler_.Cancel(id).value().state, JobState::kCancelled);
  executor_.RunReady();
  EXPECT_TRUE(runner_.started.empty());
  ExpectCancelled(id);
  EXPECT_EQ(scheduler_.Cancel(id).value().state, JobState::kCancelled);
  ExpectCancelled(id);
}

TEST_F(SchedulerStopTest, CancelReachesTheRunner) {
  const std::string id = Started();
  EXPECT_EQ(scheduler_.Cancel(id).value().state, JobState::kRunning);
  EXPECT_THAT(runner_.cancelled, ElementsAre(id));
  runner_.Finish(id, Outcome(JobState::kCancelled, Reason::kOk));
  executor_.RunReady();
  ExpectCancelled(id);
}

TEST_F(SchedulerStopTest, CancelBetweenTakeAndRunIsNotLost) {
  const std::string id = Submit().id;
  ASSERT_TRUE(store_.RequestCancel(id, clock_.Wall(), {}).ok());  // cancelled while queued
  const std::string other = Submit().id;
  runner_.on_run = [&] { scheduler_.Cancel(other).value(); };  // the runner knows it not yet
  executor_.RunReady();
  EXPECT_THAT(runner_.started, ElementsAre(other));
  EXPECT_THAT(runner_.cancelled, ElementsAre(other));
}

TEST_F(SchedulerStopTest, CancelSeenByTheStoreAloneStopsBeforeTheRun) {
  const std::string id = Submit().id;
  // Pump takes the job and posts its start; the cancel comes between the two.
  executor_.Post([&] { store_.RequestCancel(id, clock_.Wall(), {}).value(); });
  executor_.RunReady();
  EXPECT_TRUE(runner_.started.empty());
  EXPECT_EQ(Get(id).state, JobState::kCancelled);
  EXPECT_EQ(scheduler_.running(), 0u);
}

TEST_F(SchedulerStopTest, CancelWhileTheInputsAreReadNeverStartsTheRunner) {
  const std::string id = Submit().id;
  blobs_.on_open = [&] { EXPECT_EQ(scheduler_.Cancel(id)->state, JobState::kRunning); };
  executor_.RunReady();
  blobs_.on_open = nullptr;
  EXPECT_TRUE(runner_.started.empty());
  ExpectCancelled(id);
  EXPECT_EQ(scheduler_.running(), 0u);
}

TEST_F(SchedulerStopTest, DrainWhileTheInputsAreReadQueuesTheJobAgain) {
  const std::string id = Submit().id;
  blobs_.on_open = [&] { scheduler_.RequeueRunning(); };
  executor_.RunReady();
  ExpectQueuedUnrun(id);
}

// The store may answer so late that the drain has given up waiting.
TEST_F(SchedulerStopTest, JobTakenAfterADrainGaveUpIsQueuedAgain) {
  const std::string id = Submit().id;
  store_.on_take = [&] { scheduler_.RequeueRunning(); };
  executor_.RunReady();
  ExpectQueuedUnrun(id);
}

TEST_F(SchedulerStopTest, CancelOfAnUnknownJobIsRefused) {
  EXPECT_EQ(scheduler_.Cancel("nothing").status().reason(), Reason::kJobNotFound);
}

TEST_F(SchedulerStopTest, WorkThatWasOverBeforeTheCancelCounts) {
  const std::string id = Started();
  scheduler_.Cancel(id).value();
  runner_.Succeed(id);
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kSucceeded);
}

TEST_F(SchedulerStopTest, StoppedSchedulerTakesNothingButFinishesWhatRuns) {
  const std::string id = Started();
  scheduler_.StopTaking();
  const std::string waiting = Started();
  EXPECT_FALSE(scheduler_.WaitIdle(milliseconds(0)));
  runner_.Succeed(id);
  executor_.RunReady();
  EXPECT_TRUE(scheduler_.WaitIdle(milliseconds(0)));
  EXPECT_EQ(Get(id).state, JobState::kSucceeded);
  EXPECT_EQ(Get(waiting).state, JobState::kQueued);
}

TEST_F(SchedulerStopTest, DrainQueuesRunningJobsAgainAndIgnoresTheirOutcome) {
  const std::string id = Started();
  scheduler_.RequeueRunning();
  EXPECT_EQ(Get(id).state, JobState::kQueued);
  EXPECT_THAT(runner_.cancelled, ElementsAre(id));
  runner_.Finish(id, Outcome(JobState::kCancelled, Reason::kOk));
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kQueued);
  EXPECT_TRUE(scheduler_.WaitIdle(milliseconds(0)));
  EXPECT_THAT(metrics_.finished, IsEmpty());
}

TEST_F(SchedulerStopTest, DrainOfACancelledJobEndsIt) {
  const std::string id = Started();
  scheduler_.Cancel(id).value();
  scheduler_.RequeueRunning();
  ExpectCancelled(id);
}

TEST_F(SchedulerStopTest, DrainLetsAResultThatIsBeingStoredThrough) {
  const std::string id = Started();
  runner_.Succeed(id);  // its Apply is posted and not run yet
  scheduler_.RequeueRunning();
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kSucceeded);
}

TEST_F(SchedulerStopTest, DrainBeforeTheRunNeverStartsIt) {
  const std::string id = Submit().id;
  executor_.Post([&] { scheduler_.RequeueRunning(); });
  executor_.RunReady();
  EXPECT_TRUE(runner_.started.empty());
  EXPECT_EQ(Get(id).state, JobState::kQueued);
  EXPECT_EQ(scheduler_.running(), 0u);
}

TEST_F(SchedulerStopTest, FailureOfTheMachineQueuesAgainAfterADelay) {
  const std::string id = Started();
  runner_.Finish(id, Infrastructure(Reason::kWorkerUnavailable));
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kQueued);
  EXPECT_EQ(runner_.started.size(), 1u);
  executor_.Advance(milliseconds(499));
  EXPECT_EQ(runner_.started.size(), 1u);
  executor_.Advance(milliseconds(1));
  EXPECT_THAT(runner_.started, ElementsAre(id, id));
  runner_.Succeed(id);
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kSucceeded);
  EXPECT_EQ(Get(id).attempt, 2u);
}

TEST_F(SchedulerStopTest, OutageOfTheWorkersNeverCountsAgainstAJob) {
  const std::string id = Started();
  RunOutcome outage = Infrastructure(Reason::kWorkerUnavailable);
  outage.no_worker = true;
  for (int i = 0; i < 40; ++i) {
    runner_.Finish(id, outage);
    executor_.RunReady();
    EXPECT_EQ(Get(id).state, JobState::kQueued);
    executor_.Advance(std::chrono::seconds(30));  // the longest pause
    ASSERT_EQ(runner_.running.size(), 1u) << i;
  }
  runner_.Succeed(id);
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kSucceeded);
}

TEST_F(SchedulerStopTest, JobsStayInTheQueueWhileNothingCanBeRun) {
  runner_.is_available = false;
  const std::string id = Started();
  executor_.Advance(std::chrono::hours(1));
  EXPECT_EQ(Get(id).state, JobState::kQueued);
  EXPECT_EQ(Get(id).attempt, 0u);
  EXPECT_TRUE(runner_.started.empty());
  runner_.is_available = true;
  executor_.Advance(milliseconds(500));
  EXPECT_THAT(runner_.started, ElementsAre(id));
}

TEST_F(SchedulerStopTest, MachineThatKeepsFailingAtOneJobEndsIt) {
  const std::string id = Started();
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(runner_.running.size(), 1u) << i;
    runner_.Finish(id, Infrastructure(Reason::kWorkerUnavailable));
    executor_.RunReady();
    executor_.Advance(std::chrono::seconds(30));
  }
  EXPECT_EQ(Get(id).state, JobState::kFailed);
  EXPECT_EQ(Get(id).reason, Reason::kWorkerUnavailable);
  EXPECT_EQ(runner_.started.size(), 4u);
}

TEST_F(SchedulerStopTest, FullDiskWhilePublishingQueuesAgain) {
  const std::string id = Started();
  blobs_.FailSeal(Status(Reason::kStorageFull, "no space"), 1);
  runner_.Succeed(id);
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kQueued);
  executor_.Advance(std::chrono::seconds(1));
  runner_.Succeed(id);
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kSucceeded);
}

TEST_F(SchedulerStopTest, ResultIsKeptWhileTheLedgerCannotBeWritten) {
  const std::string id = Started();
  store_.FailFinish(Status(Reason::kIoError, "read-only"), 2);
  runner_.Succeed(id);
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kRunning);
  EXPECT_EQ(scheduler_.running(), 1u);
  executor_.Advance(std::chrono::seconds(2));
  EXPECT_EQ(Get(id).state, JobState::kSucceeded);
  EXPECT_EQ(scheduler_.running(), 0u);
  EXPECT_EQ(runner_.started.size(), 1u);
}

TEST_F(SchedulerStopTest, ImpossibleTransitionIsCountedAndFreesTheSlot) {
  const std::string id = Started();
  store_.FailFinish(Status(Reason::kImpossibleTransition, "bug"), 1);
  runner_.Succeed(id);
  executor_.RunReady();
  EXPECT_EQ(metrics_.impossible, 1);
  EXPECT_EQ(scheduler_.running(), 0u);
}

}  // namespace
}  // namespace smelt::jobs
