// The accuracy report of a conversion, and what fails by it.
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>

#include "smelt/v1/accuracy.pb.h"
#include "tests/unit/core/convert/convert_model.h"

namespace smelt {
namespace {

using ir::DType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::OnnxModel;

constexpr const char* kFile = "net_accuracy_report.json";

v1::AccuracyReport ReportOf(const Converted& made) {
  v1::AccuracyReport report;
  const auto file = made.sink.extras.find(kFile);
  if (file == made.sink.extras.end()) {
    ADD_FAILURE() << "no report: " << made.report.message();
    return report;
  }
  const auto status = google::protobuf::util::JsonStringToMessage(file->second, &report);
  EXPECT_TRUE(status.ok()) << status.ToString() << file->second;
  return report;
}

ConvertRequest Asking(Precision precision = Precision::kSource) {
  ConvertRequest request;
  request.extra_reports = {ExtraReport::kAccuracy};
  request.precision = precision;
  request.fewest_weight_elements = precision == Precision::kDynamicRange ? 1 : 0;
  return request;
}

OnnxModel SmallNet() {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 3, 8, 8});
  model.Init("w", testing::RandomTensor(DType::kF32, {4, 3, 3, 3}, 1));
  model.Node("Conv", {"x", "w"}, {"c"});
  model.Node("Relu", {"c"}, {"r"});
  model.Node("Exp", {"r"}, {"e"});
  model.Node("GlobalAveragePool", {"e"}, {"y"});
  model.Output("y", DType::kF32, {1, 4, 1, 1});
  return model;
}

// y = relu(x * w) * v.
OnnxModel TwoLayers() {
  OnnxModel model;
  model.Input("x", DType::kF32, {"N", 32});
  model.Init("w", testing::RandomTensor(DType::kF32, {32, 64}, 1));
  model.Init("v", testing::RandomTensor(DType::kF32, {64, 8}, 2));
  model.Node("MatMul", {"x", "w"}, {"p"});
  model.Node("Relu", {"p"}, {"h"});
  model.Node("MatMul", {"h", "v"}, {"y"});
  model.Output("y", DType::kF32, {"N", 8});
  return model;
}

// A column of 1,000 that no weight takes: the rest of its row is lost in its steps.
OnnxModel Outlier() {
  OnnxModel model;
  std::vector<double> weights(32 * 8);
  for (std::size_t i = 0; i + 8 < weights.size(); ++i) weights[i] = i % 7 < 3 ? 0.5 : -0.25;
  model.Input("x", DType::kF32, {2, 31});
  model.Init("large", testing::F32({2, 1}, {1000, 1000}));
  model.Init("w", testing::F32({32, 8}, weights));
  model.Node("Concat", {"x", "large"}, {"h"}, {{"axis", 1}});
  model.Node("MatMul", {"h", "w"}, {"y"});
  model.Output("y", DType::kF32, {2, 8});
  return model;
}

