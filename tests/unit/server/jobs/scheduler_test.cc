#include "server/jobs/scheduler.h"

#include <gmock/gmock.h>

#include <chrono>

#include "core/base/file_system.h"
#include "smelt/v1/report.pb.h"
#include "tests/unit/server/jobs/scheduler_fixture.h"

namespace smelt::jobs {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

class SchedulerTest : public SchedulerFixture {
 protected:
  v1::Report ReadReport(const Job& job) {
    const UniqueFd file = blobs_.Open(job.report.value()).value();
    std::string bytes(job.report->size_bytes, '\0');
    const auto got =
        FileSystem::Real().ReadAt(file.get(), 0, std::as_writable_bytes(std::span(bytes)));
    v1::Report report;
    EXPECT_TRUE(got.ok() && report.ParseFromString(bytes));
    return report;
  }
};

TEST_F(SchedulerTest, RunsAJobToItsArtifact) {
  const std::string id = Started();
  EXPECT_EQ(Get(id).state, JobState::kRunning);
  const RunSpec& spec = runner_.running.at(id).spec;
  EXPECT_EQ(spec.attempt, 1u);
  EXPECT_EQ(spec.file_name, "m.onnx");
  EXPECT_EQ(spec.model_bytes, 11u);
  EXPECT_EQ(FileSystem::Real().Size(spec.model_fd).value(), 11u);
  runner_.Succeed(id, "the artifact", "the report");
  executor_.RunReady();
  const Job job = Get(id);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  ASSERT_EQ(job.artifacts.size(), 1u);
  EXPECT_EQ(job.artifacts[0].name, "model.tflite");
  EXPECT_EQ(FileSystem::Real().Size(blobs_.Open(job.artifacts[0].digest).value().get()).value(),
            12u);
  EXPECT_TRUE(blobs_.Open(job.report.value()).ok());
  EXPECT_EQ(scheduler_.running(), 0u);
}

TEST_F(SchedulerTest, KeepsToItsSlotsInOrderOfArrival) {
  const std::string first = Submit().id;
  const std::string second = Submit().id;
  const std::string third = Submit().id;
  executor_.RunReady();
  EXPECT_THAT(runner_.started, ElementsAre(first, second));
  runner_.Succeed(first);
  executor_.RunReady();
  EXPECT_THAT(runner_.started, ElementsAre(first, second, third));
}

TEST_F(SchedulerTest, PassesExternalFiles) {
  NewJob job;
  job.id = ids_.Next();
  *std::get<v1::ConvertOperation>(job.operation).mutable_input()->mutable_model() =
      ToProto(blobs_.Put({}).value());
  (*std::get<v1::ConvertOperation>(job.operation)
        .mutable_input()
        ->mutable_external_files())["w/a.bin"] =
      ToProto(blobs_.Put(std::as_bytes(std::span("weights"))).value());
  ASSERT_TRUE(store_.Accept(job).ok());
  scheduler_.Wake();
  executor_.RunReady();
  const RunSpec& spec = runner_.running.at(job.id).spec;
  ASSERT_EQ(spec.external_fds.size(), 1u);
  EXPECT_EQ(FileSystem::Real().Size(spec.external_fds.at("w/a.bin")).value(), 8u);
}

TEST_F(SchedulerTest, PassesCalibrationFiles) {
  NewJob job;
  job.id = ids_.Next();
  auto& convert = std::get<v1::ConvertOperation>(job.operation);
  *convert.mutable_input()->mutable_model() = ToProto(blobs_.Put({}).value());
  convert.mutable_options()->mutable_calibration()->set_most_samples(3);
  for (const std::string name : {"b", "a"}) {
    v1::CalibrationFile& file = *convert.add_calibration_files();
    file.set_name(name);
    file.set_input("in_" + name);
    file.set_raw_type("f32");
    *file.mutable_blob() = ToProto(blobs_.Put(std::as_bytes(std::span(name))).value());
  }
  ASSERT_TRUE(store_.Accept(job).ok());
  scheduler_.Wake();
  executor_.RunReady();
  const RunSpec& spec = runner_.running.at(job.id).spec;
  EXPECT_EQ(std::get<v1::ConvertOperation>(spec.operation).options().calibration().most_samples(),
            3u);
  ASSERT_EQ(spec.calibration.size(), 2u);
  EXPECT_EQ(spec.calibration[0].name, "b");
  EXPECT_EQ(spec.calibration[0].input, "in_b");
  EXPECT_EQ(spec.calibration[1].raw_type, "f32");
  EXPECT_EQ(FileSystem::Real().Size(spec.calibration[1].fd).value(), 1u);
}

TEST_F(SchedulerTest, ForwardsProgress) {
  const std::string id = Started();
  std::string stage;
  const auto subscription = store_.Subscribe(
      id, [&](const JobNotice& notice) { stage = notice.progress.value().stage(); });
  v1::Progress progress;
  progress.set_stage("import");
  runner_.running.at(id).progress(progress);
  EXPECT_EQ(stage, "import");
}

TEST_F(SchedulerTest, FailedConversionKeepsItsReportAndDropsTheArtifact) {
  const std::string id = Started();
  RunOutcome outcome = Outcome(JobState::kFailed, Reason::kVerificationMismatch, "differs");
  test::FakeRunner::Write(runner_.running.at(id).spec.artifact_fd, "half");
  outcome.report = test::FakeRunner::Write(runner_.running.at(id).spec.report_fd, "report");
  runner_.Finish(id, std::move(outcome));
  executor_.RunReady();
  const Job job = Get(id);
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.reason, Reason::kVerificationMismatch);
  EXPECT_EQ(job.message, "differs");
  EXPECT_TRUE(job.artifacts.empty());
  EXPECT_TRUE(blobs_.Open(job.report.value()).ok());
}

