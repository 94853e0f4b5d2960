// Jobs through the real daemon, with a worker that plays every role.
#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "smelt/v1/report.pb.h"
#include "tests/integration/daemon.h"
#include "tests/integration/test_client.h"

namespace smelt::testing {
namespace {

class JobsThroughDaemon : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(daemon_.Start()); }
  v1::Job RunTrick(const std::string& trick) {
    const auto created = client_.Submit("model of " + trick, trick);
    EXPECT_TRUE(created.ok()) << created.error.message;
    const auto done = client_.Wait(created.value.id());
    EXPECT_TRUE(done.ok()) << done.error.message;
    return done.value;
  }

  Daemon daemon_{SMELT_CHAOS_WORKER};
  TestClient client_{daemon_.address()};
};

TEST_F(JobsThroughDaemon, BringsArtifactAndReport) {
  const v1::Job job = RunTrick("chaos-copy");
  ASSERT_EQ(job.state(), v1::SUCCEEDED) << job.message();
  EXPECT_EQ(job.attempt(), 1u);
  ASSERT_EQ(job.artifacts_size(), 1);
  EXPECT_EQ(client_.Read(job.artifacts(0).digest()).value, "model of chaos-copy");
  v1::Report report;
  ASSERT_TRUE(report.ParseFromString(client_.Read(job.report()).value));
  EXPECT_EQ(report.job_id(), job.id());
  EXPECT_EQ(report.state(), "succeeded");
}

