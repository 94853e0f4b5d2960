#include "server/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "core/base/unique_fd.h"
#include "server/metrics/metrics_exposer.h"

namespace smelt::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class MetricsTest : public ::testing::Test {
 protected:
  Metrics metrics_{{.version = "1.2.3", .targets = {"litert"}}};
};

UniqueFd Connect(int port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SMELT_CHECK(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
              0);
  return fd;
}

// What an HTTP client gets from the page.
std::string Get(int port, const std::string& path) {
  const UniqueFd fd = Connect(port);
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  SMELT_CHECK(::send(fd.get(), request.data(), request.size(), 0) ==
              static_cast<ssize_t>(request.size()));
  std::string answer;
  char chunk[4096];
  while (true) {
    const ssize_t got = ::recv(fd.get(), chunk, sizeof(chunk), 0);
    if (got <= 0) return answer;
    answer.append(chunk, static_cast<std::size_t>(got));
  }
}

TEST_F(MetricsTest, ClosedSetsReadZeroFromTheStart) {
  const std::string page = metrics_.Render();
  EXPECT_THAT(page, HasSubstr("smelt_build_info{version=\"1.2.3\"} 1\n"));
  for (const char* line :
       {"smelt_jobs_submitted_total{target=\"litert\"} 0\n",
        "smelt_worker_exits_total{cause=\"oom\"} 0\n", "smelt_workers{state=\"idle\"} 0\n",
        "smelt_uploads_total{outcome=\"mismatch\"} 0\n", "smelt_watch_streams 0\n",
        "smelt_watch_gaps_total 0\n", "smelt_impossible_transitions_total 0\n",
        "smelt_store_fsync_seconds_count{op=\"data\"} 0\n"}) {
    EXPECT_THAT(page, HasSubstr(line));
  }
}