TEST_F(SchedulerTest, FilesBesideTheArtifactAreKeptOfAFailureToo) {
  NewJob job;
  job.id = ids_.Next();
  *std::get<v1::ConvertOperation>(job.operation).mutable_input()->mutable_model() =
      ToProto(blobs_.Put({}).value());
  std::get<v1::ConvertOperation>(job.operation)
      .mutable_options()
      ->add_extra_reports(v1::OP_COVERAGE);
  ASSERT_TRUE(store_.Accept(job).ok());
  scheduler_.Wake();
  executor_.RunReady();
  test::FakeRunner::Write(runner_.running.at(job.id).spec.extras_fd, "firstsecond");
  RunOutcome outcome = Outcome(JobState::kFailed, Reason::kUnsupportedRank, "refused");
  for (const std::string text : {"first", "second"}) {
    outcome.extras.push_back(
        {text + ".json", "op_coverage", Digest::Of(std::as_bytes(std::span<const char>(text)))});
  }
  runner_.Finish(job.id, std::move(outcome));
  executor_.RunReady();
  const Job failed = Get(job.id);
  EXPECT_EQ(failed.reason, Reason::kUnsupportedRank);
  ASSERT_EQ(failed.artifacts.size(), 2u);
  EXPECT_EQ(failed.artifacts[1].name, "second.json");
  EXPECT_EQ(FileSystem::Real().Size(blobs_.Open(failed.artifacts[1].digest).value().get()).value(),
            6u);
}

TEST_F(SchedulerTest, PartsOfTheArtifactBecomeBlobsInTheirOrder) {
  NewJob job;
  job.id = ids_.Next();
  *std::get<v1::ConvertOperation>(job.operation).mutable_input()->mutable_model() =
      ToProto(blobs_.Put({}).value());
  std::get<v1::ConvertOperation>(job.operation).mutable_options()->mutable_split()->set_parts(2);
  ASSERT_TRUE(store_.Accept(job).ok());
  scheduler_.Wake();
  executor_.RunReady();
  const RunSpec& spec = runner_.running.at(job.id).spec;
  EXPECT_NE(spec.extras_fd, -1);
  test::FakeRunner::Write(spec.artifact_fd, "first..second");
  test::FakeRunner::Write(spec.extras_fd, "{}");
  RunOutcome outcome = Outcome(JobState::kSucceeded, Reason::kOk, "");
  outcome.artifact.reset();
  const auto digest = [](const std::string& text) {
    return Digest::Of(std::as_bytes(std::span<const char>(text)));
  };
  outcome.parts = {{"m_0001.tflite", "tflite_part", digest("first"), 0},
                   {"m_0002.tflite", "tflite_part", digest("second"), 7}};
  outcome.extras = {{"m_split_plan.json", "split_plan", digest("{}"), 0}};
  runner_.Finish(job.id, std::move(outcome));
  executor_.RunReady();
  const Job done = Get(job.id);
  ASSERT_EQ(done.state, JobState::kSucceeded) << done.message;
  ASSERT_EQ(done.artifacts.size(), 3u);
  EXPECT_EQ(done.artifacts[1].name, "m_0002.tflite");
  EXPECT_EQ(FileSystem::Real().Size(blobs_.Open(done.artifacts[1].digest).value().get()).value(),
            6u);
  EXPECT_EQ(done.artifacts[2].kind, "split_plan");
}

