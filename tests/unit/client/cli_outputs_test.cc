// What a command writes replaces neither what it reads nor what else it writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/client/cli_fixture.h"

namespace smelt::client {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CliOutputsTest : public CliTest {
 protected:
  // Runs the line, which must be refused before any work with a message that holds `text`.
  void ExpectRefused(const std::vector<std::string>& line, const std::string& text,
                     const std::string& hint = "Give another name") {
    EXPECT_EQ(Run(line), 2) << testing::PrintToString(line);
    EXPECT_THAT(Err(), AllOf(HasSubstr(text), HasSubstr("[usage]"), HasSubstr(hint)))
        << testing::PrintToString(line);
    EXPECT_THAT(daemon_.creates, IsEmpty());
    EXPECT_THAT(daemon_.blobs, IsEmpty());
  }
};

TEST_F(CliOutputsTest, NothingReplacesTheModel) {
  const std::string model = ModelFile();
  const std::string out = scratch_ / "z.tflite";
  fs::create_symlink(model, scratch_ / "soft");
  fs::create_hard_link(model, scratch_ / "hard");
  const std::string message = " would replace the model " + model;
  for (const std::string& name : {std::string("net.onnx"), std::string("./net.onnx"),
                                  std::string("soft"), std::string("hard")}) {
    ExpectRefused({"convert", model, "-o", scratch_ / name}, "the artifact" + message);
    ExpectRefused({"convert", model, "-o", out, "--report", scratch_ / name},
                  "the report" + message);
    ExpectRefused({"convert", model, "-o", "-", "--report", scratch_ / name},
                  "the report" + message);
  }
  EXPECT_EQ(ReadFile(model), Model(""));
}

TEST_F(CliOutputsTest, NothingReplacesTheModelsData) {
  const std::string model =
      scratch_.Write("net.onnx", Model(BytesField(5, ExternalTensor("w.bin"))));
  const std::string data = scratch_.Write("w.bin", "weights");
  const std::string message = " would replace " + data + ", which holds data of the model";
  ExpectRefused({"convert", model, "-o", data}, "the artifact" + message);
  ExpectRefused({"convert", model, "-o", scratch_ / "z", "--report", data}, "the report" + message);
  EXPECT_EQ(ReadFile(data), "weights");
}

TEST_F(CliOutputsTest, FilesBesideTheArtifactReplaceNoInput) {
  const std::string out = scratch_ / "foo.tflite";
  const std::vector<std::pair<std::string, std::vector<std::string>>> rows = {
      {"foo_reproducer.onnx", {"--reproducer"}},
      {"foo_op_coverage_report.json", {"--extra-report", "tensors,coverage"}},
      {"foo_tensor_correspondence_report.json", {"--extra-report", "tensors"}},
      {"foo_accuracy_report.json", {"--extra-report", "accuracy"}},
      {"foo_fold.ir.txt", {"--dump", "after:fold"}},
      {"foo_layout.ir.txt", {"--dump", "all"}},
  };
  for (const auto& [name, options] : rows) {
    const std::string model = scratch_.Write(name, Model(""));
    std::vector<std::string> line = {"convert", model, "-o", out};
    line.insert(line.end(), options.begin(), options.end());
    ExpectRefused(line, "would replace the model " + model);
    EXPECT_EQ(ReadFile(model), Model(""));
  }
}

TEST_F(CliOutputsTest, PartsHaveNamesOfTheirOwn) {
  const std::string model = ModelFile();
  ExpectRefused({"convert", model, "-o", "-", "--split-parts", "2"},
                "an artifact in parts does not fit on standard output", "Give the parts a name");
  ExpectRefused({"convert", model, "--split-max-bytes", "10", "--split-target-bytes", "11"},
                "--split-target-bytes is 11, more than --split-max-bytes, 10", "See --help");
  ExpectRefused({"convert", model, "--split-target-bytes", "1500000000"},
                "--split-target-bytes is 1500000000, more than --split-max-bytes, 1073741824",
                "See --help");
  const std::string taken = scratch_.Write("foo_split_plan.json", Model(""));
  ExpectRefused({"convert", taken, "-o", scratch_ / "foo.tflite", "--split"},
                "would replace the model " + taken);
}

TEST_F(CliOutputsTest, NoTwoOutputsAreOneFile) {
  const std::string model = ModelFile();
  const std::string out = scratch_ / "z.tflite";
  ExpectRefused({"convert", model, "-o", out, "--report", out},
                "the report would replace the artifact, " + out);
  ExpectRefused({"convert", model, "-o", out, "--report", scratch_ / "./z.tflite"},
                "the report would replace the artifact");
  ExpectRefused({"watch", "job1", "-o", out, "--report", out},
                "the report would replace the artifact");
  ExpectRefused({"convert", model, "-o", out, "--report", scratch_ / "z_op_coverage_report.json",
                 "--extra-report", "coverage"},
                "the op coverage report would replace the report");
  for (const char* dump : {"all", "after:fold"}) {
    ExpectRefused(
        {"convert", model, "-o", out, "--report", scratch_ / "z_fold.ir.txt", "--dump", dump},
        "would replace the report");
  }
  scratch_.Write("z.tflite", "old");
  fs::create_symlink(out, scratch_ / "link");
  ExpectRefused({"convert", model, "-o", out, "--report", scratch_ / "link"},
                "the report would replace the artifact");
  EXPECT_EQ(ReadFile(out), "old");
}

TEST_F(CliOutputsTest, FileThatOnlyTheDaemonKnowsReplacesNothing) {
  daemon_.extras_ = {{"net_news.onnx", "text"}};
  const std::string model = scratch_.Write("foo_news.onnx", Model(""));
  EXPECT_EQ(Run({"convert", model, "-o", scratch_ / "foo.tflite"}), 0) << Err();
  const std::string other = scratch_.Write("foo_net_news.onnx", Model(""));
  EXPECT_EQ(Run({"convert", other, "-o", scratch_ / "foo.tflite"}), 2);
  EXPECT_THAT(Err(), HasSubstr("net_news.onnx would replace the model " + other));
  EXPECT_EQ(ReadFile(other), Model(""));
}

TEST_F(CliOutputsTest, OutputsOfAnEarlierRunAreReplaced) {
  daemon_.extras_ = {{"net_op_coverage_report.json", "{}"}};
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(Run({"convert", ModelFile(), "-o", scratch_ / "z.tflite", "--report",
                   scratch_ / "z.json", "--extra-report", "coverage", "--dump", "all"}),
              0)
        << Err();
  }
  EXPECT_EQ(ReadFile(scratch_ / "z_op_coverage_report.json"), "{}");
}

