// smelt inspect against a daemon in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/client/cli_fixture.h"

namespace smelt::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr char kDescription[] = R"({
  "schema_version": 1, "file_name": "net.tflite", "format": "tflite", "file_bytes": "2048",
  "operators": [{"domain": "builtin", "name": "CONV_2D", "version": 3, "count": "2"}],
  "types": [{"type": "i8", "tensors": "1", "bytes": "6"}],
  "field_of_a_newer_daemon": [1, 2],
  "tflite": {"schema_version": 3, "needed_runtime": "1.14",
    "subgraphs": [{"name": "main", "tensors": [{"name": "x", "type": "i8", "shape": [1, 2]}],
                   "operators": [{"name": "CONV_2D", "version": 3, "inputs": [0]}]}]}
})";

class InspectTest : public CliTest {
 protected:
  InspectTest() { daemon_.artifact_ = kDescription; }
  std::string File() { return scratch_.Write("net.tflite", "bytes of a file"); }
};

TEST_F(InspectTest, PrintsTheDescription) {
  ASSERT_EQ(Run({"inspect", File()}), 0) << Err();
  ASSERT_THAT(daemon_.creates, SizeIs(1));
  ASSERT_TRUE(daemon_.creates[0].has_inspect());
  EXPECT_EQ(daemon_.creates[0].inspect().input().file_name(), "net.tflite");
  EXPECT_FALSE(daemon_.creates[0].request_id().empty());
  EXPECT_THAT(Out(), AllOf(HasSubstr("net.tflite: TFLite, 2.0 KiB"), HasSubstr("CONV_2D v3 2"),
                           HasSubstr("1.14 or newer"), HasSubstr("OPERATOR"), HasSubstr("TENSOR")));
  ASSERT_EQ(Run({"inspect", File(), "--summary"}), 0) << Err();
  EXPECT_THAT(Out(), AllOf(HasSubstr("CONV_2D v3 2"), Not(HasSubstr("OPERATOR"))));
}

TEST_F(InspectTest, PrintsTheDocumentAsItIs) {
  ASSERT_EQ(Run({"inspect", File(), "--json"}), 0) << Err();
  EXPECT_EQ(Out(), kDescription);
  ASSERT_EQ(Run({"inspect", File(), "-o", "-"}), 0) << Err();
  EXPECT_EQ(Out(), kDescription);
  EXPECT_EQ(Run({"inspect", File(), "-o", "-", "--json"}), 2);
}

TEST_F(InspectTest, WritesTheDocumentWhereItIsAskedTo) {
  ASSERT_EQ(Run({"inspect", File(), "-o", scratch_ / "d.json"}), 0) << Err();
  EXPECT_EQ(ReadFile(scratch_ / "d.json"), kDescription);
  EXPECT_THAT(Out(), HasSubstr("CONV_2D"));
  EXPECT_EQ(Run({"inspect", File(), "-o", File()}), 2);
  EXPECT_EQ(ReadFile(File()), "bytes of a file");
}

TEST_F(InspectTest, ReadsStandardInput) {
  ASSERT_EQ(Run({"inspect", "-"}, "bytes"), 0) << Err();
  EXPECT_EQ(daemon_.creates[0].inspect().input().file_name(), "model");
}

TEST_F(InspectTest, ExplainsARefusal) {
  daemon_.report_.set_state("failed");
  daemon_.report_.set_reason_code("not_a_model");
  daemon_.report_.set_message("the bytes are none");
  EXPECT_EQ(Run({"inspect", File()}), 1);
  EXPECT_THAT(Err(), AllOf(HasSubstr("the model was not described"), HasSubstr("not_a_model")));
}

TEST_F(InspectTest, OtherCommandsKnowTheKind) {
  ASSERT_EQ(Run({"inspect", File()}), 0) << Err();
  ASSERT_EQ(Run({"status", "job1"}), 0);
  EXPECT_THAT(Out(), AllOf(HasSubstr("kind      inspect"), HasSubstr("net.tflite")));
  ASSERT_EQ(Run({"list"}), 0);
  EXPECT_THAT(Out(), AllOf(HasSubstr("KIND"), HasSubstr("inspect"), HasSubstr("net.tflite")));
  ASSERT_EQ(Run({"watch", "job1"}), 0) << Err();
  EXPECT_THAT(Out(), HasSubstr("CONV_2D v3 2"));
  ASSERT_EQ(Run({"get", "job1", "-o", scratch_ / "got.json"}), 0) << Err();
  EXPECT_EQ(ReadFile(scratch_ / "got.json"), kDescription);
}

}  // namespace
}  // namespace smelt::client
