// The pool with real processes: the chaos worker plays every role.
#include "server/workers/worker_pool.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>

#include "server/workers/spawn.h"

namespace smelt::workers {
namespace {

using jobs::ExitCause;
using jobs::JobState;
using std::chrono::milliseconds;
using std::chrono::seconds;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

UniqueFd FileWith(const std::string& text) {
  UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

std::string Contents(const UniqueFd& fd) {
  std::string text(65536, '\0');
  const ssize_t n = ::pread(fd.get(), text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

// One run and what came of it. Keeps the descriptors open as the scheduler does.
struct TestRun {
  UniqueFd model = FileWith("some model bytes");
  UniqueFd artifact = FileWith("");
  UniqueFd report = FileWith("");
  std::promise<jobs::RunOutcome> promise;
  std::future<jobs::RunOutcome> future = promise.get_future();
  std::promise<void> first_progress;
  std::once_flag progressed;

  void StartOn(WorkerPool& pool, const std::string& trick, const std::string& id = "job") {
    jobs::RunSpec spec;
    spec.job_id = id;
    spec.file_name = trick;
    spec.model_fd = model.get();
    spec.artifact_fd = artifact.get();
    spec.report_fd = report.get();
    pool.Run(
        std::move(spec),
        [this](const v1::Progress&) {
          std::call_once(progressed, [this] { first_progress.set_value(); });
        },
        [this](jobs::RunOutcome outcome) { promise.set_value(std::move(outcome)); });
  }
  jobs::RunOutcome Outcome() {
    EXPECT_EQ(future.wait_for(seconds(30)), std::future_status::ready);
    return future.get();
  }
};

// Of every thread of this process.
std::vector<pid_t> Children() {
  std::vector<pid_t> found;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) found.push_back(child);
  }
  return found;
}

WorkerPoolOptions Options() {
  WorkerPoolOptions options;
  options.binary = SMELT_CHAOS_WORKER;
  options.limits.memory_bytes = std::uint64_t{512} << 20;
  options.limits.start = seconds(30);
  return options;
}

class WorkerPoolTest : public testing::Test {
 protected:
  jobs::RunOutcome RunTrick(const std::string& trick) {
    TestRun run;
    run.StartOn(pool_, trick);
    return run.Outcome();
  }

  jobs::WorkerMetrics metrics_;
  WorkerPool pool_{Options(), metrics_};
};

TEST_F(WorkerPoolTest, RunsAJobAndBringsItsArtifactAndReport) {
  TestRun run;
  run.StartOn(pool_, "chaos-copy");
  const jobs::RunOutcome outcome = run.Outcome();
  ASSERT_EQ(outcome.state, JobState::kSucceeded) << outcome.message;
  EXPECT_EQ(Contents(run.artifact), "some model bytes");
  ASSERT_TRUE(outcome.artifact.has_value() && outcome.report.has_value());
  const std::string report = Contents(run.report);
  EXPECT_EQ(outcome.report->Hex(),
            Digest::Of(std::as_bytes(std::span(report.data(), report.size()))).Hex());
  EXPECT_GT(outcome.peak_rss_bytes, 0u);
}

TEST_F(WorkerPoolTest, ReportsTheSandboxOfItsWorkers) {
  ASSERT_TRUE(pool_.WaitReady(seconds(30)).ok());
  const worker::v1::Ready sandbox = pool_.sandbox();
  const auto holds = [&](const std::string& rung) {
    return std::ranges::find(sandbox.sandbox_active(), rung) != sandbox.sandbox_active().end();
  };
  EXPECT_TRUE(holds("rlimits"));
  EXPECT_TRUE(holds("no_new_privs"));
  EXPECT_EQ(holds("seccomp"), !kSanitized);
  EXPECT_EQ(sandbox.sandbox_active_size() + sandbox.sandbox_inactive_size(), 5);
}

TEST_F(WorkerPoolTest, SurvivesEveryWayAWorkerCanEnd) {
  struct Case {
    const char* trick;
    Reason reason;
    ExitCause cause;
  };
  for (const Case& c : {Case{"chaos-crash", Reason::kWorkerCrashed, ExitCause::kSignal},
                        Case{"chaos-exit0", Reason::kWorkerProtocol, ExitCause::kProtocol},
                        Case{"chaos-exit3", Reason::kWorkerCrashed, ExitCause::kError},
                        Case{"chaos-junk", Reason::kWorkerProtocol, ExitCause::kProtocol},
                        Case{"chaos-refuse", Reason::kUnsupportedOnnxOp, ExitCause::kOk}}) {
    const jobs::RunOutcome outcome = RunTrick(c.trick);
    EXPECT_EQ(outcome.state, JobState::kFailed) << c.trick;
    EXPECT_EQ(outcome.reason, c.reason) << c.trick << ": " << outcome.message;
    EXPECT_EQ(outcome.exit_cause, c.cause) << c.trick;
    EXPECT_FALSE(outcome.infrastructure_failure) << c.trick;
  }
  EXPECT_EQ(RunTrick("chaos-copy").state, JobState::kSucceeded);
}

TEST_F(WorkerPoolTest, BringsTheEvidenceOfACrash) {
  const jobs::RunOutcome outcome = RunTrick("chaos-crash");
  EXPECT_NE(outcome.message.find("SIGSEGV in stage import"), std::string::npos) << outcome.message;
  EXPECT_NE(outcome.message.find("last words"), std::string::npos) << outcome.message;
}

// Sanitizers need memory and system calls of their own; Ready then says which rungs are missing.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(WorkerPoolTest, ClosesTheSandboxAroundTheJob) {
  EXPECT_EQ(RunTrick("chaos-socket").reason, Reason::kWorkerSyscallDenied);
  EXPECT_EQ(RunTrick("chaos-open").reason, Reason::kWorkerSyscallDenied);
  const jobs::RunOutcome peek = RunTrick("chaos-peek");
  EXPECT_EQ(peek.state, JobState::kSucceeded) << peek.message;
}

TEST_F(WorkerPoolTest, EndsAJobThatRunsOutOfMemoryWithAReport) {
  TestRun run;
  run.StartOn(pool_, "chaos-allocate");
  const jobs::RunOutcome outcome = run.Outcome();
  EXPECT_EQ(outcome.reason, Reason::kOutOfMemory) << outcome.message;
  EXPECT_EQ(outcome.exit_cause, ExitCause::kOutOfMemory);
  EXPECT_TRUE(outcome.report.has_value());
}
#endif

TEST_F(WorkerPoolTest, CancelsAPoliteJobAndOneThatDoesNotListen) {
  for (const char* trick : {"chaos-wait", "chaos-hang"}) {
    TestRun run;
    run.StartOn(pool_, trick);
    run.first_progress.get_future().wait();
    const auto asked = std::chrono::steady_clock::now();
    pool_.Cancel("job");
    EXPECT_EQ(run.Outcome().state, JobState::kCancelled) << trick;
    EXPECT_LT(std::chrono::steady_clock::now() - asked, seconds(3)) << trick;
  }
}

TEST_F(WorkerPoolTest, CancelsAJobThatStillWaitsForAWorker) {
  TestRun first;
  TestRun second;
  first.StartOn(pool_, "chaos-wait", "first");
  second.StartOn(pool_, "chaos-wait", "second");
  pool_.Cancel("second");
  EXPECT_EQ(second.Outcome().state, JobState::kCancelled);
  pool_.Cancel("first");
  EXPECT_EQ(first.Outcome().state, JobState::kCancelled);
}

TEST(WorkerPool, StopsAJobAtItsTimeLimit) {
  jobs::WorkerMetrics metrics;
  WorkerPoolOptions options = Options();
  options.limits.wall = milliseconds(50);
  options.limits.grace = milliseconds(100);
  WorkerPool pool(options, metrics);
  for (const char* trick : {"chaos-wait", "chaos-hang"}) {
    TestRun run;
    run.StartOn(pool, trick);
    const jobs::RunOutcome outcome = run.Outcome();
    EXPECT_EQ(outcome.state, JobState::kFailed) << trick;
    EXPECT_EQ(outcome.reason, Reason::kWorkerTimeout) << trick << outcome.message;
    EXPECT_EQ(outcome.exit_cause, ExitCause::kTimeout) << trick;
  }
}

TEST(WorkerPool, HandsTheJobOfAFrozenWorkerBackEarly) {
  jobs::WorkerMetrics metrics;
  WorkerPoolOptions options = Options();
  options.limits.first_sign = milliseconds(2000);
  WorkerPool pool(options, metrics);
  ASSERT_TRUE(pool.WaitReady(seconds(30)).ok());
  for (const pid_t worker : Children()) ::kill(worker, SIGSTOP);
  TestRun frozen;
  frozen.StartOn(pool, "chaos-copy");
  const jobs::RunOutcome outcome = frozen.Outcome();
  EXPECT_TRUE(outcome.infrastructure_failure);
  EXPECT_FALSE(outcome.no_worker);
  EXPECT_EQ(outcome.reason, Reason::kWorkerTimeout) << outcome.message;
  TestRun next;
  next.StartOn(pool, "chaos-copy");
  EXPECT_EQ(next.Outcome().state, JobState::kSucceeded);
}

TEST(WorkerPool, LimitOfTheFirstSignIsNoLimitOfTheJob) {
  jobs::WorkerMetrics metrics;
  WorkerPoolOptions options = Options();
  options.limits.first_sign = milliseconds(1000);
  WorkerPool pool(options, metrics);
  TestRun run;
  run.StartOn(pool, "chaos-wait");
  run.first_progress.get_future().wait();
  EXPECT_EQ(run.future.wait_for(milliseconds(1500)), std::future_status::timeout);
  pool.Cancel("job");
  EXPECT_EQ(run.Outcome().state, JobState::kCancelled);
}

TEST(WorkerPool, HandsJobsBackWhenTheBinaryIsMissing) {
  jobs::WorkerMetrics metrics;
  WorkerPoolOptions options = Options();
  options.binary = "/nonexistent/smelt-worker";
  WorkerPool pool(options, metrics);
  TestRun run;
  run.StartOn(pool, "chaos-copy");
  const jobs::RunOutcome outcome = run.Outcome();
  EXPECT_TRUE(outcome.infrastructure_failure);
  EXPECT_TRUE(outcome.no_worker);
  EXPECT_EQ(outcome.reason, Reason::kWorkerUnavailable);
  EXPECT_FALSE(pool.healthy());
  EXPECT_FALSE(pool.available());
}

TEST(WorkerPool, HandsARunningJobBackWhenItEnds) {
  jobs::WorkerMetrics metrics;
  TestRun run;
  {
    WorkerPool pool(Options(), metrics);
    run.StartOn(pool, "chaos-hang");
    run.first_progress.get_future().wait();
  }
  const jobs::RunOutcome outcome = run.Outcome();
  EXPECT_TRUE(outcome.infrastructure_failure);
}

TEST(RunForOutput, ReturnsWhatTheProgramPrinted) {
  const Result<std::string> text = RunForOutput(SMELT_CHAOS_WORKER, "--print-support=json");
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  EXPECT_NE(text->find("Relu"), std::string::npos);
  EXPECT_EQ(RunForOutput(SMELT_CHAOS_WORKER, "--no-such-flag=1").status().reason(),
            Reason::kWorkerUnavailable);
}

}  // namespace
}  // namespace smelt::workers
