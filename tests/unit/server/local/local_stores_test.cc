#include "server/local/local_stores.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "server/jobs/job_id.h"
#include "server/jobs/operation.h"
#include "server/jobs/recovery.h"
#include "server/local/sqlite_db.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace smelt::local {
namespace {

class LocalStoresTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<LocalStores>> Open() {
    return LocalStores::Open({.state_dir = path_}, clock_, store_metrics_, blob_metrics_);
  }
  jobs::Job Accept(jobs::JobStore& store) {
    jobs::NewJob job;
    job.id = ids_.Next();
    job.request_id = "r-" + job.id;
    job.now = clock_.Wall();
    *std::get<v1::ConvertOperation>(job.operation).mutable_input()->mutable_model() =
        jobs::ToProto(Digest::Of({}));
    return store.Accept(job).value().job;
  }

  // What an operator or a broken disk does to the ledger.
  void Change(const std::string& sql) {
    const auto db = SqliteDb::Open(path_ + "/ledger.sqlite", SqliteDb::Mode::kWriter).value();
    ASSERT_TRUE(db->Execute(sql).ok());
  }

  test::TempDir directory_;
  const std::string path_ = directory_ / "a/b/state";
  test::FakeClock clock_;
  jobs::JobIdSource ids_{clock_};
  jobs::StoreMetrics store_metrics_;
  jobs::BlobMetrics blob_metrics_;
  jobs::JobMetrics job_metrics_;
};

TEST_F(LocalStoresTest, MakesAPrivateDirectory) {
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms::owner_all);
}

TEST_F(LocalStoresTest, FolderThatCanNotBeReachedIsAnErrorWithItsName) {
  std::filesystem::create_symlink("loop", directory_ / "loop");
  for (const std::string& path : {directory_ / "loop", directory_ / std::string(256, 'n')}) {
    const auto stores =
        LocalStores::Open({.state_dir = path}, clock_, store_metrics_, blob_metrics_);
    EXPECT_EQ(stores.status().reason(), Reason::kIoError);
    EXPECT_NE(stores.status().message().find(path), std::string::npos);
  }
}

TEST_F(LocalStoresTest, SecondDaemonIsRefusedUntilTheFirstEnds) {
  {
    const auto first = Open();
    ASSERT_TRUE(first.ok()) << first.status().ToString();
    EXPECT_EQ(Open().status().reason(), Reason::kConfigInvalid);
  }
  EXPECT_TRUE(Open().ok());
}

TEST_F(LocalStoresTest, JobsAndEventsSurviveADeathInTheMiddle) {
  jobs::Job queued;
  jobs::Job running;
  jobs::Job done;
  {
    const auto stores = Open().value();
    done = Accept(stores->job_store());
    running = Accept(stores->job_store());
    queued = Accept(stores->job_store());
    const jobs::Job taken = stores->job_store().TakeNext(clock_.Wall()).value().value();
    jobs::JobResult result;
    result.id = taken.id;
    result.version = taken.version;
    result.state = jobs::JobState::kSucceeded;
    result.artifacts = {{"m.tflite", "tflite", Digest::Of({})}};
    ASSERT_TRUE(stores->job_store().Finish(result).ok());
    ASSERT_EQ(stores->job_store().TakeNext(clock_.Wall()).value()->id, running.id);
  }
  const auto stores = Open().value();
  const auto summary =
      jobs::Recover(stores->job_store(), stores->blobs(), clock_, job_metrics_).value();
  EXPECT_EQ(summary.requeued, 1u);
  EXPECT_EQ(summary.queued, 2u);
  EXPECT_EQ(summary.missing_inputs, 0u);
  EXPECT_EQ(stores->job_store().Get(done.id)->state, jobs::JobState::kSucceeded);
  EXPECT_EQ(stores->job_store().Get(done.id)->artifacts.size(), 1u);
  EXPECT_EQ(stores->job_store().Get(queued.id)->state, jobs::JobState::kQueued);
  const auto events = stores->events().ReadAfter(running.id, 0, 100).value();
  ASSERT_EQ(events.size(), 4u);  // accepted, queued, running, queued
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].seq, i + 1);
  EXPECT_EQ(stores->job_store().TakeNext(clock_.Wall()).value()->id, running.id);
}

TEST_F(LocalStoresTest, UnknownStateIsRefusedAtTheStartWithTheNameOfItsJob) {
  const jobs::Job job = Accept(Open().value()->job_store());
  Change("UPDATE jobs SET state = 77");
  const Status refused = Open().status();
  EXPECT_EQ(refused.reason(), Reason::kInternalError);
  EXPECT_NE(refused.message().find(job.id), std::string_view::npos) << refused.message();
  EXPECT_NE(refused.message().find("77"), std::string_view::npos) << refused.message();
  EXPECT_NE(refused.hint().find(job.id), std::string_view::npos) << refused.hint();
  Change("UPDATE jobs SET state = 2, operation = x'ff'");
  EXPECT_EQ(Open().status().reason(), Reason::kInternalError);
  Change("UPDATE jobs SET state = 5");  // as the hint says
  EXPECT_TRUE(Open().ok());
}

TEST_F(LocalStoresTest, UnreadableJobsAreLeftOutOfLists) {
  const auto stores = Open().value();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(Accept(stores->job_store()).id);
  Change("UPDATE jobs SET operation = x'ff' WHERE id = '" + ids[3] + "'");
  Change("UPDATE jobs SET state = 77 WHERE id = '" + ids[2] + "'");
  const auto newest = stores->job_store().List({.limit = 2, .before_id = "", .states = {}});
  ASSERT_TRUE(newest.ok()) << newest.status().ToString();
  ASSERT_EQ(newest->size(), 2u);
  EXPECT_EQ(newest->at(0).id, ids[4]);
  EXPECT_EQ(newest->at(1).id, ids[1]);
  EXPECT_EQ(stores->job_store().List({}).value().size(), 3u);
  EXPECT_EQ(stores->job_store().Get(ids[3]).status().reason(), Reason::kInternalError);
  EXPECT_EQ(stores->job_store().CountByState().value().at(2), 4u);
}

TEST_F(LocalStoresTest, RequestIdHoldsAcrossARestart) {
  jobs::NewJob job;
  job.id = ids_.Next();
  job.request_id = "r";
  job.now = clock_.Wall();
  ASSERT_TRUE(Open().value()->job_store().Accept(job).ok());
  const std::string id = job.id;
  job.id = ids_.Next();
  const auto again = Open().value()->job_store().Accept(job);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->created);
  EXPECT_EQ(again->job.id, id);
}

}  // namespace
}  // namespace smelt::local
