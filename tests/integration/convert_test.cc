// Real conversions through the real daemon and the real, sandboxed worker.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

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

class ConvertThroughDaemon : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(daemon_.Start()); }
  v1::Job Convert(std::string_view model) {
    const auto created = client_.Submit(model, "digits_cnn.onnx");
    EXPECT_TRUE(created.ok()) << created.error.message;
    return client_.Wait(created.value.id()).value;
  }
  v1::Report ReportOf(const v1::Job& job) {
    v1::Report report;
    EXPECT_TRUE(report.ParseFromString(client_.Read(job.report()).value));
    return report;
  }

  Daemon daemon_{SMELT_WORKER};
  TestClient client_{daemon_.address()};
};

TEST_F(ConvertThroughDaemon, MakesAModelFileAndAReport) {
  const v1::Job job = Convert(TrainedModel());
  ASSERT_EQ(job.state(), v1::SUCCEEDED) << job.message();
  ASSERT_EQ(job.artifacts_size(), 1);
  EXPECT_EQ(job.artifacts(0).kind(), "tflite");
  const auto artifact = client_.Read(job.artifacts(0).digest());
  ASSERT_TRUE(artifact.ok()) << artifact.error.message;
  EXPECT_EQ(artifact.value.substr(4, 4), "TFL3");
  const v1::Report report = ReportOf(job);
  EXPECT_EQ(report.state(), "succeeded");
  EXPECT_EQ(report.job_id(), job.id());
  EXPECT_GT(report.coverage().source_nodes(), 0u);
  EXPECT_EQ(report.coverage().rejected(), 0u);
  EXPECT_EQ(report.artifacts(0).digest().sha256(), job.artifacts(0).digest().sha256());
}

TEST_F(ConvertThroughDaemon, PutsReportsBesideTheArtifact) {
  v1::ConvertOptions options;
  options.add_extra_reports(v1::OP_COVERAGE);
  options.add_extra_reports(v1::TENSOR_CORRESPONDENCE);
  options.add_extra_reports(v1::ACCURACY);
  options.set_fail_on_accuracy(true);
  options.add_dump_after("layout");
  const auto created = client_.Submit(TrainedModel(), "digits_cnn.onnx", "", options);
  ASSERT_TRUE(created.ok()) << created.error.message;
  const v1::Job job = client_.Wait(created.value.id()).value;
  ASSERT_EQ(job.state(), v1::SUCCEEDED) << job.message();
  ASSERT_EQ(job.artifacts_size(), 5);
  EXPECT_EQ(job.artifacts(0).kind(), "tflite");
  EXPECT_EQ(job.artifacts(1).name(), "digits_cnn_layout.ir.txt");
  EXPECT_NE(client_.Read(job.artifacts(1).digest()).value.find("CONV_2D"), std::string::npos);
  EXPECT_EQ(job.artifacts(2).name(), "digits_cnn_op_coverage_report.json");
  EXPECT_NE(client_.Read(job.artifacts(2).digest()).value.find("\"dispatch_mode\""),
            std::string::npos);
  EXPECT_EQ(job.artifacts(3).kind(), "tensor_correspondence");
  EXPECT_EQ(job.artifacts(4).name(), "digits_cnn_accuracy_report.json");
  EXPECT_EQ(job.artifacts(4).kind(), "accuracy");
  EXPECT_TRUE(ReportOf(job).accuracy().pass());
}

TEST_F(ConvertThroughDaemon, PutsReportsInThePlaceOfARefusedModel) {
  v1::ConvertOptions options;
  options.add_extra_reports(v1::OP_COVERAGE);
  options.add_extra_reports(v1::REPRODUCER);
  options.set_min_runtime("1.5");
  const auto created = client_.Submit(TrainedModel(), "digits_cnn.onnx", "", options);
  ASSERT_TRUE(created.ok()) << created.error.message;
  const v1::Job job = client_.Wait(created.value.id()).value;
  EXPECT_EQ(job.state(), v1::SUCCEEDED) << "the oldest runtime runs it: " << job.message();
  options.clear_min_runtime();
  options.add_to_tensors("nowhere");
  const auto refused = client_.Submit(TrainedModel(), "digits_cnn.onnx", "", options);
  const v1::Job failed = client_.Wait(refused.value.id()).value;
  EXPECT_EQ(failed.state(), v1::FAILED);
  EXPECT_EQ(failed.reason_code(), "unknown_tensor_name");
  ASSERT_EQ(failed.artifacts_size(), 1);
  EXPECT_EQ(failed.artifacts(0).kind(), "op_coverage");
}

