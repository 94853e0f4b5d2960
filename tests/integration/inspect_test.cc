// Inspections through the real daemon and the real, sandboxed worker: of good files, and of bytes
// that nobody should follow.
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "smelt/v1/model_description.pb.h"
#include "smelt/v1/report.pb.h"
#include "tests/integration/daemon.h"
#include "tests/integration/test_client.h"

namespace smelt::testing {
namespace {

std::string TrainedModel() {
  std::ifstream file(SMELT_MODELS "/digits_cnn.onnx", std::ios::binary);
  EXPECT_TRUE(file) << "the model of the repository is missing";
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

class InspectThroughDaemon : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(daemon_.Start()); }

  v1::Job Inspect(std::string_view bytes, const std::string& name) {
    const auto created = client_.SubmitInspection(bytes, name);
    EXPECT_TRUE(created.ok()) << created.error.message;
    EXPECT_TRUE(created.value.has_inspect());
    return client_.Wait(created.value.id()).value;
  }
  v1::ModelDescription DescriptionOf(const v1::Job& job) {
    v1::ModelDescription description;
    EXPECT_EQ(job.state(), v1::SUCCEEDED) << job.message();
    if (job.artifacts_size() != 1) return description;
    EXPECT_EQ(job.artifacts(0).kind(), "model_description");
    const auto json = client_.Read(job.artifacts(0).digest());
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json.value, &description).ok());
    return description;
  }
  std::string Artifact() {
    const auto created = client_.Submit(TrainedModel(), "digits_cnn.onnx");
    const v1::Job job = client_.Wait(created.value.id()).value;
    EXPECT_EQ(job.state(), v1::SUCCEEDED) << job.message();
    return client_.Read(job.artifacts(0).digest()).value;
  }

  Daemon daemon_{SMELT_WORKER};
  TestClient client_{daemon_.address()};
};

TEST_F(InspectThroughDaemon, DescribesBothFormats) {
  const v1::ModelDescription source = DescriptionOf(Inspect(TrainedModel(), "digits_cnn.onnx"));
  EXPECT_EQ(source.format(), "onnx");
  EXPECT_GT(source.operators_size(), 0);
  const std::string artifact = Artifact();
  const v1::Job job = Inspect(artifact, "digits_cnn.tflite");
  const v1::ModelDescription made = DescriptionOf(job);
  EXPECT_EQ(job.artifacts(0).name(), "digits_cnn_description.json");
  EXPECT_EQ(made.format(), "tflite");
  EXPECT_EQ(made.file_bytes(), artifact.size());
  EXPECT_EQ(made.sha256(), job.inspect().input().model().sha256());
  EXPECT_EQ(made.tflite().not_read_because(), "");
  EXPECT_EQ(made.problem_count(), 0u);
  // It is kept as a job like any other.
  const v1::Job kept = client_.Get(job.id()).value;
  EXPECT_TRUE(kept.has_inspect());
  EXPECT_EQ(kept.inspect().input().file_name(), "digits_cnn.tflite");
}

TEST_F(InspectThroughDaemon, RefusesWhatIsNoModel) {
  const v1::Job job = Inspect("not a model", "x.tflite");
  EXPECT_EQ(job.state(), v1::FAILED);
  EXPECT_EQ(job.reason_code(), "not_a_model");
  EXPECT_EQ(job.artifacts_size(), 0);
  v1::Report report;
  ASSERT_TRUE(report.ParseFromString(client_.Read(job.report()).value));
  EXPECT_EQ(report.diagnostics_size(), 1);
}

// Each damaged file is described or refused with a reason of its own; no worker dies of one.
TEST_F(InspectThroughDaemon, DamagedFilesAreDescribedOrRefused) {
  const std::string artifact = Artifact();
  std::mt19937 random(20261123);
  int refused = 0;
  for (int round = 0; round < 12; ++round) {
    std::string damaged = artifact;
    // Where the tables are; further behind lie the weights.
    const std::size_t reach = std::min<std::size_t>(damaged.size(), 4096);
    for (int i = 0; i < 8; ++i) damaged[random() % reach] = static_cast<char>(random());
    if (round % 3 == 0) damaged.resize(damaged.size() / 2);
    const v1::Job job = Inspect(damaged, "damaged.tflite");
    if (job.state() == v1::SUCCEEDED) continue;
    ++refused;
    EXPECT_TRUE(job.reason_code() == "model_malformed" || job.reason_code() == "not_a_model" ||
                job.reason_code() == "too_many_nodes")
        << job.reason_code() << ": " << job.message();
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace smelt::testing
