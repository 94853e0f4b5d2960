// What every JobStore and EventLog promises. Instantiate JobStoreContract with a type of
// store_factories.h.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "server/jobs/event_log.h"
#include "server/jobs/job_id.h"
#include "server/jobs/job_store.h"
#include "tests/contract/store_factories.h"

namespace smelt::test {

using jobs::Job;
using jobs::JobState;

inline v1::ConvertOperation ConvertOf(const std::string& target) {
  v1::ConvertOperation convert;
  convert.mutable_options()->set_target(target);
  (*convert.mutable_options()->mutable_dims())["N"] = 1;
  (*convert.mutable_options()->mutable_dims())["height"] = 224;
  convert.mutable_input()->set_file_name("model.onnx");
  return convert;
}

template <class Stores>
class JobStoreContract : public ::testing::Test {
 protected:
  jobs::JobStore& store() { return stores_.job_store(); }
  jobs::EventLog& events() { return stores_.events(); }
  FakeClock& clock() { return stores_.clock(); }

  Result<jobs::Accepted> Accept(const std::string& request_id = "",
                                const std::string& target = "litert") {
    clock().Advance(std::chrono::milliseconds(10));
    return store().Accept({.id = ids_.Next(),
                           .request_id = request_id,
                           .operation = ConvertOf(target),
                           .now = clock().Wall()});
  }
  std::string AcceptId() { return Accept().value().job.id; }
  Job Take() { return store().TakeNext(clock().Wall()).value().value(); }
  Result<Job> Finish(const Job& job, JobState state, Reason reason = Reason::kOk) {
    jobs::JobResult result;
    result.id = job.id;
    result.version = job.version;
    result.state = state;
    result.reason = reason;
    result.now = clock().Wall();
    return store().Finish(result);
  }
  std::vector<JobState> States(const std::string& id, std::uint64_t after = 0) {
    std::vector<JobState> states;
    const auto read = events().ReadAfter(id, after, 100).value();
    for (const jobs::JobEvent& event : read) states.push_back(event.state);
    return states;
  }