TEST_F(SchedulerTest, APartThatIsNotWhatTheWorkerSaysIsAProtocolFailure) {
  const std::string id = Started();
  test::FakeRunner::Write(runner_.running.at(id).spec.artifact_fd, "first");
  RunOutcome outcome = Outcome(JobState::kSucceeded, Reason::kOk, "");
  outcome.artifact.reset();
  outcome.parts = {{"m_0001.tflite", "tflite_part", Digest::Of({}), 0},
                   {"m_0002.tflite", "tflite_part", Digest{.sha256 = {}, .size_bytes = 9}, 0}};
  runner_.Finish(id, std::move(outcome));
  executor_.RunReady();
  EXPECT_EQ(Get(id).reason, Reason::kWorkerProtocol);
}

TEST_F(SchedulerTest, PartsOfAFailureAreNotPublished) {
  const std::string id = Started();
  test::FakeRunner::Write(runner_.running.at(id).spec.artifact_fd, "first");
  RunOutcome outcome = Outcome(JobState::kFailed, Reason::kVerificationMismatch, "other values");
  outcome.artifact.reset();
  outcome.parts = {{"m_0001.tflite", "tflite_part",
                    Digest::Of(std::as_bytes(std::span<const char>(std::string_view("first")))),
                    0}};
  runner_.Finish(id, std::move(outcome));
  executor_.RunReady();
  EXPECT_EQ(Get(id).reason, Reason::kVerificationMismatch);
  EXPECT_TRUE(Get(id).artifacts.empty());
}

TEST_F(SchedulerTest, FilesThatNobodyAskedForAreAProtocolFailure) {
  const std::string id = Started();
  EXPECT_EQ(runner_.running.at(id).spec.extras_fd, -1);
  RunOutcome outcome = Outcome(JobState::kFailed, Reason::kUnsupportedRank, "refused");
  outcome.extras.push_back({"a.json", "op_coverage", Digest::Of({})});
  runner_.Finish(id, std::move(outcome));
  executor_.RunReady();
  EXPECT_EQ(Get(id).reason, Reason::kWorkerProtocol);
  EXPECT_TRUE(Get(id).artifacts.empty());
}

TEST_F(SchedulerTest, CrashOfTheWorkerEndsTheJobOnce) {
  const std::string id = Started();
  runner_.Finish(id, Outcome(JobState::kFailed, Reason::kWorkerCrashed, "signal 11"));
  executor_.RunReady();
  executor_.Advance(std::chrono::minutes(10));
  EXPECT_EQ(Get(id).state, JobState::kFailed);
  EXPECT_EQ(Get(id).reason, Reason::kWorkerCrashed);
  EXPECT_THAT(runner_.started, ElementsAre(id));
}

TEST_F(SchedulerTest, CrashOfTheWorkerLeavesAReport) {
  const std::string id = Started();
  runner_.Finish(id, Outcome(JobState::kFailed, Reason::kWorkerCrashed, "signal 11"));
  executor_.RunReady();
  const v1::Report report = ReadReport(Get(id));
  EXPECT_EQ(report.job_id(), id);
  EXPECT_EQ(report.state(), "failed");
  EXPECT_EQ(report.reason_code(), "worker_crashed");
  EXPECT_EQ(report.message(), "signal 11");
  ASSERT_EQ(report.diagnostics_size(), 1);
  EXPECT_EQ(report.diagnostics(0).reason_code(), "worker_crashed");
  EXPECT_THAT(report.diagnostics(0).hint(), testing::HasSubstr("defect of smelt"));
}

