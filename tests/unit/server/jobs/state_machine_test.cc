#include "server/jobs/state_machine.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace smelt::jobs {
namespace {

constexpr JobTrigger kAllTriggers[] = {JobTrigger::kEnqueue, JobTrigger::kTake,
                                       JobTrigger::kSucceed, JobTrigger::kFail,
                                       JobTrigger::kCancel,  JobTrigger::kRequeue};

TEST(Transition, FollowsTheTableAndNothingElse) {
  std::size_t allowed = 0;
  for (const JobState from : kAllJobStates) {
    for (const JobTrigger trigger : kAllTriggers) {
      const Result<JobState> to = Transition(from, trigger);
      if (to.ok()) {
        ++allowed;
      } else {
        EXPECT_EQ(to.status().reason(), Reason::kImpossibleTransition);
      }
    }
  }
  EXPECT_EQ(allowed, Transitions().size());
}

TEST(Transition, TableHasOneRowForEachPair) {
  std::set<std::pair<JobState, JobTrigger>> pairs;
  for (const TransitionRow& row : Transitions()) {
    EXPECT_TRUE(pairs.emplace(row.from, row.trigger).second) << JobTriggerName(row.trigger);
  }
}

TEST(Transition, FinalStatesAreLeftByNothing) {
  for (const TransitionRow& row : Transitions()) EXPECT_FALSE(IsFinal(row.from));
}

TEST(Transition, EveryStateThatGoesOnCanEnd) {
  for (const JobState from : {JobState::kAccepted, JobState::kQueued, JobState::kRunning}) {
    EXPECT_EQ(Transition(from, JobTrigger::kCancel).value(), JobState::kCancelled);
  }
}

TEST(Transition, MessageNamesStateAndTrigger) {
  const Result<JobState> to = Transition(JobState::kSucceeded, JobTrigger::kRequeue);
  EXPECT_NE(to.status().message().find("succeeded"), std::string_view::npos);
  EXPECT_NE(to.status().message().find("requeue"), std::string_view::npos);
}

TEST(FinishTrigger, LeadsToItsState) {
  for (const JobState state : {JobState::kSucceeded, JobState::kFailed, JobState::kCancelled}) {
    EXPECT_EQ(Transition(JobState::kRunning, FinishTrigger(state)).value(), state);
  }
}

TEST(JobState, NumbersAreThoseOfTheProtocol) {
  EXPECT_EQ(static_cast<int>(JobState::kAccepted), v1::ACCEPTED);
  EXPECT_EQ(static_cast<int>(JobState::kQueued), v1::QUEUED);
  EXPECT_EQ(static_cast<int>(JobState::kRunning), v1::RUNNING);
  EXPECT_EQ(static_cast<int>(JobState::kSucceeded), v1::SUCCEEDED);
  EXPECT_EQ(static_cast<int>(JobState::kFailed), v1::FAILED);
  EXPECT_EQ(static_cast<int>(JobState::kCancelled), v1::CANCELLED);
}

}  // namespace
}  // namespace smelt::jobs