  Stores stores_;
  jobs::JobIdSource ids_{stores_.clock()};
};

TYPED_TEST_SUITE_P(JobStoreContract);

TYPED_TEST_P(JobStoreContract, AcceptQueuesTheJobWithTwoEvents) {
  const auto accepted = this->Accept("r1");
  ASSERT_TRUE(accepted.ok()) << accepted.status().ToString();
  EXPECT_TRUE(accepted->created);
  const Job job = this->store().Get(accepted->job.id).value();
  EXPECT_EQ(job.state, JobState::kQueued);
  EXPECT_EQ(job.request_id, "r1");
  EXPECT_EQ(std::get<v1::ConvertOperation>(job.operation).options().target(), "litert");
  EXPECT_EQ(std::get<v1::ConvertOperation>(job.operation).options().dims().at("height"), 224);
  EXPECT_EQ(job.create_time, this->clock().Wall());
  EXPECT_FALSE(job.start_time.has_value());
  EXPECT_EQ(job.attempt, 0u);
  EXPECT_EQ(job.last_seq, 2u);
  EXPECT_EQ(job.version, accepted->job.version);
  EXPECT_THAT(this->States(job.id), ::testing::ElementsAre(JobState::kAccepted, JobState::kQueued));
}

TYPED_TEST_P(JobStoreContract, KeepsOperationsOfEveryKind) {
  v1::InspectOperation inspect;
  inspect.mutable_input()->set_file_name("model.tflite");
  const auto accepted = this->store().Accept({.id = this->ids_.Next(),
                                              .request_id = "r1",
                                              .operation = inspect,
                                              .now = this->clock().Wall()});
  ASSERT_TRUE(accepted.ok()) << accepted.status().ToString();
  const Job job = this->store().Get(accepted->job.id).value();
  EXPECT_EQ(std::get<v1::InspectOperation>(job.operation).input().file_name(), "model.tflite");
  v1::ConvertOperation convert;
  convert.mutable_input()->set_file_name("model.tflite");
  EXPECT_EQ(this->store()
                .Accept({.id = this->ids_.Next(),
                         .request_id = "r1",
                         .operation = convert,
                         .now = this->clock().Wall()})
                .status()
                .reason(),
            Reason::kRequestIdReused);
}

TYPED_TEST_P(JobStoreContract, RequestIdReturnsTheSameJob) {
  const auto first = this->Accept("r1");
  const auto second = this->Accept("r1");
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_FALSE(second->created);
  EXPECT_EQ(second->job.id, first->job.id);
  EXPECT_EQ(this->store().List({}).value().size(), 1u);
}

TYPED_TEST_P(JobStoreContract, RequestIdWithOtherOperationIsRefused) {
  ASSERT_TRUE(this->Accept("r1").ok());
  EXPECT_EQ(this->Accept("r1", "other").status().reason(), Reason::kRequestIdReused);
}

TYPED_TEST_P(JobStoreContract, RequestIdIsFoundWithoutAnotherAccept) {
  const auto found = [this](const std::string& request_id, const std::string& target) {
    return this->store().FindAccepted({.id = "new",
                                       .request_id = request_id,
                                       .operation = ConvertOf(target),
                                       .now = this->clock().Wall()});
  };
  const auto first = this->Accept("r1");
  this->AcceptId();
  EXPECT_EQ(found("r1", "litert").value().value().id, first->job.id);
  EXPECT_EQ(found("r1", "other").status().reason(), Reason::kRequestIdReused);
  EXPECT_FALSE(found("r2", "litert").value().has_value());
  EXPECT_FALSE(found("", "litert").value().has_value());
  this->clock().Advance(std::chrono::hours(25));
  EXPECT_FALSE(found("r1", "litert").value().has_value());
}

TYPED_TEST_P(JobStoreContract, RequestIdIsForgottenAfterADay) {
  const auto first = this->Accept("r1");
  this->clock().Advance(std::chrono::hours(25));
  const auto second = this->Accept("r1", "other");
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_NE(second->job.id, first->job.id);
}

TYPED_TEST_P(JobStoreContract, JobsWithoutRequestIdAreNeverMerged) {
  EXPECT_NE(this->AcceptId(), this->AcceptId());
}

TYPED_TEST_P(JobStoreContract, FullQueueRefusesAndTakesAgainLater) {
  for (std::size_t i = 0; i < kMaxQueued; ++i) ASSERT_TRUE(this->Accept().ok());
  EXPECT_EQ(this->Accept().status().reason(), Reason::kQueueFull);
  this->Take();
  EXPECT_TRUE(this->Accept().ok());
}

TYPED_TEST_P(JobStoreContract, UnknownJobIsNotFound) {
  EXPECT_EQ(this->store().Get("X").status().reason(), Reason::kJobNotFound);
  EXPECT_EQ(this->store().RequestCancel("X", {}, {}).status().reason(), Reason::kJobNotFound);
  EXPECT_EQ(this->events().ReadAfter("X", 0, 1).status().reason(), Reason::kJobNotFound);
}

TYPED_TEST_P(JobStoreContract, TakesTheOldestAndCountsTheAttempt) {
  const std::string first = this->AcceptId();
  const std::string second = this->AcceptId();
  const Job taken = this->Take();
  EXPECT_EQ(taken.id, first);
  EXPECT_EQ(taken.state, JobState::kRunning);
  EXPECT_EQ(taken.attempt, 1u);
  EXPECT_EQ(taken.start_time, this->clock().Wall());
  EXPECT_EQ(this->Take().id, second);
  EXPECT_FALSE(this->store().TakeNext(this->clock().Wall()).value().has_value());
}

TYPED_TEST_P(JobStoreContract, FinishStoresTheResult) {
  this->AcceptId();
  const Job taken = this->Take();
  const Digest digest = Digest::Of(std::as_bytes(std::span("x")));
  jobs::JobResult result;
  result.id = taken.id;
  result.version = taken.version;
  result.state = JobState::kSucceeded;
  result.artifacts = {{"a.tflite", "tflite", digest}, {"b.tflite", "tflite", Digest::Of({})}};
  result.report = digest;
  result.now = this->clock().Wall();
  ASSERT_TRUE(this->store().Finish(result).ok());
  const Job job = this->store().Get(taken.id).value();
  EXPECT_EQ(job.state, JobState::kSucceeded);
  EXPECT_EQ(job.artifacts, result.artifacts);
  EXPECT_EQ(job.report, digest);
  EXPECT_EQ(job.finish_time, result.now);
  EXPECT_EQ(job.last_seq, 4u);
  EXPECT_EQ(this->States(job.id, 2),
            (std::vector<JobState>{JobState::kRunning, JobState::kSucceeded}));
  EXPECT_EQ(this->store().List({}).value().at(0).artifacts, result.artifacts);
}

TYPED_TEST_P(JobStoreContract, FinishStoresReasonAndMessage) {
  this->AcceptId();
  const Job taken = this->Take();
  jobs::JobResult result;
  result.id = taken.id;
  result.version = taken.version;
  result.state = JobState::kFailed;
  result.reason = Reason::kWorkerCrashed;
  result.message = "signal 11 in stage import";
  ASSERT_TRUE(this->store().Finish(result).ok());
  const Job job = this->store().Get(taken.id).value();
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.reason, Reason::kWorkerCrashed);
  EXPECT_EQ(job.message, "signal 11 in stage import");
  EXPECT_FALSE(job.report.has_value());
}

