// The files beside an artifact, and in its place when a model is refused.
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <onnx/onnx_pb.h>

#include "core/import/tflite/reader.h"
#include "core/ir/text.h"
#include "smelt/v1/op_coverage.pb.h"
#include "smelt/v1/tensor_correspondence.pb.h"
#include "tests/unit/core/convert/convert_model.h"

namespace smelt {
namespace {

using ir::DType;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::OnnxModel;
using ::testing::SizeIs;

template <class Message>
Message Parse(const std::string& json) {
  Message message;
  google::protobuf::util::JsonParseOptions options;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message, options);
  EXPECT_TRUE(status.ok()) << status.ToString() << json;
  return message;
}

OnnxModel SmallNet() {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 3, 8, 8});
  model.Init("w", testing::RandomTensor(DType::kF32, {4, 3, 3, 3}, 1));
  model.Init("half", testing::F32({}, {0.5}));
  model.Node("Conv", {"x", "w"}, {"c"});
  model.Node("Relu", {"c"}, {"r"});
  model.Node("Exp", {"r"}, {"e"});
  model.Node("Identity", {"half"}, {"h"});
  model.Node("Mul", {"e", "h"}, {"m"});
  model.Node("GlobalAveragePool", {"m"}, {"y"});
  model.Output("y", DType::kF32, {1, 4, 1, 1});
  return model;
}

std::vector<std::string> Modes(const v1::OpCoverageReport& coverage) {
  std::vector<std::string> modes;
  for (const auto& node : coverage.graph_node_reports()) {
    modes.push_back(node.onnx_op() + " " + node.dispatch_mode());
  }
  return modes;
}

TEST(OpCoverage, TellsHowEachNodeIsCarried) {
  ConvertRequest request;
  request.extra_reports = {ExtraReport::kOpCoverage};
  const Converted made = ConvertModel(SmallNet(), request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  ASSERT_THAT(made.sink.kinds, ElementsAre("op_coverage"));
  const auto coverage =
      Parse<v1::OpCoverageReport>(made.sink.extras.at("net_op_coverage_report.json"));
  EXPECT_THAT(Modes(coverage),
              ElementsAre("Conv builtin", "Relu fused", "Exp builtin", "Identity folded",
                          "Mul builtin", "GlobalAveragePool decomposed"));
  EXPECT_THAT(coverage.graph_node_reports(1).target_operators(), ElementsAre("CONV_2D"));
  EXPECT_EQ(coverage.graph_summary().total_nodes(), 6u);
  EXPECT_EQ(coverage.graph_summary().supported_nodes(), 6u);
  EXPECT_EQ(coverage.graph_summary().coverage_ratio(), 1.0);
  EXPECT_EQ(coverage.conversion_error(), "");
  EXPECT_FALSE(coverage.custom_op_policy().allow_custom_ops());
  const auto& rules = coverage.preprocess_report().applied_rules();
  EXPECT_TRUE(std::ranges::any_of(rules, [](const auto& rule) {
    return rule.rule_id().starts_with("fuse_activation") && rule.changed();
  }));
  EXPECT_THAT(coverage.supported_onnx_ops_registry(), AllOf(Contains("Conv"), Contains("If")));
  EXPECT_THAT(coverage.custom_op_candidate_ops(), Not(Contains("SequenceConstruct")));
  EXPECT_EQ(made.report.coverage().fused(), 1u);
}

TEST(OpCoverage, IsWrittenOfARefusedModelToo) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2, 3});
  model.Node("Neg", {"x"}, {"n"});
  model.Node("Swirl", {"n"}, {"s"}, {}, "my.ops");
  model.Node("Celu", {"n"}, {"y"}, {{"alpha", -1.0}});
  model.Output("s", DType::kF32, {2, 3}).Output("y", DType::kF32, {2, 3});
  ConvertRequest request;
  request.extra_reports = {ExtraReport::kOpCoverage, ExtraReport::kTensorCorrespondence};
  request.custom_operators.names = {"Relu", "Twirl"};
  const Converted made = ConvertModel(model, request);
  EXPECT_EQ(made.report.state(), "failed");
  ASSERT_THAT(made.sink.kinds, ElementsAre("op_coverage"));
  const auto coverage =
      Parse<v1::OpCoverageReport>(made.sink.extras.at("net_op_coverage_report.json"));
  EXPECT_THAT(coverage.graph_unsupported_ops(), ElementsAre("Celu", "my.ops.Swirl"));
  EXPECT_EQ(coverage.unsupported_reason_counts().at("custom_op_not_in_allowlist"), 1u);
  EXPECT_EQ(coverage.unsupported_reason_counts().at("unsupported_attribute_value"), 1u);
  ASSERT_THAT(coverage.unsupported_nodes(), SizeIs(2));
  EXPECT_EQ(coverage.unsupported_nodes(0).reason_code(), "custom_op_not_in_allowlist");
  EXPECT_THAT(coverage.unsupported_nodes(0).message(), HasSubstr("Swirl"));
  EXPECT_EQ(coverage.graph_summary().unsupported_nodes(), 2u);
  EXPECT_THAT(coverage.conversion_error(), HasSubstr("Swirl"));
  const auto& policy = coverage.custom_op_policy();
  EXPECT_TRUE(policy.allow_custom_ops());
  EXPECT_THAT(policy.allowlist_builtin_supported_ops(), ElementsAre("Relu"));
  EXPECT_THAT(policy.allowlist_unknown_ops(), ElementsAre("Twirl"));
}

