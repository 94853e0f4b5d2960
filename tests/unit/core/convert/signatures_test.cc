// Several entry points in one artifact.
#include <gmock/gmock.h>
#include <onnx/onnx_pb.h>

#include "tests/unit/core/convert/convert_model.h"

namespace smelt {
namespace {

using ir::DType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::OnnxModel;

// y = relu(x * w) * v, for any number of rows; the weights are far larger than the rest.
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

OnnxModel ConvAndRelu() {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 2, 4, 5});
  model.Init("w", testing::RandomTensor(DType::kF32, {3, 2, 1, 1}, 1));
  model.Node("Conv", {"x", "w"}, {"c"});
  model.Node("Relu", {"c"}, {"y"});
  model.Output("y", DType::kF32, {1, 3, 4, 5});
  return model;
}

SignatureRequest Rows(const std::string& key, std::int64_t rows) {
  SignatureRequest signature;
  signature.key = key;
  signature.dims = {{"N", rows}};
  return signature;
}

std::vector<std::string> Described(const Converted& made) {
  const ir::Module module = ReadBack(made);
  std::vector<std::string> lines;
  for (const ir::Signature& signature : module.signatures) {
    const ir::Graph& graph = module.graph(signature.graph);
    const auto port = [&](const std::string& name, ir::ValueId value) {
      return " " + name + " " + module.symbols().Text(graph.type(value));
    };
    std::string line = signature.key;
    for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
      line += port(signature.input_names[i], graph.inputs()[i]);
    }
    for (std::size_t i = 0; i < graph.outputs().size(); ++i) {
      line += " ->" + port(signature.output_names[i], graph.outputs()[i]);
    }
    lines.push_back(line);
  }
  return lines;
}

