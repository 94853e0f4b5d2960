#include "client/view/exit_code.h"

#include <gtest/gtest.h>

#include <string>

namespace smelt::client {
namespace {

TEST(ExitCode, NumbersAreThoseThatAreDocumented) {
  EXPECT_EQ(static_cast<int>(ExitCode::kOk), 0);
  EXPECT_EQ(static_cast<int>(ExitCode::kConversionFailed), 1);
  EXPECT_EQ(static_cast<int>(ExitCode::kUsage), 2);
  EXPECT_EQ(static_cast<int>(ExitCode::kWarnings), 3);
  EXPECT_EQ(static_cast<int>(ExitCode::kAccess), 4);
  EXPECT_EQ(static_cast<int>(ExitCode::kNotFound), 5);
  EXPECT_EQ(static_cast<int>(ExitCode::kBusy), 6);
  EXPECT_EQ(static_cast<int>(ExitCode::kUnavailable), 7);
  EXPECT_EQ(static_cast<int>(ExitCode::kTimeout), 8);
  EXPECT_EQ(static_cast<int>(ExitCode::kCancelled), 9);
  EXPECT_EQ(static_cast<int>(ExitCode::kInternal), 70);
  EXPECT_EQ(static_cast<int>(ExitCode::kInterrupted), 130);
}

TEST(ExitCode, NoErrorLooksLikeSuccess) {
  EXPECT_EQ(ExitCodeFor(Reason::kOk), ExitCode::kOk);
  for (const ReasonInfo& info : AllReasons()) {
    EXPECT_NE(ExitCodeFor(info.reason), ExitCode::kOk) << std::string(info.name);
  }
}

// What stands in the way of a model is one code, whichever rule says it.
TEST(ExitCode, EveryReasonAboutTheModelIsAFailedConversion) {
  int models = 0;
  for (const ReasonInfo& info : AllReasons()) {
    if (static_cast<int>(info.reason) >= 1900) continue;
    EXPECT_EQ(ExitCodeFor(info.reason), ExitCode::kConversionFailed) << std::string(info.name);
    ++models;
  }
  EXPECT_GT(models, 40);
}

TEST(ExitCode, ServiceReasonsAreToldApart) {
  EXPECT_EQ(ExitCodeFor(Reason::kServerUnavailable), ExitCode::kUnavailable);
  EXPECT_EQ(ExitCodeFor(Reason::kDraining), ExitCode::kUnavailable);
  EXPECT_EQ(ExitCodeFor(Reason::kQueueFull), ExitCode::kBusy);
  EXPECT_EQ(ExitCodeFor(Reason::kJobNotFound), ExitCode::kNotFound);
  EXPECT_EQ(ExitCodeFor(Reason::kPermissionDenied), ExitCode::kAccess);
  EXPECT_EQ(ExitCodeFor(Reason::kDeadlineExceeded), ExitCode::kTimeout);
  EXPECT_EQ(ExitCodeFor(Reason::kCancelled), ExitCode::kCancelled);
  EXPECT_EQ(ExitCodeFor(Reason::kWorkerCrashed), ExitCode::kConversionFailed);
  EXPECT_EQ(ExitCodeFor(Reason::kInternalError), ExitCode::kInternal);
}

}  // namespace
}  // namespace smelt::client