TEST(TensorCorrespondence, FindsEachTensorInTheFile) {
  ConvertRequest request;
  request.extra_reports = {ExtraReport::kTensorCorrespondence};
  const Converted made = ConvertModel(SmallNet(), request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  const auto report = Parse<v1::TensorCorrespondenceReport>(
      made.sink.extras.at("net_tensor_correspondence_report.json"));
  std::map<std::string, const v1::TensorCorrespondenceReport::Tensor*> by_name;
  for (const auto& record : report.records()) by_name[record.onnx_tensor_name()] = &record;
  ASSERT_EQ(by_name.size(), 7u);
  EXPECT_EQ(by_name.at("x")->status(), "direct");
  EXPECT_TRUE(by_name.at("x")->is_graph_input());
  EXPECT_EQ(by_name.at("c")->status(), "missing");  // the activation is fused
  EXPECT_EQ(by_name.at("c")->tflite_tensor_index(), -1);
  EXPECT_EQ(by_name.at("r")->status(), "permuted");
  EXPECT_THAT(by_name.at("r")->permutation(), ElementsAre(0, 2, 3, 1));
  EXPECT_THAT(by_name.at("r")->tflite_shape(), ElementsAre(1, 6, 6, 4));
  EXPECT_EQ(by_name.at("e")->onnx_op_type(), "Exp");
  EXPECT_TRUE(by_name.at("y")->is_graph_output());
  EXPECT_EQ(by_name.at("y")->tflite_type(), "f32");
  EXPECT_EQ(report.summary().total_onnx_tensors(), 7u);
  EXPECT_EQ(report.summary().permuted(), 3u);
  // The indices are those of the file.
  const auto written = tflite_import::Read(SharedBytes::Own(made.sink.artifact));
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(written->main().value(written->main().outputs()[0]).name,
            by_name.at("y")->tflite_tensor_name());
}

TEST(TensorCorrespondence, SaysWhichOrderAnInputIsFedIn) {
  ConvertRequest request;
  request.extra_reports = {ExtraReport::kTensorCorrespondence};
  request.channels_last_inputs = {"x"};
  const Converted made = ConvertModel(SmallNet(), request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  const auto report = Parse<v1::TensorCorrespondenceReport>(
      made.sink.extras.at("net_tensor_correspondence_report.json"));
  EXPECT_EQ(report.records(0).onnx_tensor_name(), "x");
  EXPECT_EQ(report.records(0).status(), "permuted");
  EXPECT_THAT(report.records(0).permutation(), ElementsAre(0, 2, 3, 1));
  EXPECT_THAT(report.records(0).tflite_shape(), ElementsAre(1, 8, 8, 3));
}

TEST(Reproducer, OfARefusalIsRefusedAlike) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2, 3});
  model.Node("Neg", {"x"}, {"n"});
  model.Node("Celu", {"n"}, {"y"}, {{"alpha", -1.0}});
  model.Output("y", DType::kF32, {2, 3});
  ConvertRequest request;
  request.extra_reports = {ExtraReport::kReproducer};
  const Converted made = ConvertModel(model, request);
  ASSERT_THAT(made.sink.kinds, ElementsAre("reproducer"));
  ConvertRequest again;
  const std::string& bytes = made.sink.extras.at("net_reproducer.onnx");
  const auto raw = std::as_bytes(std::span(bytes));
  again.model = SharedBytes::Own(std::vector<std::byte>(raw.begin(), raw.end()));
  MemorySink sink;
  v1::Report report;
  ASSERT_TRUE(Convert(again, sink, CancelToken(), &report).ok());
  EXPECT_EQ(report.reason_code(), made.report.reason_code());
  EXPECT_EQ(report.coverage().source_nodes(), 1u);
}

TEST(Dumps, AreTheGraphAfterAPass) {
  ConvertRequest request;
  request.dump_after = {"import", "fuse_activation_laid_out"};
  const Converted made = ConvertModel(SmallNet(), request);
  EXPECT_THAT(made.sink.kinds, ElementsAre("ir_text", "ir_text"));
  EXPECT_THAT(made.sink.extras.at("net_import.ir.txt"), HasSubstr("RELU("));
  EXPECT_THAT(made.sink.extras.at("net_fuse_activation_laid_out.ir.txt"), Not(HasSubstr("RELU(")));
  request.dump_after = {"all"};
  EXPECT_GT(ConvertModel(SmallNet(), request).sink.kinds.size(), 10u);
}

TEST(Dumps, OfAnUnknownPassAreRefused) {
  ConvertRequest request;
  request.dump_after = {"lay_out"};
  const Converted made = ConvertModel(SmallNet(), request);
  EXPECT_EQ(made.status.reason(), Reason::kInvalidArgument);
  EXPECT_THAT(std::string(made.status.hint()), HasSubstr("layout"));
}

TEST(Extras, AreNotWrittenUnlessAskedFor) {
  EXPECT_THAT(ConvertModel(SmallNet()).sink.kinds, IsEmpty());
}

}  // namespace
}  // namespace smelt
