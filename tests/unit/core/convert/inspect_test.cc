#include "core/convert/inspect.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "core/base/digest.h"
#include "smelt/v1/model_description.pb.h"
#include "tests/unit/core/convert/convert_model.h"

namespace smelt {
namespace {

using ir::DType;
using testing::OnnxModel;
using testing::RandomTensor;

OnnxModel Net() {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 3, 8, 8})
      .Init("w", RandomTensor(DType::kF32, {4, 3, 3, 3}, 1))
      .Node("Conv", {"x", "w"}, {"c"})
      .Node("Relu", {"c"}, {"y"})
      .Output("y");
  return model;
}

struct Inspected {
  Status status;
  v1::Report report;
  v1::ModelDescription description;
};

Inspected InspectBytes(const SharedBytes& bytes, const std::string& name) {
  Inspected made;
  MemorySink sink;
  InspectRequest request;
  request.model = bytes;
  request.file_name = name;
  made.status = Inspect(request, sink, CancelToken(), &made.report);
  const std::string json(reinterpret_cast<const char*>(sink.artifact.data()), sink.artifact.size());
  if (made.report.state() != "succeeded") {
    EXPECT_EQ(json, "");
    return made;
  }
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &made.description).ok()) << json;
  EXPECT_EQ(made.report.artifacts_size(), 1);
  EXPECT_EQ(made.report.artifacts(0).kind(), "model_description");
  EXPECT_EQ(made.report.artifacts(0).digest().sha256(), Digest::Of(sink.artifact).Hex());
  EXPECT_EQ(made.report.artifacts(0).digest().size_bytes(), sink.artifact.size());
  EXPECT_EQ(made.description.sha256(), Digest::Of(bytes.span()).Hex());
  EXPECT_EQ(made.description.file_bytes(), bytes.size());
  EXPECT_EQ(made.description.file_name(), name);
  return made;
}

TEST(Inspect, DescribesAnOnnxModel) {
  const Inspected made = InspectBytes(SharedBytes::Own(Net().Bytes()), "net.onnx");
  ASSERT_TRUE(made.status.ok()) << made.status.ToString();
  EXPECT_EQ(made.report.artifacts(0).name(), "net_description.json");
  EXPECT_EQ(made.report.model().format(), "onnx");
  EXPECT_EQ(made.description.format(), "onnx");
  ASSERT_EQ(made.description.operators_size(), 2);
  EXPECT_EQ(made.description.operators(0).name(), "Conv");
  EXPECT_EQ(made.description.onnx().inputs(0).type(), "f32[1,3,8,8]");
  ASSERT_EQ(made.description.types_size(), 1);
  EXPECT_EQ(made.description.types(0).bytes(), 4U * 27 * 4);
}

TEST(Inspect, DescribesTheArtifactOfAConversion) {
  const Converted converted = ConvertModel(Net());
  ASSERT_EQ(converted.report.state(), "succeeded");
  const Inspected made =
      InspectBytes(SharedBytes::Own(converted.sink.artifact), "folder/net.tflite");
  ASSERT_TRUE(made.status.ok()) << made.status.ToString();
  EXPECT_EQ(made.report.artifacts(0).name(), "net_description.json");
  EXPECT_EQ(made.description.format(), "tflite");
  EXPECT_EQ(made.description.problem_count(), 0U)
      << (made.description.problems_size() ? made.description.problems(0) : "");
  const v1::TfliteDescription& tflite = made.description.tflite();
  EXPECT_EQ(tflite.not_read_because(), "");
  // The writer states what its operators need, with a third number.
  EXPECT_TRUE(tflite.stated_min_runtime() == tflite.needed_runtime() ||
              tflite.stated_min_runtime() == tflite.needed_runtime() + ".0")
      << tflite.stated_min_runtime() << " and " << tflite.needed_runtime();
  EXPECT_NE(tflite.needed_runtime(), "");
  EXPECT_EQ(tflite.unknown_operators_size(), 0);
  ASSERT_EQ(tflite.signatures_size(), 1);
  EXPECT_EQ(tflite.signatures(0).inputs(0).name(), "x");
  bool has_conv = false;
  for (const auto& node : tflite.subgraphs(0).operators()) {
    has_conv = has_conv || node.name() == "CONV_2D";
  }
  EXPECT_TRUE(has_conv);
}

TEST(Inspect, RefusesWhatIsNoModelWithTheReason) {
  const auto reason = [](std::vector<std::byte> bytes) {
    const Inspected made = InspectBytes(SharedBytes::Own(std::move(bytes)), "m");
    EXPECT_TRUE(made.status.ok());
    EXPECT_EQ(made.report.state(), "failed");
    EXPECT_EQ(made.report.artifacts_size(), 0);
    EXPECT_EQ(made.report.diagnostics_size(), 1);
    return made.report.reason_code();
  };
  EXPECT_EQ(reason({}), "not_a_model");
  EXPECT_EQ(reason(std::vector<std::byte>(64, std::byte{'x'})), "not_a_model");
  const Converted converted = ConvertModel(Net());
  std::vector<std::byte> cut = converted.sink.artifact;
  cut.resize(64);
  EXPECT_EQ(reason(cut), "model_malformed");
  std::vector<std::byte> half = Net().Bytes();
  half.resize(half.size() / 2);
  EXPECT_EQ(reason(half), "model_truncated");
}

TEST(Inspect, StopsWhenCancelled) {
  CancelToken cancel;
  cancel.Cancel();
  MemorySink sink;
  v1::Report report;
  InspectRequest request;
  request.model = SharedBytes::Own(Net().Bytes());
  EXPECT_EQ(Inspect(request, sink, cancel, &report).reason(), Reason::kCancelled);
}

}  // namespace
}  // namespace smelt
