#include "server/workers/run_outcome.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <limits>
#include <string>

#include "core/base/digest.h"

namespace smelt::workers {
namespace {

using jobs::ExitCause;
using jobs::JobState;

constexpr int ExitCode(int code) { return code << 8; }

worker::v1::Done Success() {
  worker::v1::Done done;
  done.set_state(v1::SUCCEEDED);
  done.set_artifact_name("model.tflite");
  done.set_artifact_kind("tflite");
  done.mutable_artifact()->set_sha256(Digest::Of({}).Hex());
  return done;
}

TEST(JudgeExit, TakesAnOrderlyAnswer) {
  ExitEvidence evidence;
  evidence.done = Success();
  evidence.done->set_cpu_seconds(1.5);
  const jobs::RunOutcome outcome = JudgeExit(evidence);
  EXPECT_EQ(outcome.state, JobState::kSucceeded);
  EXPECT_EQ(outcome.exit_cause, ExitCause::kOk);
  ASSERT_TRUE(outcome.artifact.has_value());
  EXPECT_EQ(outcome.artifact->name, "model.tflite");
  EXPECT_EQ(outcome.cpu_seconds, 1.5);
}

TEST(JudgeExit, BoundsTheWordsOfTheWorker) {
  ExitEvidence evidence;
  evidence.done.emplace();
  evidence.done->set_state(v1::FAILED);
  evidence.done->set_reason_code("not_a_model");
  evidence.done->set_message(std::string(std::size_t{5} << 20, 'n'));
  EXPECT_EQ(JudgeExit(evidence).message.size(), std::size_t{16} << 10);
}

TEST(JudgeExit, RefusesSuccessWithoutAValidDigest) {
  ExitEvidence evidence;
  evidence.done = Success();
  evidence.done->mutable_artifact()->set_sha256("junk");
  const jobs::RunOutcome outcome = JudgeExit(evidence);
  EXPECT_EQ(outcome.state, JobState::kFailed);
  EXPECT_EQ(outcome.reason, Reason::kWorkerProtocol);
}

TEST(JudgeExit, TakesFilesBesideTheArtifactWithPlainNames) {
  ExitEvidence evidence;
  evidence.done = Success();
  worker::v1::Extra* extra = evidence.done->add_extras();
  extra->set_name("m_op_coverage_report.json");
  extra->set_kind("op_coverage");
  extra->mutable_digest()->set_sha256(Digest::Of({}).Hex());
  jobs::RunOutcome outcome = JudgeExit(evidence);
  EXPECT_EQ(outcome.state, JobState::kSucceeded);
  ASSERT_EQ(outcome.extras.size(), 1u);
  EXPECT_EQ(outcome.extras[0].kind, "op_coverage");
  extra->set_name("../m.json");
  EXPECT_EQ(JudgeExit(evidence).reason, Reason::kWorkerProtocol);
  extra->set_name("m.json");
  extra->mutable_digest()->set_sha256("junk");
  EXPECT_EQ(JudgeExit(evidence).reason, Reason::kWorkerProtocol);
}

TEST(JudgeExit, TakesAnArtifactInParts) {
  ExitEvidence evidence;
  evidence.done = worker::v1::Done();
  evidence.done->set_state(v1::SUCCEEDED);
  for (const std::uint64_t offset : {0, 128}) {
    worker::v1::Extra* part = evidence.done->add_parts();
    part->set_name("m_000" + std::to_string(offset / 128 + 1) + ".tflite");
    part->set_kind("tflite_part");
    part->mutable_digest()->set_sha256(Digest::Of({}).Hex());
    part->set_offset(offset);
  }
  const jobs::RunOutcome outcome = JudgeExit(evidence);
  EXPECT_EQ(outcome.state, JobState::kSucceeded);
  EXPECT_FALSE(outcome.artifact.has_value());
  ASSERT_EQ(outcome.parts.size(), 2u);
  EXPECT_EQ(outcome.parts[1].name, "m_0002.tflite");
  EXPECT_EQ(outcome.parts[1].offset, 128u);
  evidence.done->mutable_parts(1)->set_name("a/b");
  EXPECT_EQ(JudgeExit(evidence).reason, Reason::kWorkerProtocol);
}

// Each becomes a blob: ranges over the same bytes would be any number of copies of them.
TEST(JudgeExit, RefusesPartsThatOverlap) {
  const auto judge = [](std::uint64_t first_size, std::uint64_t second_offset,
                        std::uint64_t second_size) {
    ExitEvidence evidence;
    evidence.done.emplace().set_state(v1::SUCCEEDED);
    const auto add = [&](std::uint64_t offset, std::uint64_t size) {
      worker::v1::Extra* part = evidence.done->add_parts();
      part->set_name("m.tflite");
      part->set_kind("tflite_part");
      part->mutable_digest()->set_sha256(Digest::Of({}).Hex());
      part->mutable_digest()->set_size_bytes(size);
      part->set_offset(offset);
    };
    add(0, first_size);
    add(second_offset, second_size);
    return JudgeExit(evidence).reason;
  };
  EXPECT_EQ(judge(64, 64, 10), Reason::kOk);
  EXPECT_EQ(judge(65, 64, 10), Reason::kWorkerProtocol);
  EXPECT_EQ(judge(64, 0, 10), Reason::kWorkerProtocol);
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(judge(64, kMost - 5, 10), Reason::kWorkerProtocol);
}

TEST(JudgeExit, CountsOperatorsWithTheirReasons) {
  ExitEvidence evidence;
  evidence.done = Success();
  evidence.done->add_lowered()->set_op_type("Relu");
  worker::v1::OperatorCount* rejected = evidence.done->add_rejected();
  rejected->set_op_type("Conv");
  rejected->set_reason_code("unsupported_rank");
  rejected->set_count(2);
  evidence.done->add_rejected()->set_reason_code("no such reason");
  const jobs::RunOutcome outcome = JudgeExit(evidence);
  ASSERT_EQ(outcome.lowered.size(), 1u);
  EXPECT_EQ(outcome.lowered[0].op_type, "Relu");
  ASSERT_EQ(outcome.rejected.size(), 2u);
  EXPECT_EQ(outcome.rejected[0].reason, Reason::kUnsupportedRank);
  EXPECT_EQ(outcome.rejected[0].count, 2u);
  EXPECT_EQ(outcome.rejected[1].reason, Reason::kInternalError);
}

struct SignalCase {
  int wait_status;
  Reason reason;
  ExitCause cause;
};

class JudgeSignals : public testing::TestWithParam<SignalCase> {};

TEST_P(JudgeSignals, NamesReasonAndCause) {
  ExitEvidence evidence;
  evidence.wait_status = GetParam().wait_status;
  evidence.last_stage = "import";
  evidence.stderr_tail = "check failed: \x01\n";
  const jobs::RunOutcome outcome = JudgeExit(evidence);
  EXPECT_EQ(outcome.state, JobState::kFailed);
  EXPECT_EQ(outcome.reason, GetParam().reason);
  EXPECT_EQ(outcome.exit_cause, GetParam().cause);
  EXPECT_NE(outcome.message.find("in stage import"), std::string::npos) << outcome.message;
  EXPECT_NE(outcome.message.find("check failed:"), std::string::npos) << outcome.message;
  EXPECT_FALSE(outcome.infrastructure_failure);
}

INSTANTIATE_TEST_SUITE_P(
    Table, JudgeSignals,
    testing::Values(SignalCase{SIGSEGV, Reason::kWorkerCrashed, ExitCause::kSignal},
                    SignalCase{SIGABRT, Reason::kWorkerCrashed, ExitCause::kSignal},
                    SignalCase{SIGSYS, Reason::kWorkerSyscallDenied, ExitCause::kSyscallDenied},
                    SignalCase{SIGXCPU, Reason::kWorkerTimeout, ExitCause::kTimeout},
                    SignalCase{SIGXFSZ, Reason::kArtifactTooLarge, ExitCause::kError},
                    SignalCase{SIGKILL, Reason::kWorkerOutOfMemory, ExitCause::kOutOfMemory},
                    SignalCase{ExitCode(3), Reason::kWorkerCrashed, ExitCause::kError},
                    SignalCase{ExitCode(0), Reason::kWorkerProtocol, ExitCause::kProtocol}));

TEST(JudgeExit, BlamesTheStopAndNotTheSignalThatCarriedItOut) {
  ExitEvidence evidence;
  evidence.wait_status = SIGKILL;
  evidence.killed_by_us = true;
  evidence.stop = StopCause::kCancelled;
  EXPECT_EQ(JudgeExit(evidence).state, JobState::kCancelled);
  evidence.stop = StopCause::kTimeout;
  EXPECT_EQ(JudgeExit(evidence).reason, Reason::kWorkerTimeout);
  evidence.stop = StopCause::kProtocol;
  EXPECT_EQ(JudgeExit(evidence).reason, Reason::kWorkerProtocol);
  evidence.stop = StopCause::kShutdown;
  EXPECT_TRUE(JudgeExit(evidence).infrastructure_failure);
}

TEST(JudgeExit, KeepsAResultThatCameBeforeTheStop) {
  ExitEvidence evidence;
  evidence.stop = StopCause::kCancelled;
  evidence.done = Success();
  EXPECT_EQ(JudgeExit(evidence).state, JobState::kSucceeded);
}

TEST(JudgeExit, TurnsTheWorkersCancelledIntoTheCauseOfTheStop) {
  ExitEvidence evidence;
  evidence.stop = StopCause::kTimeout;
  evidence.done.emplace();
  evidence.done->set_state(v1::CANCELLED);
  evidence.done->set_reason_code("cancelled");
  const jobs::RunOutcome outcome = JudgeExit(evidence);
  EXPECT_EQ(outcome.state, JobState::kFailed);
  EXPECT_EQ(outcome.reason, Reason::kWorkerTimeout);
}

TEST(JudgeExit, CountsAnEndBeforeTheFirstStageAgainstTheMachine) {
  ExitEvidence evidence;
  for (const int status : {SIGSEGV, SIGKILL, ExitCode(1), ExitCode(0)}) {
    evidence.wait_status = status;
    EXPECT_TRUE(JudgeExit(evidence).infrastructure_failure) << status;
  }
  evidence.wait_status = SIGKILL;
  evidence.killed_by_us = true;
  evidence.stop = StopCause::kTimeout;
  const jobs::RunOutcome frozen = JudgeExit(evidence);
  EXPECT_TRUE(frozen.infrastructure_failure);
  EXPECT_EQ(frozen.reason, Reason::kWorkerTimeout);
  evidence.last_stage = "import";
  EXPECT_FALSE(JudgeExit(evidence).infrastructure_failure);
  evidence.last_stage.clear();
  evidence.stop = StopCause::kCancelled;
  EXPECT_FALSE(JudgeExit(evidence).infrastructure_failure);
}

TEST(JudgeExit, CountsWhatTheDiskDidAgainstTheMachine) {
  for (const char* reason : {"storage_full", "io_error"}) {
    ExitEvidence evidence;
    evidence.done.emplace();
    evidence.done->set_state(v1::FAILED);
    evidence.done->set_reason_code(reason);
    const jobs::RunOutcome outcome = JudgeExit(evidence);
    EXPECT_TRUE(outcome.infrastructure_failure);
    EXPECT_EQ(ReasonName(outcome.reason), reason);
  }
}

TEST(JudgeExit, BelievesNoNamesAndNoTimesThatCannotBe) {
  ExitEvidence evidence;
  evidence.done = Success();
  evidence.done->set_cpu_seconds(std::numeric_limits<double>::quiet_NaN());
  worker::v1::StageSeconds* stage = evidence.done->add_stages();
  stage->set_stage("import");
  stage->set_seconds(-std::numeric_limits<double>::infinity());
  const jobs::RunOutcome outcome = JudgeExit(evidence);
  EXPECT_EQ(outcome.cpu_seconds, 0);
  EXPECT_EQ(outcome.stages.at(0).seconds, 0);
  evidence.done->set_artifact_name(std::string(513, 'n'));
  EXPECT_EQ(JudgeExit(evidence).reason, Reason::kWorkerProtocol);
  evidence.done->set_artifact_name("../m.tflite");
  EXPECT_EQ(JudgeExit(evidence).reason, Reason::kWorkerProtocol);
}

TEST(JudgeExit, TellsWhatACrashedWorkerUsed) {
  ExitEvidence evidence;
  evidence.wait_status = SIGSEGV;
  evidence.last_stage = "import";
  evidence.cpu_seconds = 2.5;
  evidence.max_rss_bytes = 1 << 20;
  EXPECT_EQ(JudgeExit(evidence).cpu_seconds, 2.5);
}

TEST(JudgeExit, CountsAStartThatFailedAgainstTheMachine) {
  ExitEvidence evidence;
  evidence.start_failed = true;
  EXPECT_TRUE(JudgeExit(evidence).infrastructure_failure);
}

}  // namespace
}  // namespace smelt::workers