TEST_F(JobsThroughDaemon, ShowsJobsOfTheLargestBundle) {
  const auto model = client_.Submit("model", "chaos-copy");
  ASSERT_TRUE(model.ok()) << model.error.message;
  v1::CreateJobRequest request;
  *request.mutable_convert() = model.value.convert();
  auto& files = *request.mutable_convert()->mutable_input()->mutable_external_files();
  for (int i = 0; i < 4096; ++i) {
    files[std::to_string(i) + std::string(300, 'p')] = model.value.convert().input().model();
  }
  for (int i = 0; i < 3; ++i) {
    const auto created = client_.Create(request);
    ASSERT_TRUE(created.ok()) << created.error.message;
    const auto done = client_.Wait(created.value.id());
    ASSERT_TRUE(done.ok()) << done.error.message;
    EXPECT_EQ(done.value.state(), v1::SUCCEEDED) << done.value.message();
    EXPECT_EQ(client_.Get(created.value.id()).value.convert().input().external_files_size(), 4096);
  }
  v1::ListJobsRequest list;
  int pages = 0;
  int jobs = 0;
  do {
    const auto page = client_.List(list);
    ASSERT_TRUE(page.ok()) << page.error.message;
    ++pages;
    jobs += page.value.jobs_size();
    list.set_page_token(page.value.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_EQ(jobs, 4);
  EXPECT_GT(pages, 1);
}

TEST_F(JobsThroughDaemon, ReportsARefusalAsAFinishedJob) {
  const v1::Job job = RunTrick("chaos-refuse");
  EXPECT_EQ(job.state(), v1::FAILED);
  EXPECT_EQ(job.reason_code(), "unsupported_onnx_op");
  v1::Report report;
  ASSERT_TRUE(report.ParseFromString(client_.Read(job.report()).value));
  EXPECT_EQ(report.diagnostics_size(), 1);
}

TEST_F(JobsThroughDaemon, LivesOnWhenWorkersDie) {
  const std::pair<const char*, const char*> cases[] = {{"chaos-crash", "worker_crashed"},
                                                       {"chaos-exit0", "worker_protocol"},
                                                       {"chaos-exit3", "worker_crashed"},
                                                       {"chaos-junk", "worker_protocol"},
                                                       {"chaos-lie", "worker_protocol"}};
  for (const auto& [trick, reason] : cases) {
    const v1::Job job = RunTrick(trick);
    EXPECT_EQ(job.state(), v1::FAILED) << trick;
    EXPECT_EQ(job.reason_code(), reason) << trick << ": " << job.message();
    EXPECT_EQ(job.attempt(), 1u) << trick << " was tried again";
    EXPECT_EQ(job.artifacts_size(), 0) << trick;
    v1::Report report;
    ASSERT_TRUE(report.ParseFromString(client_.Read(job.report()).value)) << trick;
    EXPECT_EQ(report.reason_code(), reason) << trick;
    EXPECT_EQ(report.message(), job.message()) << trick;
  }
  EXPECT_EQ(RunTrick("chaos-copy").state(), v1::SUCCEEDED);
}

TEST_F(JobsThroughDaemon, CancelsARunningJobWithinThreeSeconds) {
  for (const char* trick : {"chaos-wait", "chaos-hang"}) {
    const auto created = client_.Submit("model", trick);
    ASSERT_TRUE(created.ok()) << created.error.message;
    // Progress comes from a worker that is at work.
    client_.Watch(created.value.id(), 0, [](const v1::JobEvent& e) { return e.has_progress(); });
    const auto asked = std::chrono::steady_clock::now();
    ASSERT_TRUE(client_.Cancel(created.value.id()).ok());
    const auto done = client_.Wait(created.value.id());
    EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(3)) << trick;
    EXPECT_EQ(done.value.state(), v1::CANCELLED) << trick;
    const auto again = client_.Cancel(created.value.id());
    EXPECT_EQ(again.value.state(), v1::CANCELLED);
  }
}

TEST_F(JobsThroughDaemon, CancelsAQueuedJobAtOnce) {
  std::vector<std::string> busy;
  for (int i = 0; i < 2; ++i) busy.push_back(client_.Submit("model", "chaos-wait").value.id());
  const auto queued = client_.Submit("model", "chaos-copy");
  const auto cancelled = client_.Cancel(queued.value.id());
  EXPECT_EQ(cancelled.value.state(), v1::CANCELLED);
  for (const std::string& id : busy) client_.Cancel(id);
  for (const std::string& id : busy) EXPECT_EQ(client_.Wait(id).value.state(), v1::CANCELLED);
}

TEST_F(JobsThroughDaemon, StreamsNumberedEventsAndResumes) {
  const auto created = client_.Submit("model", "chaos-slow-copy");
  const auto all = client_.Watch(created.value.id());
  ASSERT_TRUE(all.ok()) << all.error.message;
  std::vector<v1::JobEvent> numbered;
  bool progress = false;
  for (const v1::JobEvent& event : all.value) {
    progress |= event.has_progress();
    if (event.seq() == 0) continue;
    numbered.push_back(event);
    EXPECT_EQ(event.seq(), numbered.size());
  }
  EXPECT_TRUE(progress);
  ASSERT_EQ(numbered.size(), 4u);  // accepted, queued, running, succeeded
  EXPECT_EQ(numbered[0].state(), v1::ACCEPTED);
  EXPECT_EQ(numbered[2].state(), v1::RUNNING);
  ASSERT_TRUE(numbered[3].has_finished());
  EXPECT_EQ(numbered[3].finished().state(), v1::SUCCEEDED);
  EXPECT_EQ(numbered[3].finished().artifacts_size(), 1);

  const auto rest = client_.Watch(created.value.id(), 2);
  ASSERT_EQ(rest.value.size(), 2u);
  EXPECT_EQ(rest.value[0].seq(), 3u);
  const auto nothing = client_.Watch(created.value.id(), 4);
  EXPECT_TRUE(nothing.ok());
  EXPECT_TRUE(nothing.value.empty());
  EXPECT_EQ(client_.Watch(created.value.id(), 99).error.code, "OUT_OF_RANGE");
}

TEST_F(JobsThroughDaemon, TakesARequestIdOnce) {
  const auto first = client_.Submit("model", "chaos-copy", "same");
  const auto second = client_.Submit("model", "chaos-copy", "same");
  EXPECT_EQ(first.value.id(), second.value.id());
  const auto other = client_.Submit("model", "chaos-refuse", "same");
  EXPECT_EQ(other.error.code, "ALREADY_EXISTS");
  EXPECT_EQ(other.error.reason, "request_id_reused");
}

TEST_F(JobsThroughDaemon, ListsByPages) {
  std::set<std::string> created;
  for (int i = 0; i < 5; ++i) created.insert(client_.Submit("model", "chaos-copy").value.id());
  for (const std::string& id : created) client_.Wait(id);
  v1::ListJobsRequest request;
  request.set_page_size(2);
  std::vector<std::string> listed;
  std::string first_token;
  do {
    const auto page = client_.List(request);
    ASSERT_TRUE(page.ok()) << page.error.message;
    EXPECT_LE(page.value.jobs_size(), 2);
    for (const v1::Job& job : page.value.jobs()) listed.push_back(job.id());
    request.set_page_token(page.value.next_page_token());
    if (first_token.empty()) first_token = page.value.next_page_token();
  } while (!request.page_token().empty());
  EXPECT_TRUE(std::ranges::is_sorted(listed, std::greater<>()));
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()), created);

  request.set_page_token(first_token);
  request.add_states(v1::FAILED);
  EXPECT_EQ(client_.List(request).error.reason, "invalid_page_token");
}