TYPED_TEST_P(JobStoreContract, StaleVersionIsRefusedAndChangesNothing) {
  this->AcceptId();
  const Job zombie = this->Take();
  ASSERT_TRUE(this->store().Requeue(zombie.id, zombie.version, this->clock().Wall()).ok());
  const Job taken = this->Take();
  EXPECT_EQ(taken.attempt, 2u);
  EXPECT_EQ(this->Finish(zombie, JobState::kSucceeded).status().reason(),
            Reason::kConcurrentUpdate);
  EXPECT_EQ(
      this->store().Requeue(zombie.id, zombie.version, this->clock().Wall()).status().reason(),
      Reason::kConcurrentUpdate);
  const Job now = this->store().Get(taken.id).value();
  EXPECT_EQ(now.state, JobState::kRunning);
  EXPECT_EQ(now.last_seq, taken.last_seq);
  EXPECT_TRUE(this->Finish(taken, JobState::kSucceeded).ok());
}

TYPED_TEST_P(JobStoreContract, FinishedJobCannotFinishAgain) {
  this->AcceptId();
  const Job taken = this->Take();
  const Job finished = this->Finish(taken, JobState::kSucceeded).value();
  EXPECT_EQ(this->Finish(finished, JobState::kFailed).status().reason(),
            Reason::kImpossibleTransition);
  EXPECT_EQ(this->store().Get(taken.id)->state, JobState::kSucceeded);
  EXPECT_EQ(this->States(taken.id).size(), 4u);
}

TYPED_TEST_P(JobStoreContract, FinishInAStateThatGoesOnIsImpossible) {
  this->AcceptId();
  EXPECT_EQ(this->Finish(this->Take(), JobState::kQueued).status().reason(),
            Reason::kImpossibleTransition);
}

TYPED_TEST_P(JobStoreContract, CancelEndsAQueuedJobOnce) {
  const std::string id = this->AcceptId();
  const Digest report = Digest::Of(std::as_bytes(std::span("report")));
  const auto first = this->store().RequestCancel(id, this->clock().Wall(), report).value();
  EXPECT_TRUE(first.ended_now);
  EXPECT_EQ(first.job.state, JobState::kCancelled);
  EXPECT_EQ(first.job.finish_time, this->clock().Wall());
  const auto second = this->store().RequestCancel(id, this->clock().Wall(), {}).value();
  EXPECT_FALSE(second.ended_now);
  EXPECT_EQ(second.job.last_seq, first.job.last_seq);
  const Job job = this->store().Get(id).value();
  EXPECT_EQ(job.reason, Reason::kCancelled);
  EXPECT_EQ(job.message, jobs::kCancelledMessage);
  EXPECT_EQ(job.report, report);
  EXPECT_FALSE(this->store().TakeNext(this->clock().Wall()).value().has_value());
}