TEST_F(SchedulerTest, CancelledJobWithoutAReportGetsOne) {
  const std::string id = Started();
  runner_.Finish(id, Outcome(JobState::kCancelled, Reason::kCancelled, "the job was cancelled"));
  executor_.RunReady();
  const v1::Report report = ReadReport(Get(id));
  EXPECT_EQ(report.state(), "cancelled");
  EXPECT_EQ(report.reason_code(), "cancelled");
  EXPECT_EQ(report.diagnostics_size(), 0);
}

TEST_F(SchedulerTest, WorkerThatLiesAboutItsOutputIsNotBelieved) {
  const std::string id = Started();
  RunOutcome outcome;
  outcome.state = JobState::kSucceeded;
  outcome.artifact = {.name = "a", .kind = "tflite", .digest = blobs_.Put({}).value()};
  test::FakeRunner::Write(runner_.running.at(id).spec.artifact_fd, "something else");
  runner_.Finish(id, std::move(outcome));
  executor_.RunReady();
  EXPECT_EQ(Get(id).state, JobState::kFailed);
  EXPECT_EQ(Get(id).reason, Reason::kWorkerProtocol);
  EXPECT_TRUE(Get(id).artifacts.empty());
}

TEST_F(SchedulerTest, AnswersThatContradictThemselvesAreProtocolFailures) {
  const RunOutcome answers[] = {Outcome(JobState::kSucceeded, Reason::kOk),
                                Outcome(JobState::kFailed, Reason::kOk),
                                Outcome(JobState::kRunning, Reason::kOk)};
  for (const RunOutcome& answer : answers) {
    const std::string id = Started();
    runner_.Finish(id, answer);
    executor_.RunReady();
    EXPECT_EQ(Get(id).state, JobState::kFailed);
    EXPECT_EQ(Get(id).reason, Reason::kWorkerProtocol);
  }
}

TEST_F(SchedulerTest, MissingModelFailsTheJobWithoutARun) {
  const Job job = Submit();
  blobs_.Remove(FromProto(std::get<v1::ConvertOperation>(job.operation).input().model()).value());
  executor_.RunReady();
  EXPECT_EQ(Get(job.id).state, JobState::kFailed);
  EXPECT_EQ(Get(job.id).reason, Reason::kBlobMissing);
  EXPECT_TRUE(runner_.started.empty());
}

TEST_F(SchedulerTest, RunnerMayAnswerAtOnce) {
  struct Instant final : JobRunner {
    void Run(RunSpec, ProgressFn, DoneFn done) override {
      done(Outcome(JobState::kFailed, Reason::kNotAModel));
    }
    void Cancel(const std::string&) override { ++cancels; }
    int cancels = 0;
  } instant;
  Scheduler scheduler({.slots = 1}, {store_, store_, blobs_, instant, executor_, clock_, metrics_});
  const std::string id = Submit().id;
  scheduler_.StopTaking();
  scheduler.Wake();
  executor_.RunReady();
  EXPECT_EQ(Get(id).reason, Reason::kNotAModel);
  EXPECT_EQ(scheduler.running(), 0u);
}

TEST_F(SchedulerTest, MetricsAddUp) {
  const std::string good = Started();
  const std::string bad = Started();
  clock_.Advance(std::chrono::seconds(3));
  runner_.Succeed(good);
  runner_.Finish(bad, Outcome(JobState::kFailed, Reason::kNotAModel));
  executor_.RunReady();
  EXPECT_THAT(metrics_.finished,
              ElementsAre(std::tuple("litert", JobState::kSucceeded, Reason::kOk),
                          std::tuple("litert", JobState::kFailed, Reason::kNotAModel)));
  EXPECT_EQ(metrics_.runs, 2);
  EXPECT_THAT(metrics_.stages, ::testing::Contains(std::pair("run", 3.0)).Times(2));
}

}  // namespace
}  // namespace smelt::jobs