TEST_F(CliOutputsTest, GetWritesIntoAFolderAsConvertDoes) {
  scratch_.Write("into/x", "");
  const std::string folder = scratch_ / "into";
  ASSERT_EQ(Run({"convert", ModelFile(), "-o", folder}), 0) << Err();
  ASSERT_EQ(Run({"get", "job1", "-o", folder}), 0) << Err();
  EXPECT_EQ(Out(), folder + "/model.tflite\n");
  ASSERT_EQ(Run({"get", "job1", "--report", "-o", folder}), 0) << Err();
  ASSERT_EQ(Run({"get", "job1", "--model", "-o", folder}), 0) << Err();
  EXPECT_THAT(scratch_.Names("into"),
              ElementsAre("model.tflite", "net.onnx", "net.report.json", "net.tflite", "x"));
  EXPECT_EQ(ReadFile(folder + "/model.tflite"), "the artifact");
  EXPECT_EQ(ReadFile(folder + "/net.onnx"), Model(""));
}

TEST_F(CliOutputsTest, WatchWritesIntoAFolderAsConvertDoes) {
  scratch_.Write("into/x", "");
  ASSERT_EQ(Run({"submit", ModelFile()}), 0) << Err();
  ASSERT_EQ(Run({"watch", "job1", "-o", scratch_ / "into"}), 0) << Err();
  EXPECT_EQ(ReadFile(scratch_ / "into/net.tflite"), "the artifact");
}

TEST_F(CliOutputsTest, OneDeviceTakesEverything) {
  EXPECT_EQ(Run({"convert", ModelFile(), "-o", "/dev/null", "--report", "/dev/null"}), 0) << Err();
}

TEST_F(CliOutputsTest, FolderInPlaceOfAFileIsRefused) {
  scratch_.Write("folder/x", "");
  ExpectRefused({"convert", ModelFile(), "-o", scratch_ / "z", "--report", scratch_ / "folder"},
                "folder is a folder; the report can't be written");
}

}  // namespace
}  // namespace smelt::client
