#include "client/view/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "client/view/report_text.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::client {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

class StillClock final : public Clock {
 public:
  SteadyTime Now() const override { return SteadyTime(now); }
  WallTime Wall() const override { return {}; }
  milliseconds now{1000};
};

v1::JobEvent State(v1::JobState state) {
  v1::JobEvent event;
  event.set_seq(1);
  event.set_state(state);
  return event;
}

v1::JobEvent Stage(const std::string& name, std::uint64_t done, std::uint64_t total) {
  v1::JobEvent event;
  event.mutable_progress()->set_stage(name);
  event.mutable_progress()->set_done(done);
  event.mutable_progress()->set_total(total);
  event.mutable_progress()->set_unit("nodes");
  return event;
}

v1::JobEvent Finished(v1::JobState state) {
  v1::JobEvent event;
  event.set_seq(4);
  event.mutable_finished()->set_state(state);
  return event;
}

class ProgressTest : public testing::Test {
 protected:
  void Play(Progress& progress) {
    progress.OnTransfer({"upload", "m.onnx", 0, 2048});
    clock_.now += milliseconds(250);
    progress.OnTransfer({"upload", "m.onnx", 1024, 2048});
    clock_.now += milliseconds(250);
    progress.OnTransfer({"upload", "m.onnx", 2048, 2048});
    progress.OnJob("01J");
    progress.OnEvent(State(v1::QUEUED));
    progress.OnEvent(State(v1::RUNNING));
    clock_.now += milliseconds(200);
    progress.OnEvent(Stage("import", 1, 9));
    progress.OnEvent(Stage("import", 5, 9));
    progress.OnNote("no answer");
    clock_.now += milliseconds(200);
    progress.OnEvent(Stage("write", 1, 0));
    clock_.now += milliseconds(100);
    progress.OnEvent(Finished(v1::SUCCEEDED));
    progress.Finish();
  }

  StillClock clock_;
  std::ostringstream out_;
};

TEST_F(ProgressTest, PlainSaysEachThingOnce) {
  Play(*MakePlainProgress(out_, clock_));
  EXPECT_EQ(out_.str(),
            "upload m.onnx: 2.0 KiB in 500 ms\n"
            "job 01J: queued\n"
            "job 01J: running\n"
            "job 01J: import\n"
            "no answer\n"
            "job 01J: write\n"
            "job 01J: succeeded after 500 ms\n");
}

TEST_F(ProgressTest, PlainReportsLongTransfersEveryTenSeconds) {
  const auto progress = MakePlainProgress(out_, clock_);
  for (std::uint64_t second = 0; second < 25; ++second) {
    progress->OnTransfer({"upload", "m", second * 1024, 1024 * 1024});
    clock_.now += milliseconds(1000);
  }
  EXPECT_EQ(out_.str(),
            "upload m: 10.0 KiB of 1.0 MiB\n"
            "upload m: 20.0 KiB of 1.0 MiB\n");
}

TEST_F(ProgressTest, JsonIsOneObjectALine) {
  Play(*MakeJsonProgress(out_, clock_));
  std::istringstream lines(out_.str());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_EQ(line.front(), '{');
    EXPECT_EQ(line.back(), '}');
  }
  EXPECT_EQ(count, 10);
  EXPECT_THAT(out_.str(), HasSubstr("{\"job_id\": \"01J\"}"));
  EXPECT_THAT(out_.str(), HasSubstr("\"stage\":\"import\""));
  EXPECT_THAT(out_.str(), HasSubstr("\"done_bytes\": 2048"));
}

TEST_F(ProgressTest, TtyRedrawsInPlaceAndLeavesTheStepsBehind) {
  Screen screen;
  screen.out = &out_;
  Play(*MakeTtyProgress(screen, clock_, Ticking::kOff));
  const std::string text = out_.str();
  EXPECT_THAT(text, HasSubstr("1.0 KiB of 2.0 KiB"));
  const std::string last = text.substr(text.rfind("\x1b[J") + 3);
  EXPECT_EQ(last,
            "job 01J\n"
            "+ upload    500 ms    2.0 KiB  m.onnx\n"
            "+ import    200 ms    9 nodes\n"
            "+ write     100 ms    1 nodes\n");
}