TEST(AccuracyReport, OfAFloat32FilePassesInEveryLayer) {
  const Converted made = ConvertModel(SmallNet(), Asking());
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_THAT(made.sink.kinds, ElementsAre("accuracy"));
  const v1::AccuracyReport report = ReportOf(made);
  EXPECT_TRUE(report.evaluation_pass());
  EXPECT_EQ(report.tflite_path(), "net.tflite");
  EXPECT_EQ(report.precision(), "float32");
  EXPECT_THAT(report.onnx_input_names(), ElementsAre("x"));
  EXPECT_THAT(report.compared_output_names(), ElementsAre("y"));
  EXPECT_THAT(report.skipped_output_names(), IsEmpty());
  EXPECT_TRUE(report.allclose_summary().pass());
  // r and e are stored channels last; c is not in the file.
  std::vector<std::string> layers;
  for (const auto& layer : report.layers()) {
    layers.push_back(layer.name() + " " + layer.type() + " " + layer.node().op_type());
    EXPECT_TRUE(layer.within_limits()) << layer.DebugString();
  }
  EXPECT_THAT(layers, ElementsAre("r f32[1,4,6,6] Relu", "e f32[1,4,6,6] Exp",
                                  "y f32[1,4,1,1] GlobalAveragePool"));
  EXPECT_EQ(report.layers(0).tflite_operator(), "CONV_2D");
  EXPECT_EQ(report.layer_summary().missing(), 1u);
  EXPECT_EQ(report.layer_summary().first_outside(), "");
  const v1::AccuracySummary& summary = made.report.accuracy();
  EXPECT_TRUE(summary.pass());
  EXPECT_EQ(summary.inputs(), "seeded");
  EXPECT_THAT(summary.note(), HasSubstr("not calibrated on data"));
  EXPECT_EQ(summary.samples(), 3u);
  EXPECT_EQ(summary.layers_compared(), 3u);
  EXPECT_EQ(made.report.timings(made.report.timings_size() - 1).stage(), "accuracy");
}

TEST(AccuracyReport, OfAnInputFedChannelsLastComparesToo) {
  ConvertRequest request = Asking();
  request.channels_last_inputs = {"x"};
  request.channels_last_outputs = {"y"};
  const v1::AccuracyReport report = ReportOf(ConvertModel(SmallNet(), request));
  EXPECT_TRUE(report.evaluation_pass());
  EXPECT_EQ(report.per_output_metrics(0).type(), "f32[1,1,1,4]");
  EXPECT_EQ(report.layer_summary().outside_limits(), 0u);
  EXPECT_EQ(report.layer_summary().compared(), 3u);
}

TEST(AccuracyReport, OfInt8WeightsTellsTheirError) {
  const Converted made = ConvertModel(TwoLayers(), Asking(Precision::kDynamicRange));
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  const v1::AccuracyReport report = ReportOf(made);
  EXPECT_EQ(report.precision(), "dynamic_range");
  const auto& metrics = report.per_output_metrics(0).metrics();
  EXPECT_GT(metrics.max_abs(), 0);
  EXPECT_GT(metrics.sqnr_db(), 25);
  EXPECT_LT(metrics.sqnr_db(), 60);
  EXPECT_GT(metrics.cosine_similarity(), 0.999);
  EXPECT_LT(metrics.cosine_similarity(), 1);
  EXPECT_LE(report.per_output_metrics(0).average().rmse(), metrics.rmse());
  EXPECT_TRUE(report.evaluation_pass());
  EXPECT_EQ(report.metric_thresholds().cosine_similarity(), 0.999);
  EXPECT_EQ(report.per_output_metrics(0).type(), "f32[2,8]");
  ASSERT_EQ(report.layers_size(), 2);  // the activation is fused
  EXPECT_EQ(report.layers(0).name(), "h");
  EXPECT_GT(report.layers(0).metrics().max_abs(), 0);
  EXPECT_EQ(made.report.accuracy().worst_output(), "y");
  EXPECT_EQ(made.report.accuracy().worst_sqnr_db(), metrics.sqnr_db());
}

TEST(AccuracyReport, WritesNumbersThatAreAbsentNotAsZero) {
  const Converted made = ConvertModel(SmallNet(), Asking());
  const std::string& json = made.sink.extras.at(kFile);
  EXPECT_THAT(json, HasSubstr("\"inputs\": \"seeded\""));
  EXPECT_THAT(json, HasSubstr("\"trivial\": \"\""));
  EXPECT_THAT(json, HasSubstr("\"seed\": 1,"));  // not as text
  EXPECT_THAT(json, HasSubstr("\"elements\": 4,"));
  EXPECT_THAT(json, HasSubstr("\"evaluation_pass\": true"));
  OnnxModel copies;
  copies.Input("x", DType::kF32, {2, 2});
  copies.Node("Relu", {"x"}, {"y"});
  copies.Output("y", DType::kF32, {2, 2});
  EXPECT_THAT(ConvertModel(copies, Asking()).sink.extras.at(kFile), Not(HasSubstr("sqnr_db")));
}

