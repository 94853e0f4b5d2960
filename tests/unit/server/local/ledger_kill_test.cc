// Kills a process that accepts, takes and finishes jobs, at random moments, and checks that what it
// was told is there and that every job can still end once.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <string>
#include <thread>

#include "core/base/clock.h"
#include "core/base/unique_fd.h"
#include "server/jobs/job_id.h"
#include "server/jobs/operation.h"
#include "server/jobs/recovery.h"
#include "server/local/local_stores.h"
#include "tests/support/temp_dir.h"

namespace smelt::local {
namespace {

constexpr std::size_t kIdLength = 26;

struct NoMetrics {
  jobs::StoreMetrics store;
  jobs::BlobMetrics blobs;
  jobs::JobMetrics jobs;
};

// Writes one letter and one id to `pipe` for each call that returned: what was promised.
void Tell(int pipe, char what, const std::string& id) {
  const std::string line = what + id;
  SMELT_CHECK(::write(pipe, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
}

[[noreturn]] void WorkUntilKilled(const std::string& path, int pipe) {
  NoMetrics metrics;
  const Clock& clock = Clock::System();
  const auto stores =
      LocalStores::Open({.state_dir = path}, clock, metrics.store, metrics.blobs).value();
  SMELT_CHECK(jobs::Recover(stores->job_store(), stores->blobs(), clock, metrics.jobs).ok());
  jobs::JobIdSource ids(clock);
  std::thread submitter([&] {
    while (true) {
      jobs::NewJob job;
      job.id = ids.Next();
      job.now = clock.Wall();
      *std::get<v1::ConvertOperation>(job.operation).mutable_input()->mutable_model() =
          jobs::ToProto(Digest::Of({}));
      SMELT_CHECK(stores->job_store().Accept(job).ok());
      Tell(pipe, 'A', job.id);
    }
  });
  while (true) {
    const auto taken = stores->job_store().TakeNext(clock.Wall()).value();
    if (!taken) continue;
    jobs::JobResult result;
    result.id = taken->id;
    result.version = taken->version;
    result.state = jobs::JobState::kSucceeded;
    result.report = Digest::Of({});
    result.now = clock.Wall();
    SMELT_CHECK(stores->job_store().Finish(result).ok());
    Tell(pipe, 'F', taken->id);
  }
}

// Runs one life of the process until it made `promises` of them, then kills it.
void Live(const std::string& path, std::size_t promises, std::map<std::string, bool>* finished) {
  int ends[2];
  SMELT_CHECK(::pipe(ends) == 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t child = ::fork();
  SMELT_CHECK(child >= 0);
  if (child == 0) WorkUntilKilled(path, write_end.get());
  write_end.Reset();
  std::string text;
  char chunk[512];
  bool killed = false;
  while (true) {
    const ssize_t got = ::read(read_end.get(), chunk, sizeof(chunk));
    if (got <= 0) break;
    text.append(chunk, static_cast<std::size_t>(got));
    if (!killed && text.size() >= promises * (kIdLength + 1)) {
      ::kill(child, SIGKILL);
      killed = true;
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "status " << status;
  for (std::size_t at = 0; at + kIdLength < text.size(); at += kIdLength + 1) {
    const std::string id = text.substr(at + 1, kIdLength);
    if (text[at] == 'F') {
      // Twice would mean that a finished job ran again.
      EXPECT_FALSE((*finished)[id]) << id;
      (*finished)[id] = true;
    } else {
      finished->try_emplace(id, false);
    }
  }
}

TEST(LedgerKill, EveryPromiseHoldsAndEveryJobEndsOnce) {
  test::TempDir directory;
  const std::string path = directory / "state";
  std::map<std::string, bool> finished;
  for (const std::size_t promises : {1u, 2u, 5u, 17u, 40u, 99u, 3u, 60u}) {
    Live(path, promises, &finished);
    if (HasFatalFailure()) return;
  }
  NoMetrics metrics;
  const Clock& clock = Clock::System();
  const auto stores =
      LocalStores::Open({.state_dir = path}, clock, metrics.store, metrics.blobs).value();
  ASSERT_TRUE(jobs::Recover(stores->job_store(), stores->blobs(), clock, metrics.jobs).ok());
  for (const auto& [id, done] : finished) {
    const auto job = stores->job_store().Get(id);
    ASSERT_TRUE(job.ok()) << job.status().ToString();
    if (done) {
      EXPECT_EQ(job->state, jobs::JobState::kSucceeded) << id;
    }
    const auto events = stores->events().ReadAfter(id, 0, 1000).value();
    std::size_t ends = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
      EXPECT_EQ(events[i].seq, i + 1);
      if (jobs::IsFinal(events[i].state)) ++ends;
    }
    EXPECT_EQ(events.back().state, job->state);
    EXPECT_EQ(ends, jobs::IsFinal(job->state) ? 1u : 0u) << id;
  }
  EXPECT_EQ(stores->job_store().CountByState()->at(3), 0u);
}

}  // namespace
}  // namespace smelt::local
