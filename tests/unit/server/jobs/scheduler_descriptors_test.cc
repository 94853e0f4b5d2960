// How many descriptors an attempt holds, and when.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>

#include "core/base/file_system.h"
#include "server/jobs/scheduler.h"
#include "tests/unit/server/jobs/scheduler_fixture.h"

namespace smelt::jobs {
namespace {

constexpr int kFiles = 50;

std::size_t OpenDescriptors() { return FileSystem::Real().List("/proc/self/fd").value().size(); }

// Lowers the soft limit of open files while it lives.
class FewDescriptors {
 public:
  explicit FewDescriptors(std::size_t more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{OpenDescriptors() + more, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

class SchedulerDescriptorsTest : public SchedulerFixture {
 protected:
  const std::size_t before_ = OpenDescriptors();
};

TEST_F(SchedulerDescriptorsTest, AreGivenBackBeforeTheResultIsWritten) {
  const std::string id = StartedBundle(kFiles);
  EXPECT_GE(OpenDescriptors(), before_ + kFiles);
  store_.FailFinish(Status(Reason::kIoError, "too many open files"), 1);
  runner_.Succeed(id);
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kRunning);  // the result waits for its second try
  EXPECT_EQ(OpenDescriptors(), before_);
}

TEST_F(SchedulerDescriptorsTest, AreGivenBackBeforeAFailureOfTheMachineIsWritten) {
  const std::string id = StartedBundle(kFiles);
  store_.FailFinish(Status(Reason::kIoError, "too many open files"), 1);
  for (int i = 0; i < 4; ++i) {
    runner_.Finish(id, Infrastructure(Reason::kIoError));
    executor_.RunReady();
    if (i < 3) executor_.Advance(std::chrono::seconds(30));
  }
  EXPECT_EQ(Get(id).state, JobState::kRunning);
  EXPECT_EQ(OpenDescriptors(), before_);
}

TEST_F(SchedulerDescriptorsTest, JobWhoseInputsCannotBeOpenedEndsOnceWithTheReason) {
  const FewDescriptors few(kFiles / 2);
  const std::string id = StartedBundle(kFiles);
  EXPECT_EQ(Get(id).state, JobState::kQueued);
  EXPECT_EQ(OpenDescriptors(), before_);
  executor_.Advance(std::chrono::minutes(2));
  EXPECT_EQ(Get(id).state, JobState::kFailed);
  EXPECT_EQ(Get(id).reason, Reason::kIoError);
  EXPECT_TRUE(Get(id).report.has_value());
  EXPECT_EQ(metrics_.finished.size(), 1u);
  EXPECT_TRUE(runner_.started.empty());
}

TEST_F(SchedulerDescriptorsTest, JobOfAnEarlierDaemonWithMoreFilesThanAreAllowedFails) {
  Scheduler strict({.slots = 1, .bundle = ShareOfDescriptors(64, 1)},
                   {store_, store_, blobs_, runner_, executor_, clock_, metrics_});
  scheduler_.StopTaking();
  const std::string id = StartedBundle(kFiles);
  strict.Wake();
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kFailed);
  EXPECT_EQ(Get(id).reason, Reason::kModelTooLarge);
  EXPECT_TRUE(runner_.started.empty());
}

}  // namespace
}  // namespace smelt::jobs