TEST_F(ProgressTest, TtyLinesNeverWrap) {
  Screen screen;
  screen.out = &out_;
  screen.columns = [] { return 30; };
  const auto progress = MakeTtyProgress(screen, clock_, Ticking::kOff);
  progress->OnTransfer({"upload", std::string(200, 'n'), 5, 5});
  progress->Finish();
  std::istringstream lines(out_.str());
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, line.rfind("\x1b[J") == std::string::npos ? 0 : line.rfind("\x1b[J") + 3);
    EXPECT_LE(line.size(), 29u) << line;
  }
}

TEST_F(ProgressTest, HostileNamesDoNotReachTheTerminal) {
  Screen screen;
  screen.out = &out_;
  const auto tty = MakeTtyProgress(screen, clock_, Ticking::kOff);
  tty->OnTransfer({"upload", "\x1b]0;owned\x07", 5, 5});
  tty->OnEvent(Stage("\x1b[31m", 1, 1));
  tty->Finish();
  EXPECT_THAT(out_.str(), Not(HasSubstr("\x1b]0;")));
  EXPECT_THAT(out_.str(), Not(HasSubstr("\x1b[31m")));
}

TEST(ProgressStyle, NamesAreThoseOfTheFlag) {
  EXPECT_EQ(ProgressStyleFromName("tty"), ProgressStyle::kTty);
  EXPECT_EQ(ProgressStyleFromName("quiet"), ProgressStyle::kQuiet);
  EXPECT_FALSE(ProgressStyleFromName("TTY").has_value());
}

TEST(ReportText, SuccessShowsOperatorsTimesAndVerification) {
  v1::Report report;
  report.set_job_id("01J");
  report.set_target("litert");
  v1::Artifact* artifact = report.add_artifacts();
  artifact->set_min_runtime_version("2.3.0");
  artifact->mutable_digest()->set_size_bytes(2048);
  v1::Coverage& coverage = *report.mutable_coverage();
  coverage.set_source_nodes(12);
  coverage.set_converted(9);
  coverage.set_folded(3);
  (*coverage.mutable_target_operators())["CONV_2D"] = 2;
  (*coverage.mutable_target_operators())["ADD"] = 7;
  for (int i = 0; i < 2; ++i) {
    v1::Diagnostic* note = report.add_diagnostics();
    note->set_severity(v1::SEVERITY_NOTE);
    note->set_reason_code("transpose_left");
    note->set_message("TRANSPOSE of f32[1,3,8,8]: SOFTMAX works on the last axis");
  }
  v1::Timing* timing = report.add_timings();
  timing->set_stage("import");
  timing->set_seconds(0.0123);
  timing->set_peak_rss_bytes(1 << 20);
  v1::Verification& verification = *report.mutable_verification();
  verification.set_mode(v1::Verification::RUN);
  verification.set_reference("imported_graph");
  v1::Verification::Output* output = verification.add_outputs();
  output->set_name("logits");
  output->set_max_abs_difference(3.1e-7);
  output->set_max_abs_reference(12.5);
  std::ostringstream out;
  PrintSuccess(out, report, "net.tflite", "smelt get 01J --report", Ink(false));
  EXPECT_EQ(
      out.str(),
      "converted: net.tflite  2.0 KiB\n"
      "  target      litert, runtime 2.3.0 or newer\n"
      "  operators   9 (from 12 source nodes: 9 converted, 3 folded)\n"
      "              ADD 7, CONV_2D 2\n"
      "  copies      2 TRANSPOSE: SOFTMAX works on the last axis\n"
      "  time        import 12 ms; peak memory 1.0 MiB\n"
      "  verified    the written bytes were re-read and checked; run against imported_graph in "
      "0.0 ms\n"
      "              \"logits\": max |difference| 3.1e-07, values up to 12.5\n"
      "  job         01J\n"
      "  report      smelt get 01J --report\n");
}

TEST(ReportText, FailureWithoutDiagnosticsStillSaysWhyAndWhatToDo) {
  v1::Job job;
  job.set_id("01J");
  job.set_state(v1::FAILED);
  job.set_reason_code("worker_out_of_memory");
  job.set_message("the worker used more than 4 GiB");
  std::ostringstream out;
  PrintFailure(out, ReportFromJob(job), "converted", "report.json", Ink(false));
  EXPECT_EQ(out.str(),
            "error: the model was not converted\n"
            "\n"
            "  1. error worker_out_of_memory\n"
            "     the worker used more than 4 GiB\n"
            "     hint     Raise the memory limit of the service, or convert a smaller model.\n"
            "\n"
            "  job         01J\n"
            "  report      report.json\n");
}

}  // namespace
}  // namespace smelt::client