TYPED_TEST_P(JobStoreContract, CancelMarksARunningJobWithoutFencingIt) {
  this->AcceptId();
  const Job taken = this->Take();
  const auto answer = this->store().RequestCancel(taken.id, this->clock().Wall(), {}).value();
  EXPECT_FALSE(answer.ended_now);
  EXPECT_EQ(answer.job.state, JobState::kRunning);
  EXPECT_TRUE(this->store().Get(taken.id)->cancel_requested);
  EXPECT_TRUE(this->Finish(taken, JobState::kCancelled).ok());
}

TYPED_TEST_P(JobStoreContract, CancelLeavesAFinishedJobAsItIs) {
  this->AcceptId();
  const Job taken = this->Take();
  this->Finish(taken, JobState::kSucceeded).value();
  const auto answer = this->store().RequestCancel(taken.id, this->clock().Wall(), {}).value();
  EXPECT_FALSE(answer.ended_now);
  EXPECT_EQ(answer.job.state, JobState::kSucceeded);
  EXPECT_FALSE(answer.job.cancel_requested);
}

TYPED_TEST_P(JobStoreContract, RequeueKeepsThePlaceInTheQueue) {
  const std::string first = this->AcceptId();
  this->AcceptId();
  const Job taken = this->Take();
  const Job queued = this->store().Requeue(taken.id, taken.version, this->clock().Wall()).value();
  EXPECT_EQ(queued.state, JobState::kQueued);
  const Job again = this->Take();
  EXPECT_EQ(again.id, first);
  EXPECT_EQ(again.attempt, 2u);
}

TYPED_TEST_P(JobStoreContract, RequeueOfACancelledJobEndsIt) {
  this->AcceptId();
  const Job taken = this->Take();
  this->store().RequestCancel(taken.id, this->clock().Wall(), {}).value();
  const Job job = this->store().Requeue(taken.id, taken.version, this->clock().Wall()).value();
  EXPECT_EQ(job.state, JobState::kCancelled);
  EXPECT_EQ(this->store().Get(taken.id)->reason, Reason::kCancelled);
}

TYPED_TEST_P(JobStoreContract, ListPagesNewestFirstWithoutRepeats) {
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) ids.insert(ids.begin(), this->AcceptId());
  std::vector<std::string> seen;
  jobs::JobQuery query{.limit = 3, .before_id = "", .states = {}};
  while (true) {
    const std::vector<Job> page = this->store().List(query).value();
    EXPECT_LE(page.size(), 3u);
    for (const Job& job : page) seen.push_back(job.id);
    if (page.empty()) break;
    query.before_id = page.back().id;
    this->AcceptId();  // arrives while paging and is not seen
  }
  EXPECT_EQ(seen, ids);
}

TYPED_TEST_P(JobStoreContract, ListFiltersByState) {
  this->AcceptId();
  this->AcceptId();
  this->AcceptId();
  const Job taken = this->Take();
  this->Finish(this->Take(), JobState::kFailed, Reason::kNotAModel).value();
  const auto running =
      this->store().List({.limit = 9, .before_id = "", .states = {JobState::kRunning}}).value();
  ASSERT_EQ(running.size(), 1u);
  EXPECT_EQ(running[0].id, taken.id);
  const auto both =
      this->store()
          .List({.limit = 9, .before_id = "", .states = {JobState::kRunning, JobState::kFailed}})
          .value();
  EXPECT_EQ(both.size(), 2u);
}

TYPED_TEST_P(JobStoreContract, CountsByState) {
  this->AcceptId();
  this->AcceptId();
  this->AcceptId();
  this->Finish(this->Take(), JobState::kSucceeded).value();
  this->Take();
  const jobs::JobCounts counts = this->store().CountByState().value();
  EXPECT_EQ(counts, (jobs::JobCounts{0, 0, 1, 1, 1, 0, 0}));
}

