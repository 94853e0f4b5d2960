// How the daemon starts, drains, dies and comes back.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <thread>

#include "tests/integration/daemon.h"
#include "tests/integration/test_client.h"

namespace smelt::testing {
namespace {

constexpr int kExitConfig = 78;
constexpr std::chrono::milliseconds kMoment{20};

// Returns once the job's worker is at work.
void AwaitProgress(TestClient& client, const std::string& id) {
  client.Watch(id, 0, [](const v1::JobEvent& event) { return event.has_progress(); });
}

TEST(DaemonStart, KeepsItsStatePrivate) {
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  struct stat info {};
  ASSERT_EQ(::stat(daemon.state_dir().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0700u);
}

TEST(DaemonStart, RefusesWithCode78WhatCanNotWork) {
  Daemon first(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(first.Start());
  Daemon second(SMELT_CHAOS_WORKER);
  EXPECT_EQ(second.StartExpectingExit({"--state-dir=" + first.state_dir()}), kExitConfig);
  EXPECT_EQ(second.StartExpectingExit({"--no-such-flag"}), kExitConfig);
  EXPECT_EQ(second.StartExpectingExit({"--listen=192.0.2.1:9"}), kExitConfig);
  EXPECT_EQ(second.StartExpectingExit({"--worker-binary=/nonexistent"}), kExitConfig);
  EXPECT_EQ(second.StartExpectingExit({"--check-config"}), 0);
  EXPECT_EQ(second.StartExpectingExit({"--check-config", "--worker-binary=/nonexistent"}),
            kExitConfig);
  EXPECT_EQ(second.StartExpectingExit({"--state-dir=/proc/self/exe/state"}), kExitConfig);
  TestClient client(first.address());
  EXPECT_EQ(client.Health(""), "SERVING");
}

TEST(DaemonStart, TakesNoSocketFromADaemonThatServes) {
  Daemon first(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(first.Start());
  Daemon second(SMELT_CHAOS_WORKER);
  EXPECT_EQ(second.StartExpectingExit({"--listen=" + first.address()}), kExitConfig);
  TestClient client(first.address());
  EXPECT_EQ(client.Health(""), "SERVING");
  // What a killed daemon leaves is replaced; an orderly end leaves nothing.
  const std::string path = first.address().substr(5);
  first.Kill();
  EXPECT_TRUE(std::filesystem::is_socket(path));
  ASSERT_NO_FATAL_FAILURE(first.Start());
  first.Signal(SIGTERM);
  EXPECT_EQ(first.WaitExit(), 0);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(DaemonReadiness, FollowsWhetherTheStoreCanBeWritten) {
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  TestClient client(daemon.address());
  EXPECT_TRUE(client.Info().value.accepting());
  const std::string tmp = daemon.state_dir() + "/tmp";
  std::filesystem::rename(tmp, tmp + ".away");
  while (client.Health("smelt.v1.Jobs") == "SERVING") std::this_thread::sleep_for(kMoment);
  const v1::GetServerInfoResponse info = client.Info().value;
  EXPECT_FALSE(info.accepting());
  EXPECT_NE(info.not_accepting_reason().find(tmp), std::string::npos)
      << info.not_accepting_reason();
  EXPECT_EQ(client.Health(""), "SERVING");
  std::filesystem::rename(tmp + ".away", tmp);
  EXPECT_TRUE(client.WaitReady());
  EXPECT_TRUE(client.Info().value.accepting());
}

TEST(DaemonReadiness, OutageOfTheWorkersFailsNoJob) {
  const TempDir folder;
  const std::string worker = folder.path() + "/smelt-worker";
  std::filesystem::copy_file(SMELT_CHAOS_WORKER, worker);
  Daemon daemon(worker);
  ASSERT_NO_FATAL_FAILURE(daemon.Start({"--workers=1"}));
  TestClient client(daemon.address());
  std::filesystem::rename(worker, worker + ".away");
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {  // the first one uses up the worker that is ready
    ids.push_back(client.Submit("model " + std::to_string(i), "chaos-copy").value.id());
  }
  while (client.Health("smelt.v1.Jobs") == "SERVING") std::this_thread::sleep_for(kMoment);
  EXPECT_NE(client.Info().value.not_accepting_reason().find("worker"), std::string::npos);
  std::this_thread::sleep_for(std::chrono::seconds(8));  // the time of more than four tries
  for (const std::string& id : ids) EXPECT_NE(client.Get(id).value.state(), v1::FAILED);
  std::filesystem::rename(worker + ".away", worker);
  EXPECT_TRUE(client.WaitReady());
  for (const std::string& id : ids) EXPECT_EQ(client.Wait(id).value.state(), v1::SUCCEEDED);
}

TEST(DaemonDrain, LetsARunningJobEndAndExitsWithZero) {
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  TestClient client(daemon.address());
  const auto created = client.Submit("model", "chaos-slow-copy");
  AwaitProgress(client, created.value.id());
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.WaitExit(), 0);
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  TestClient again(daemon.address());
  const auto job = again.Get(created.value.id());
  EXPECT_EQ(job.value.state(), v1::SUCCEEDED);
  EXPECT_EQ(job.value.attempt(), 1u);
}

TEST(DaemonDrain, EndsParkedCallsRefusesWorkAndQueuesWhatDoesNotEnd) {
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start({"--drain-timeout=1.5"}));
  TestClient client(daemon.address());
  const auto created = client.Submit("model", "chaos-wait");
  const std::string id = created.value.id();
  AwaitProgress(client, id);
  auto watch = std::async(std::launch::async, [&] { return client.Watch(id); });
  auto wait = std::async(std::launch::async, [&] { return client.Wait(id); });
  // The drain shows first in readiness; then new work is refused while the calls still stand.
  daemon.Signal(SIGTERM);
  while (client.Health("smelt.v1.Jobs") == "SERVING") std::this_thread::yield();
  EXPECT_EQ(client.Health(""), "SERVING");
  auto refused = client.Submit("other model", "chaos-copy");
  while (refused.ok()) refused = client.Submit("other model", "chaos-copy");
  EXPECT_EQ(refused.error.code, "UNAVAILABLE");
  EXPECT_EQ(refused.error.reason, "draining");
  EXPECT_TRUE(refused.error.has_retry_info);

  const auto watched = watch.get();
  EXPECT_EQ(watched.error.code, "UNAVAILABLE");
  EXPECT_EQ(watched.error.reason, "draining");
  EXPECT_EQ(wait.get().error.reason, "draining");
  EXPECT_EQ(daemon.WaitExit(), 0);

  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  TestClient again(daemon.address());
  AwaitProgress(again, id);  // it runs again, and nothing was held against it
  again.Cancel(id);
  EXPECT_EQ(again.Wait(id).value.state(), v1::CANCELLED);
}

TEST(DaemonDrain, ExitsAtOnceAtASecondSignal) {
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start({"--drain-timeout=600"}));
  TestClient client(daemon.address());
  const auto created = client.Submit("model", "chaos-hang");
  AwaitProgress(client, created.value.id());
  daemon.Signal(SIGTERM);
  while (client.Health("smelt.v1.Jobs") == "SERVING") std::this_thread::yield();
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.WaitExit(), 130);
}

TEST(DaemonDeath, TakesItsWorkersWithIt) {
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  TestClient client(daemon.address());
  const auto created = client.Submit("model", "chaos-hang");
  AwaitProgress(client, created.value.id());
  const std::vector<pid_t> workers = daemon.Children();
  ASSERT_FALSE(workers.empty());
  daemon.Kill();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (const pid_t worker : workers) {
    while (IsAlive(worker) && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    EXPECT_FALSE(IsAlive(worker)) << "an orphan";
  }
}

TEST(DaemonDeath, EndsEveryAcceptedJobOnceAfterARestart) {
  constexpr int kJobs = 20;
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  std::map<std::string, std::string> models;  // by job
  {
    TestClient client(daemon.address());
    for (int i = 0; i < kJobs; ++i) {
      const std::string model = "model " + std::to_string(i);
      const auto created = client.Submit(model, "chaos-slow-copy");
      ASSERT_TRUE(created.ok()) << created.error.message;
      models[created.value.id()] = model;
    }
    AwaitProgress(client, models.begin()->first);
  }
  daemon.Kill();
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  TestClient client(daemon.address());
  for (const auto& [id, model] : models) {
    const auto job = client.Wait(id);
    ASSERT_EQ(job.value.state(), v1::SUCCEEDED) << job.value.message();
    EXPECT_EQ(client.Read(job.value.artifacts(0).digest()).value, model);
    int endings = 0;
    for (const v1::JobEvent& event : client.Watch(id).value) endings += event.has_finished();
    EXPECT_EQ(endings, 1);
  }
  EXPECT_EQ(client.List({}).value.jobs_size(), kJobs);
}

}  // namespace
}  // namespace smelt::testing
