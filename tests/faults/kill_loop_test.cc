// Start, submit, SIGKILL at a random moment, restart: every accepted job ends once, the same bytes
// come out, nothing is left behind. SMELT_KILL_ROUNDS sets the number of rounds, SMELT_KILL_SEED
// the moments.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include "tests/integration/daemon.h"
#include "tests/integration/test_client.h"

namespace smelt::testing {
namespace {

constexpr int kJobsARound = 20;
constexpr int kDefaultRounds = 6;

int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atoi(text) : otherwise;
}

// Submits until the daemon is gone. What was accepted is in `accepted`: job -> model.
void SubmitUntilDeath(const std::string& address, int round,
                      std::map<std::string, std::string>& accepted) {
  TestClient client(address);
  for (int i = 0; i < kJobsARound; ++i) {
    const std::string model = "model " + std::to_string(round) + "/" + std::to_string(i);
    const auto created = client.Submit(model, i % 5 == 0 ? "chaos-slow-copy" : "chaos-copy");
    if (!created.ok()) return;
    accepted[created.value.id()] = model;
  }
}

void ExpectEnded(TestClient& client, const std::map<std::string, std::string>& accepted) {
  for (const auto& [id, model] : accepted) {
    const auto job = client.Wait(id);
    ASSERT_TRUE(job.ok()) << id << " was lost: " << job.error.message;
    ASSERT_EQ(job.value.state(), v1::SUCCEEDED) << job.value.message();
    EXPECT_EQ(client.Read(job.value.artifacts(0).digest()).value, model);
    std::uint64_t next = 1;
    int endings = 0;
    for (const v1::JobEvent& event : client.Watch(id).value) {
      if (event.seq() != 0) {
        EXPECT_EQ(event.seq(), next++);
      }
      endings += event.has_finished();
    }
    EXPECT_EQ(endings, 1) << id;
  }
}

TEST(KillLoop, LosesNoJobAndLeavesNothingBehind) {
  const int rounds = FromEnvironment("SMELT_KILL_ROUNDS", kDefaultRounds);
  const int seed = FromEnvironment("SMELT_KILL_SEED", 1);
  std::mt19937 random(static_cast<unsigned>(seed));
  std::uniform_int_distribution<int> moment(1, 400);
  Daemon daemon(SMELT_CHAOS_WORKER);
  ASSERT_NO_FATAL_FAILURE(daemon.Start());
  std::map<std::string, std::string> accepted;
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round) + ", seed " + std::to_string(seed));
    std::map<std::string, std::string> now;
    std::thread submitter([&] { SubmitUntilDeath(daemon.address(), round, now); });
    // The moment of the cut is what is tested: a real wait on a real process.
    std::this_thread::sleep_for(std::chrono::milliseconds(moment(random)));
    daemon.Kill();
    submitter.join();
    accepted.merge(now);
    ASSERT_NO_FATAL_FAILURE(daemon.Start());
  }
  ASSERT_FALSE(accepted.empty());
  TestClient client(daemon.address());
  ExpectEnded(client, accepted);
  // A job's end is told before its files are removed; after a drain none is left.
  daemon.Signal(SIGTERM);
  EXPECT_EQ(daemon.WaitExit(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(daemon.state_dir() + "/tmp"));
}

}  // namespace
}  // namespace smelt::testing