TYPED_TEST_P(JobStoreContract, EventsAreReadAfterANumberAndLimited) {
  this->AcceptId();
  const Job taken = this->Take();
  this->Finish(taken, JobState::kSucceeded).value();
  const auto events = this->events().ReadAfter(taken.id, 1, 2).value();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].seq, 2u);
  EXPECT_EQ(events[0].state, JobState::kQueued);
  EXPECT_EQ(events[1].seq, 3u);
  EXPECT_EQ(events[1].time, this->clock().Wall());
  EXPECT_TRUE(this->events().ReadAfter(taken.id, 4, 9).value().empty());
  EXPECT_TRUE(this->events().ReadAfter(taken.id, ~std::uint64_t{0}, 9).value().empty());
}

TYPED_TEST_P(JobStoreContract, SubscribersHearOfEventsOnceTheyCanBeRead) {
  const std::string id = this->AcceptId();
  const std::string other = this->AcceptId();
  std::vector<std::uint64_t> seqs;
  std::vector<std::string> stages;
  {
    const auto subscription = this->events().Subscribe(id, [&](const jobs::JobNotice& notice) {
      if (notice.progress) {
        stages.push_back(notice.progress->stage());
      } else {
        seqs.push_back(notice.last_seq);
      }
    });
    const Job taken = this->Take();
    v1::Progress progress;
    progress.set_stage("import");
    this->events().PublishProgress(id, progress);
    progress.set_stage("elsewhere");
    this->events().PublishProgress(other, progress);
    this->Finish(taken, JobState::kSucceeded).value();
    EXPECT_EQ(this->events().ReadAfter(id, 0, 9)->back().seq, seqs.back());
  }
  EXPECT_EQ(seqs, (std::vector<std::uint64_t>{3, 4}));
  EXPECT_EQ(stages, std::vector<std::string>{"import"});
  v1::Progress progress;
  this->events().PublishProgress(id, progress);
  EXPECT_EQ(stages.size(), 1u);
}

TYPED_TEST_P(JobStoreContract, ConcurrentTakersNeverGetTheSameJob) {
  for (std::size_t i = 0; i < kMaxQueued; ++i) this->AcceptId();
  std::mutex mutex;
  std::vector<std::string> taken;
  std::vector<std::thread> takers;
  for (int i = 0; i < 4; ++i) {
    takers.emplace_back([&] {
      while (true) {
        const auto job = this->store().TakeNext(this->clock().Wall()).value();
        if (!job) return;
        std::lock_guard lock(mutex);
        taken.push_back(job->id);
      }
    });
  }
  for (std::thread& taker : takers) taker.join();
  EXPECT_EQ(taken.size(), kMaxQueued);
  EXPECT_EQ(std::set<std::string>(taken.begin(), taken.end()).size(), kMaxQueued);
}

REGISTER_TYPED_TEST_SUITE_P(JobStoreContract, AcceptQueuesTheJobWithTwoEvents,
                            KeepsOperationsOfEveryKind, RequestIdReturnsTheSameJob,
                            RequestIdWithOtherOperationIsRefused,
                            RequestIdIsFoundWithoutAnotherAccept, RequestIdIsForgottenAfterADay,
                            JobsWithoutRequestIdAreNeverMerged, FullQueueRefusesAndTakesAgainLater,
                            UnknownJobIsNotFound, TakesTheOldestAndCountsTheAttempt,
                            FinishStoresTheResult, FinishStoresReasonAndMessage,
                            StaleVersionIsRefusedAndChangesNothing, FinishedJobCannotFinishAgain,
                            FinishInAStateThatGoesOnIsImpossible, CancelEndsAQueuedJobOnce,
                            CancelMarksARunningJobWithoutFencingIt, CancelLeavesAFinishedJobAsItIs,
                            RequeueKeepsThePlaceInTheQueue, RequeueOfACancelledJobEndsIt,
                            ListPagesNewestFirstWithoutRepeats, ListFiltersByState, CountsByState,
                            EventsAreReadAfterANumberAndLimited,
                            SubscribersHearOfEventsOnceTheyCanBeRead,
                            ConcurrentTakersNeverGetTheSameJob);

}  // namespace smelt::test