TEST_F(JobsThroughDaemon, RefusesWhatItCanNotStart) {
  v1::CreateJobRequest missing;
  *missing.mutable_convert()->mutable_input()->mutable_model() = DigestOf("never uploaded");
  const auto answer = client_.Create(missing);
  EXPECT_EQ(answer.error.code, "FAILED_PRECONDITION");
  EXPECT_EQ(answer.error.reason, "blob_missing");
  EXPECT_FALSE(answer.error.metadata.at("hint").empty());
  EXPECT_EQ(client_.Create({}).error.code, "INVALID_ARGUMENT");
  EXPECT_EQ(client_.Get("no-such-job").error.code, "NOT_FOUND");
  EXPECT_EQ(client_.Watch("no-such-job").error.reason, "job_not_found");
  EXPECT_EQ(client_.Wait("no-such-job").error.reason, "job_not_found");
  EXPECT_EQ(client_.Cancel("no-such-job").error.reason, "job_not_found");
}

TEST_F(JobsThroughDaemon, AnswersAWaitWhenItsTimeIsOver) {
  const auto created = client_.Submit("model", "chaos-wait");
  const auto waited = client_.Wait(created.value.id(), 0.05);
  ASSERT_TRUE(waited.ok()) << waited.error.message;
  EXPECT_NE(waited.value.state(), v1::CANCELLED);
  client_.Cancel(created.value.id());
  EXPECT_EQ(client_.Wait(created.value.id()).value.state(), v1::CANCELLED);
}

TEST_F(JobsThroughDaemon, TellsAboutItself) {
  const auto info = client_.Info();
  ASSERT_TRUE(info.ok()) << info.error.message;
  EXPECT_FALSE(info.value.version().empty());
  EXPECT_EQ(info.value.workers(), 2u);
  EXPECT_TRUE(info.value.accepting());
  EXPECT_EQ(info.value.sandbox_size(), 5);
  EXPECT_EQ(info.value.limits().max_message_bytes(), 4u << 20);
  EXPECT_GT(client_.Operators().value.operators_size(), 0);
  EXPECT_EQ(client_.Health(""), "SERVING");
  EXPECT_EQ(client_.Health("no.such.Service"), "NOT_FOUND");
}

TEST(DaemonQueue, RefusesMoreThanItsBound) {
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start({"--max-queued=2", "--workers=1"}));
  TestClient client(daemon.address());
  std::vector<std::string> ids;
  std::string refusal;
  bool retry_info = false;
  for (int i = 0; i < 5 && refusal.empty(); ++i) {
    const auto created = client.Submit("model", "chaos-wait");
    if (created.ok()) ids.push_back(created.value.id());
    refusal = created.error.reason;
    retry_info = created.error.has_retry_info;
  }
  EXPECT_EQ(refusal, "queue_full");
  EXPECT_TRUE(retry_info);
  for (const std::string& id : ids) client.Cancel(id);
  for (const std::string& id : ids) EXPECT_EQ(client.Wait(id).value.state(), v1::CANCELLED);
}

}  // namespace
}  // namespace smelt::testing