TEST(Signatures, ShareTheWeightsAndAreEachVerified) {
  ConvertRequest request;
  request.signatures = {Rows("prefill", 16), Rows("decode", 1)};
  const Converted made = ConvertModel(TwoLayers(), request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_THAT(Described(made), ElementsAre("prefill x f32[16,32] -> y f32[16,8]",
                                           "decode x f32[1,32] -> y f32[1,8]"));
  const Converted alone = ConvertModel(TwoLayers());
  EXPECT_LT(made.sink.artifact.size(), alone.sink.artifact.size() * 5 / 4);

  const v1::Report& report = made.report;
  ASSERT_EQ(report.verification().outputs_size(), 2);
  EXPECT_EQ(report.verification().outputs(0).signature(), "prefill");
  EXPECT_EQ(report.verification().outputs(1).signature(), "decode");
  EXPECT_GT(report.verification().outputs(1).max_abs_reference(), 0);
  ASSERT_EQ(report.model().signatures_size(), 2);
  EXPECT_EQ(report.model().signatures(1).inputs(0).type(), "f32[1,32]");
  EXPECT_EQ(report.model().inputs(0).type(), "f32[16,32]");
  EXPECT_EQ(report.coverage().source_nodes(), 3u);
  EXPECT_EQ(report.coverage().entries_size(), 3);
}

TEST(Signatures, MayBePartsOfTheModel) {
  ConvertRequest request;
  request.dims = {{"N", 4}};
  request.extra_reports = {ExtraReport::kTensorCorrespondence};
  request.signatures.resize(2);
  request.signatures[0].key = "encode";
  request.signatures[0].to = {"h"};
  request.signatures[1] = Rows("head", 2);
  request.signatures[1].from = {"h"};
  const Converted made = ConvertModel(TwoLayers(), request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_THAT(Described(made),
              ElementsAre("encode x f32[4,32] -> h f32[4,64]", "head h f32[2,64] -> y f32[2,8]"));
  EXPECT_EQ(made.report.coverage().source_nodes(), 3u);
  const std::string& tensors = made.sink.extras.at("net_tensor_correspondence_report.json");
  EXPECT_THAT(tensors, HasSubstr("\"signature\": \"encode\""));
  EXPECT_THAT(tensors, HasSubstr("\"signature\": \"head\""));
}

TEST(Signatures, LayoutsGoToThoseThatHaveTheTensor) {
  const OnnxModel model = ConvAndRelu();
  ConvertRequest request;
  request.signatures.resize(2);
  request.signatures[0].key = "image";
  request.signatures[0].to = {"c"};
  request.signatures[1].key = "rest";
  request.signatures[1].from = {"c"};
  request.channels_last_inputs = {"x"};
  request.channels_last_outputs = {"y"};
  const Converted made = ConvertModel(model, request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_THAT(Described(made), ElementsAre("image x f32[1,4,5,2] -> c f32[1,3,4,5]",
                                           "rest c f32[1,3,4,5] -> y f32[1,4,5,3]"));
  request.channels_last_inputs = {"z"};
  EXPECT_THAT(ConvertModel(model, request).status.ToString(), HasSubstr("there is x, c"));
}

TEST(Signatures, ARefusalIsSaidOnce) {
  OnnxModel model = TwoLayers();
  model.Node("Swirl", {"y"}, {"s"}, {}, "my.ops");
  model.Output("s", DType::kF32, {"N", 8});
  ConvertRequest request;
  request.extra_reports = {ExtraReport::kReproducer};
  request.signatures = {Rows("a", 2), Rows("b", 3)};
  const Converted made = ConvertModel(model, request);
  EXPECT_EQ(made.report.state(), "failed");
  int errors = 0;
  for (const auto& one : made.report.diagnostics()) {
    errors += one.severity() == v1::SEVERITY_ERROR ? 1 : 0;
  }
  EXPECT_EQ(errors, 1);
  EXPECT_EQ(made.report.coverage().source_nodes(), 4u);
  EXPECT_EQ(made.report.coverage().rejected(), 1u);
  EXPECT_TRUE(made.sink.extras.contains("net_reproducer.onnx"));
}

// Nodes of a branch are numbered from 0 again, and there are more of them than in the graph.
TEST(Signatures, BranchesKeepTheirOwnNodes) {
  OnnxModel model;
  model.Input("c", DType::kBool, {});
  model.Input("x", DType::kF32, {"N"});
  model.Node("If", {"c"}, {"y"});
  model.Output("y", DType::kF32, {"N"});
  for (const std::string op : {"Exp", "Sin"}) {
    onnx::AttributeProto& attribute = *model.graph().mutable_node(0)->add_attribute();
    attribute.set_name(op == "Exp" ? "then_branch" : "else_branch");
    attribute.set_type(onnx::AttributeProto::GRAPH);
    std::string last = "x";
    for (int i = 0; i < 4; ++i) {
      onnx::NodeProto& node = *attribute.mutable_g()->add_node();
      node.set_op_type(op);
      node.add_input(last);
      last = op + std::to_string(i);
      node.add_output(last);
    }
    attribute.mutable_g()->add_output()->set_name(last);
  }
  const Converted alone = ConvertModel(model);
  ASSERT_EQ(alone.report.state(), "succeeded") << alone.report.message();
  EXPECT_EQ(alone.report.coverage().source_nodes(), 9u);
  EXPECT_EQ(alone.report.coverage().source_operators().at("Sin"), 4u);
  ConvertRequest request;
  request.signatures = {Rows("a", 2), Rows("b", 3)};
  const Converted made = ConvertModel(model, request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_THAT(Described(made),
              ElementsAre("a c bool[] x f32[2] -> y f32[2]", "b c bool[] x f32[3] -> y f32[3]"));
  EXPECT_EQ(made.report.coverage().source_operators().at("If"), 1u);
}

// What is fused in one and stands alone in the other is decomposed in neither.
TEST(Signatures, CoverageLooksAtEach) {
  ConvertRequest request;
  request.signatures = {Rows("whole", 4), Rows("tail", 4)};
  request.signatures[1].from = {"p"};
  const Converted made = ConvertModel(TwoLayers(), request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_EQ(made.report.coverage().converted(), 3u);
  EXPECT_EQ(made.report.coverage().entries_size(), 3);
  EXPECT_EQ(made.report.coverage().target_operators().at("FULLY_CONNECTED"), 3u);
  EXPECT_EQ(made.report.coverage().target_operators().at("RELU"), 1u);
}

TEST(Signatures, KeysDiffer) {
  ConvertRequest request;
  request.signatures = {Rows("a", 2), Rows("a", 3)};
  const Converted made = ConvertModel(TwoLayers(), request);
  EXPECT_EQ(made.status.reason(), Reason::kInvalidArgument);
}

}  // namespace
}  // namespace smelt