TEST_F(ConvertThroughDaemon, OptionsThatCannotBeAreErrorsOfTheCall) {
  v1::ConvertOptions options;
  options.add_extra_reports(static_cast<v1::ExtraReport>(77));
  EXPECT_EQ(client_.Submit(TrainedModel(), "m.onnx", "", options).error.code, "INVALID_ARGUMENT");
  options.clear_extra_reports();
  options.add_from_tensors("");
  EXPECT_EQ(client_.Submit(TrainedModel(), "m.onnx", "", options).error.code, "INVALID_ARGUMENT");
}

TEST_F(ConvertThroughDaemon, MakesTheSameBytesAgain) {
  const std::string model = TrainedModel();
  EXPECT_EQ(Convert(model).artifacts(0).digest().sha256(),
            Convert(model).artifacts(0).digest().sha256());
}

TEST_F(ConvertThroughDaemon, RefusesWhatIsNoModelAndLivesOn) {
  const v1::Job job = Convert("certainly not a model");
  EXPECT_EQ(job.state(), v1::FAILED);
  EXPECT_FALSE(job.message().empty());
  EXPECT_EQ(job.reason_code(), ReportOf(job).reason_code());
  EXPECT_EQ(Convert(TrainedModel()).state(), v1::SUCCEEDED);
}

TEST_F(ConvertThroughDaemon, RefusesAModelThatIsCutAnywhere) {
  const std::string model = TrainedModel();
  constexpr std::size_t kCuts = 20;
  for (std::size_t i = 0; i < kCuts; ++i) {
    const v1::Job job = Convert(std::string_view(model).substr(0, model.size() * i / kCuts));
    EXPECT_EQ(job.state(), v1::FAILED) << "cut " << i;
    EXPECT_FALSE(job.reason_code().empty()) << "cut " << i;
    EXPECT_NE(job.reason_code(), "worker_crashed") << "cut " << i << ": " << job.message();
    EXPECT_NE(job.reason_code(), "internal_error") << "cut " << i << ": " << job.message();
  }
  EXPECT_EQ(Convert(model).state(), v1::SUCCEEDED);
}

TEST_F(ConvertThroughDaemon, PrintsTheOperatorsOfItsRules) {
  const auto operators = client_.Operators();
  ASSERT_TRUE(operators.ok()) << operators.error.message;
  EXPECT_EQ(operators.value.source_format(), "onnx");
  EXPECT_TRUE(std::ranges::any_of(operators.value.operators(),
                                  [](const auto& row) { return row.op_type() == "Conv"; }));
  EXPECT_GE(client_.Info().value.max_opset(), 17u);
}

TEST_F(ConvertThroughDaemon, EndsAllJobsWithTheSameBytesAfterAKill) {
  constexpr int kJobs = 20;
  const std::string model = TrainedModel();
  const v1::Job undisturbed = Convert(model);
  ASSERT_EQ(undisturbed.state(), v1::SUCCEEDED) << undisturbed.message();
  std::vector<std::string> ids;
  for (int i = 0; i < kJobs; ++i) {
    const auto created = client_.Submit(model, "digits_cnn.onnx");
    ASSERT_TRUE(created.ok()) << created.error.message;
    ids.push_back(created.value.id());
  }
  ASSERT_TRUE(client_.Wait(ids[kJobs / 4]).ok());  // in the middle of them
  daemon_.Kill();
  ASSERT_NO_FATAL_FAILURE(daemon_.Start());
  TestClient client(daemon_.address());
  for (const std::string& id : ids) {
    const auto job = client.Wait(id);
    ASSERT_EQ(job.value.state(), v1::SUCCEEDED) << job.value.message();
    EXPECT_EQ(job.value.artifacts(0).digest().sha256(), undisturbed.artifacts(0).digest().sha256());
    int endings = 0;
    for (const v1::JobEvent& event : client.Watch(id).value) endings += event.has_finished();
    EXPECT_EQ(endings, 1);
  }
}

}  // namespace
}  // namespace smelt::testing