TEST_F(MetricsTest, CountsJobsByTargetResultAndReason) {
  metrics_.jobs().OnSubmitted("litert");
  metrics_.jobs().OnSubmitted("litert");
  metrics_.jobs().OnFinished("litert", jobs::JobState::kSucceeded, Reason::kOk);
  metrics_.jobs().OnFinished("litert", jobs::JobState::kFailed, Reason::kWorkerTimeout);
  const std::string page = metrics_.Render();
  EXPECT_THAT(page, HasSubstr("smelt_jobs_submitted_total{target=\"litert\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("smelt_jobs_finished_total{reason=\"ok\",result=\"succeeded\","
                              "target=\"litert\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("smelt_jobs_finished_total{reason=\"worker_timeout\","
                              "result=\"failed\",target=\"litert\"} 1\n"));
}

TEST_F(MetricsTest, JobsWithoutATargetHaveALabelOfTheirOwn) {
  metrics_.jobs().OnSubmitted("");
  metrics_.jobs().OnFinished("", jobs::JobState::kSucceeded, Reason::kOk);
  metrics_.jobs().OnStage("inspect", "", 0.5);
  metrics_.jobs().OnSubmitted("none");  // a client's word is not the daemon's
  const std::string page = metrics_.Render();
  EXPECT_THAT(page, HasSubstr("smelt_jobs_submitted_total{target=\"none\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("smelt_jobs_submitted_total{target=\"other\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("result=\"succeeded\",target=\"none\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("stage=\"inspect\",target=\"none\""));
}

TEST_F(MetricsTest, WhatClientsAndModelsChooseIsBounded) {
  metrics_.SetOperators({"Conv"});
  jobs::RunOutcome outcome;
  outcome.stages = {{"import", 0.5}, {"<script>", 1}};
  outcome.lowered = {{"Conv", Reason::kOk, 3}, {"Evil1", Reason::kOk, 1}};
  outcome.rejected = {{"Evil2", Reason::kUnsupportedOnnxOp, 2}};
  metrics_.jobs().OnSubmitted("no such target");
  metrics_.jobs().OnRun("no such target", outcome);
  const std::string page = metrics_.Render();
  EXPECT_THAT(page, HasSubstr("smelt_jobs_submitted_total{target=\"other\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("smelt_ops_lowered_total{op=\"Conv\"} 3\n"));
  EXPECT_THAT(page, HasSubstr("smelt_ops_lowered_total{op=\"other\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("smelt_ops_rejected_total{op=\"other\","
                              "reason=\"unsupported_onnx_op\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("stage=\"other\""));
  EXPECT_THAT(page, Not(HasSubstr("Evil")));
  EXPECT_THAT(page, Not(HasSubstr("script")));
}

TEST_F(MetricsTest, RunFillsTheWorkerHistograms) {
  jobs::RunOutcome outcome;
  outcome.cpu_seconds = 2;
  outcome.peak_rss_bytes = 40 << 20;
  metrics_.jobs().OnRun("litert", outcome);
  const std::string page = metrics_.Render();
  EXPECT_THAT(page, HasSubstr("smelt_worker_cpu_seconds_bucket{target=\"litert\",le=\"1\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("smelt_worker_cpu_seconds_bucket{target=\"litert\",le=\"2.2\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("smelt_worker_max_rss_bytes_bucket{target=\"litert\","
                              "le=\"33554432\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("smelt_worker_max_rss_bytes_bucket{target=\"litert\","
                              "le=\"67108864\"} 1\n"));
}

TEST_F(MetricsTest, CountsWorkersStoresAndRpcs) {
  metrics_.workers().OnExit(jobs::ExitCause::kSyscallDenied);
  metrics_.workers().SetWorkers(jobs::WorkerMetrics::State::kBusy, 3);
  metrics_.store().OnCommit(0.001, 4);
  metrics_.store().OnFsync("dir", 0.002);
  metrics_.blobs().OnUpload(jobs::BlobMetrics::Upload::kResumed);
  metrics_.rpc().OnStarted("smelt.v1.Jobs", "Create");
  metrics_.rpc().OnHandled("smelt.v1.Jobs", "Create", "OK", 0.01);
  metrics_.rpc().OnWatchOpened();
  metrics_.rpc().OnWatchOpened();
  metrics_.rpc().OnWatchClosed();
  metrics_.rpc().OnWatchGap();
  const std::string page = metrics_.Render();
  for (const char* line :
       {"smelt_worker_exits_total{cause=\"seccomp\"} 1\n", "smelt_workers{state=\"busy\"} 3\n",
        "smelt_store_commit_seconds_count{op=\"group\"} 1\n", "smelt_store_commit_calls_sum 4\n",
        "smelt_store_fsync_seconds_count{op=\"dir\"} 1\n",
        "smelt_uploads_total{outcome=\"resumed\"} 1\n",
        "grpc_server_started_total{grpc_method=\"Create\",grpc_service=\"smelt.v1.Jobs\"} 1\n",
        "grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"Create\","
        "grpc_service=\"smelt.v1.Jobs\"} 1\n",
        "smelt_watch_streams 1\n", "smelt_watch_gaps_total 1\n"}) {
    EXPECT_THAT(page, HasSubstr(line));
  }
}

TEST_F(MetricsTest, StageBucketsHaveThreeStepsADecade) {
  metrics_.jobs().OnStage("run", "litert", 1);
  const std::string page = metrics_.Render();
  for (const char* bound : {"0.001", "0.0022", "0.0046", "0.01", "1", "2.2", "460", "1000"}) {
    EXPECT_THAT(page, HasSubstr("le=\"" + std::string(bound) + "\"")) << bound;
  }
}

TEST_F(MetricsTest, GaugesAreAskedAtEachScrapeAndNotAfterwards) {
  std::uint64_t running = 1;
  metrics_.SetGauges({.job_counts = [&]() -> Result<jobs::JobCounts> {
                        return jobs::JobCounts{0, 0, 5, running, 0, 0, 0};
                      },
                      .blob_bytes = [] { return std::uint64_t{1000}; }});
  EXPECT_THAT(metrics_.Render(), HasSubstr("smelt_jobs_in_state{state=\"running\"} 1\n"));
  running = 2;
  const std::string page = metrics_.Render();
  EXPECT_THAT(page, HasSubstr("smelt_jobs_in_state{state=\"running\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("smelt_jobs_in_state{state=\"queued\"} 5\n"));
  EXPECT_THAT(page, HasSubstr("smelt_blob_bytes 1000\n"));
  metrics_.SetGauges({});
  EXPECT_THAT(metrics_.Render(), Not(HasSubstr("smelt_jobs_in_state{")));
}

TEST_F(MetricsTest, StoreThatCannotBeReadLeavesTheGaugeOut) {
  metrics_.SetGauges(
      {.job_counts = []() -> Result<jobs::JobCounts> { return Status(Reason::kIoError, "disk"); },
       .blob_bytes = nullptr});
  EXPECT_THAT(metrics_.Render(), Not(HasSubstr("smelt_jobs_in_state")));
}

TEST_F(MetricsTest, ThreadsCountTogether) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        metrics_.jobs().OnFinished("litert", jobs::JobState::kSucceeded, Reason::kOk);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(metrics_.Render(), HasSubstr("target=\"litert\"} 4000\n"));
}

TEST_F(MetricsTest, ExposerServesThePage) {
  const auto exposer = MetricsExposer::Start("127.0.0.1:0", metrics_).value();
  ASSERT_GT(exposer->port(), 0);
  metrics_.jobs().OnSubmitted("litert");
  metrics_.SetGauges({.job_counts = nullptr, .blob_bytes = [] { return std::uint64_t{7}; }});
  const std::string page = Get(exposer->port(), "/metrics");
  EXPECT_THAT(page, HasSubstr("200 OK"));
  EXPECT_THAT(page, HasSubstr("smelt_jobs_submitted_total{target=\"litert\"} 1"));
  EXPECT_THAT(page, HasSubstr("smelt_blob_bytes 7"));
}

TEST_F(MetricsTest, ExposerAnswersBesideConnectionsThatSayNothing) {
  const auto exposer = MetricsExposer::Start("127.0.0.1:0", metrics_).value();
  for (const int silent : {8, 40}) {
    std::vector<UniqueFd> connections;
    for (int i = 0; i < silent; ++i) connections.push_back(Connect(exposer->port()));
    const auto asked = std::chrono::steady_clock::now();
    EXPECT_THAT(Get(exposer->port(), "/metrics"), HasSubstr("smelt_build_info"));
    EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(15)) << silent;
  }
}

TEST_F(MetricsTest, ExposerRefusesATakenPort) {
  const auto first = MetricsExposer::Start("127.0.0.1:0", metrics_).value();
  const auto second = MetricsExposer::Start("127.0.0.1:" + std::to_string(first->port()), metrics_);
  EXPECT_EQ(second.status().reason(), Reason::kConfigInvalid);
  EXPECT_EQ(MetricsExposer::Start("nonsense", metrics_).status().reason(), Reason::kConfigInvalid);
}

}  // namespace
}  // namespace smelt::metrics