TEST(AccuracyReport, OfSeveralSignaturesNamesEach) {
  ConvertRequest request = Asking();
  request.signatures.resize(2);
  request.signatures[0].key = "one";
  request.signatures[0].dims = {{"N", 1}};
  request.signatures[1].key = "many";
  request.signatures[1].dims = {{"N", 5}};
  const v1::AccuracyReport report = ReportOf(ConvertModel(TwoLayers(), request));
  ASSERT_EQ(report.per_output_metrics_size(), 2);
  EXPECT_EQ(report.per_output_metrics(0).signature(), "one");
  EXPECT_EQ(report.per_output_metrics(1).type(), "f32[5,8]");
  EXPECT_TRUE(report.evaluation_pass());
  EXPECT_EQ(report.layers_size(), 4);
}

TEST(AccuracyReport, ReportsWithoutFailing) {
  ConvertRequest request = Asking(Precision::kDynamicRange);
  request.verify = Verify::kStructure;
  const Converted made = ConvertModel(Outlier(), request);
  EXPECT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_FALSE(ReportOf(made).evaluation_pass());
  EXPECT_EQ(made.report.accuracy().first_layer_outside(), "y");
}

TEST(AccuracyReport, DecidesWhereItIsAskedTo) {
  ConvertRequest request = Asking(Precision::kDynamicRange);
  request.verify = Verify::kStructure;
  request.fail_on_accuracy = true;
  const Converted made = ConvertModel(Outlier(), request);
  EXPECT_TRUE(made.status.ok());
  EXPECT_EQ(made.report.state(), "failed");
  EXPECT_EQ(made.report.reason_code(), "accuracy_below_threshold");
  EXPECT_THAT(made.report.message(), HasSubstr("output \"y\""));
  EXPECT_EQ(ReportOf(made).layer_summary().first_outside_node().op_type(), "MatMul");
  // The same model in float32 is all right, and the report need not be asked for.
  request = ConvertRequest();
  request.fail_on_accuracy = true;
  const Converted right = ConvertModel(Outlier(), request);
  EXPECT_EQ(right.report.state(), "succeeded") << right.report.message();
  EXPECT_THAT(right.sink.kinds, IsEmpty());
  EXPECT_TRUE(right.report.accuracy().pass());
}

// What verification refuses is told, too.
TEST(AccuracyReport, IsWrittenOfAFileThatVerificationRefuses) {
  const Converted made = ConvertModel(Outlier(), Asking(Precision::kDynamicRange));
  EXPECT_EQ(made.report.reason_code(), "verification_mismatch") << made.report.message();
  EXPECT_FALSE(ReportOf(made).evaluation_pass());
  EXPECT_EQ(made.report.accuracy().first_layer_outside(), "y");
}

TEST(AccuracyReport, OfCustomOperatorsSaysWhyThereIsNone) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2, 3});
  model.Node("Swirl", {"x"}, {"y"}, {}, "my.ops");
  model.Output("y", DType::kF32, {2, 3});
  ConvertRequest request = Asking();
  request.custom_operators.all = true;
  const Converted made = ConvertModel(model, request);
  EXPECT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_THAT(ReportOf(made).not_run_because(), HasSubstr("CUSTOM operator"));
  EXPECT_FALSE(made.report.accuracy().pass());
  request.fail_on_accuracy = true;
  EXPECT_EQ(ConvertModel(model, request).report.reason_code(), "accuracy_below_threshold");
}

TEST(AccuracyReport, IsNotMadeUnlessAskedFor) {
  const Converted made = ConvertModel(SmallNet());
  EXPECT_THAT(made.sink.kinds, IsEmpty());
  EXPECT_FALSE(made.report.has_accuracy());
}

}  // namespace
}  // namespace smelt
