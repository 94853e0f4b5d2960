// A run that ends before its job says in text and in JSON which job is left, and how to come back.
#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/client/cli_fixture.h"

namespace smelt::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CliLeftJobTest : public CliTest {
 protected:
  // The text of a field of the document on standard output.
  std::string Field(const std::string& name) const {
    google::protobuf::Struct document;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(Out(), &document).ok()) << Out();
    return document.fields().at(name).string_value();
  }
  void ExpectGoesOn(const std::string& reason, const std::string& output) {
    EXPECT_EQ(Field("reason_code"), reason);
    EXPECT_EQ(Field("job_id"), "job1");
    EXPECT_THAT(Field("message"), HasSubstr("; job job1 goes on"));
    EXPECT_THAT(Field("hint"), AllOf(HasSubstr("'smelt watch job1" + output + "'"),
                                     HasSubstr("'smelt cancel job1'"), Not(HasSubstr("Submit"))));
    EXPECT_THAT(Err(), AllOf(HasSubstr("job job1 goes on"), HasSubstr("'smelt cancel job1'")));
  }
};

TEST_F(CliLeftJobTest, InterruptNamesTheJobThatGoesOn) {
  daemon_.faults.never_finish = true;
  daemon_.on_idle_watch = [this] { interrupt_.Trigger(); };
  EXPECT_EQ(Run({"--json", "convert", ModelFile(), "-o", "out.tflite"}), 130);
  ExpectGoesOn("cancelled", " -o out.tflite");
  interrupt_.Clear();
  EXPECT_EQ(Run({"--json", "watch", "job1"}), 130);
  ExpectGoesOn("cancelled", "");
}

TEST_F(CliLeftJobTest, InterruptThatCancelsSaysSo) {
  daemon_.faults.never_finish = true;
  daemon_.on_idle_watch = [this] { interrupt_.Trigger(); };
  EXPECT_EQ(Run({"--json", "convert", ModelFile(), "--cancel-on-interrupt"}), 130);
  EXPECT_EQ(Field("job_id"), "job1");
  EXPECT_EQ(Field("message"), "interrupted; job job1 is being cancelled");
  EXPECT_EQ(Field("hint"), "See it with 'smelt status job1'.");
}

TEST_F(CliLeftJobTest, DaemonThatDiesAfterAcceptingNamesTheJob) {
  daemon_.faults.broken_watches = 100;
  EXPECT_EQ(Run({"--json", "--retries", "0", "convert", ModelFile(), "-o", "out.tflite"}), 7);
  ExpectGoesOn("server_unavailable", " -o out.tflite");
  EXPECT_THAT(Field("hint"), HasSubstr("Start one with 'smeltd"));
}

TEST_F(CliLeftJobTest, WaitTimeoutNamesTheJob) {
  daemon_.faults.never_finish = true;
  EXPECT_EQ(Run({"--json", "convert", ModelFile(), "-o", "x", "--wait-timeout", "0.05"}), 8);
  ExpectGoesOn("deadline_exceeded", " -o x");
}

TEST_F(CliLeftJobTest, DownloadThatFailsNamesTheFinishedJob) {
  daemon_.faults.corrupt_reads = true;
  EXPECT_EQ(Run({"--json", "convert", ModelFile(), "-o", scratch_ / "x"}), 70);
  EXPECT_EQ(Field("job_id"), "job1");
  EXPECT_THAT(Field("message"), HasSubstr("; job job1 has finished"));
  EXPECT_THAT(Field("hint"), HasSubstr("'smelt watch job1 -o OUT'"));
}

TEST_F(CliLeftJobTest, FailureWithoutAJobNamesNone) {
  interrupt_.Trigger();
  EXPECT_EQ(Run({"--json", "convert", ModelFile(), "-o", scratch_ / "x"}), 130);
  EXPECT_EQ(Field("job_id"), "");
  EXPECT_EQ(Field("message"), "interrupted");
}

}  // namespace
}  // namespace smelt::client
