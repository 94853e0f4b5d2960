// A model cut at named tensors, and the nodes that are taken out of one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "core/import/onnx/importer.h"
#include "core/import/onnx/near_names.h"
#include "core/interp/evaluate.h"
#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// x -> Neg -> a -> Abs -> b; (b, s) -> Add -> c -> Sqrt -> d; TopK(b) -> (t, i).
OnnxModel Model() {
  OnnxModel model;
  model.Input("x", DType::kF32, {2, "N"}).Input("s", DType::kF32, {1});
  model.Init("k", I64({1}, {1}));
  model.Node("Neg", {"x"}, {"a"});
  model.Node("Abs", {"a"}, {"b"});
  model.Node("Add", {"b", "s"}, {"c"});
  model.Node("Sqrt", {"c"}, {"d"});
  model.Node("TopK", {"b", "k"}, {"t", "i"});
  model.Output("d", DType::kF32, {2, "N"});
  model.Output("t", DType::kF32, {2, 1});
  return model;
}

Result<onnx_import::Imported> Cut(std::vector<std::string> from, std::vector<std::string> to,
                                  const OnnxModel& model = Model()) {
  onnx_import::ImportRequest request;
  request.model = SharedBytes::Own(model.Bytes());
  onnx_import::EntryPoint& entry = request.entries.front();
  entry.from = std::move(from);
  entry.to = std::move(to);
  entry.dims = {{"N", 3}};
  return onnx_import::Import(request, CancelToken());
}

std::vector<std::string> Operators(const onnx_import::Imported& imported) {
  std::vector<std::string> names;
  for (const ir::SourceNode& node : imported.module.origins().sources()) {
    names.push_back(node.op_type + " " + std::to_string(node.index));
  }
  return names;
}

TEST(Crop, KeepsWhatLiesBetween) {
  const auto cut = Cut({"b"}, {"c"});
  ASSERT_TRUE(cut.ok()) << cut.status().ToString();
  EXPECT_THAT(cut->diagnostics, IsEmpty());
  EXPECT_THAT(Operators(*cut), ElementsAre("Add 2"));
  const ir::Signature& signature = cut->module.signatures.front();
  EXPECT_THAT(signature.input_names, ElementsAre("b", "s"));
  EXPECT_THAT(signature.output_names, ElementsAre("c"));
  const ir::Graph& graph = cut->module.main();
  // No declaration of "b" exists: its type is that which the whole model gives it.
  EXPECT_EQ(cut->module.symbols().Text(graph.type(graph.inputs()[0])), "f32[2,3]");
}

TEST(Crop, EitherEndMayBeTheModelsOwn) {
  const auto tail = Cut({"c"}, {"d"});
  ASSERT_TRUE(tail.ok()) << tail.status().ToString();
  EXPECT_THAT(tail->module.signatures.front().input_names, ElementsAre("c"));
  const auto head = Cut({}, {"a"});
  ASSERT_TRUE(head.ok());
  EXPECT_THAT(Operators(*head), ElementsAre("Neg 0"));
  EXPECT_THAT(head->module.signatures.front().input_names, ElementsAre("x"));
}

TEST(Crop, BeginsAtAnOutputThatDeclaresNoShape) {
  OnnxModel model = Model();
  model.Output("c");
  const auto cut = Cut({"c"}, {"d"}, model);
  ASSERT_TRUE(cut.ok()) << cut.status().ToString();
  EXPECT_THAT(cut->diagnostics, IsEmpty());
  EXPECT_THAT(Operators(*cut), ElementsAre("Sqrt 3"));
}

TEST(Crop, AResultThatIsGivenIsNotComputed) {
  OnnxModel model = Model();
  model.Node("Cast", {"i"}, {"j"}, {{"to", 1}});
  model.Output("j", DType::kF32, {2, 1});
  const auto cut = Cut({"t"}, {"t", "j"}, model);
  ASSERT_TRUE(cut.ok()) << cut.status().ToString();
  EXPECT_THAT(cut->module.signatures.front().input_names, ElementsAre("t", "x"));
  EXPECT_THAT(cut->module.signatures.front().output_names, ElementsAre("t", "j"));
}

TEST(Crop, NamesMustFit) {
  const auto reason = [](const auto& cut) { return cut.status().reason(); };
  const auto unknown = Cut({"bb"}, {});
  EXPECT_EQ(reason(unknown), Reason::kUnknownTensorName);
  EXPECT_THAT(std::string(unknown.status().message()), HasSubstr("near names are \"b\""));
  EXPECT_EQ(reason(Cut({"b", "b"}, {})), Reason::kInvalidArgument);
  EXPECT_EQ(reason(Cut({"k"}, {})), Reason::kInvalidArgument);
  EXPECT_EQ(reason(Cut({"d"}, {"c"})), Reason::kInvalidArgument);
}

TEST(NearNames, AreRankedByEdits) {
  const std::vector<std::string> names = {"conv1", "pool", "conv2", "conv10", "fc"};
  EXPECT_THAT(onnx_import::NearNames("conv3", names), ElementsAre("conv1", "conv2", "conv10"));
  EXPECT_THAT(onnx_import::NearNames("quite another", names), IsEmpty());
}

TEST(Extract, HoldsTheNodesAloneWithSeededWeights) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 2, 8, 8});
  model.Init("w", RandomTensor(DType::kF32, {4, 2, 3, 3}, 1));
  model.Init("shape", I64({2}, {4, -1}));
  model.Node("Conv", {"x", "w"}, {"c"}, {{"group", 3}});
  model.Node("Relu", {"c"}, {"r"});
  model.Node("Reshape", {"r", "shape"}, {"y"}, {{"allowzero", 2}});
  model.Output("y", DType::kF32, {4, 36});
  onnx_import::ImportRequest request;
  request.model = SharedBytes::Own(model.Bytes());
  ir::SourceNode node;
  node.op_type = "Conv";
  node.name = model.graph().node(0).name();
  request.extract = {node};
  const auto imported = onnx_import::Import(request, CancelToken());
  ASSERT_TRUE(imported.ok());
  ASSERT_FALSE(imported->diagnostics.empty());
  onnx::ModelProto extract;
  ASSERT_TRUE(extract.ParseFromString(imported->extract));
  ASSERT_THAT(extract.graph().node(), SizeIs(1));
  ASSERT_THAT(extract.graph().initializer(), SizeIs(1));
  EXPECT_EQ(extract.graph().initializer(0).raw_data().size(), 4u * 2 * 3 * 3 * sizeof(float));
  EXPECT_NE(extract.graph().initializer(0).raw_data(), model.graph().initializer(0).raw_data());
  EXPECT_EQ(extract.graph().input(0).name(), "x");
  EXPECT_EQ(extract.graph().output(0).name(), "c");
  // It is refused for the same reason.
  onnx_import::ImportRequest again;
  const auto bytes = std::as_bytes(std::span(imported->extract));
  again.model = SharedBytes::Own(std::vector<std::byte>(bytes.begin(), bytes.end()));
  const auto second = onnx_import::Import(again, CancelToken());
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  ASSERT_FALSE(second->diagnostics.empty());
  EXPECT_EQ(second->diagnostics[0].reason, imported->diagnostics[0].reason);
  EXPECT_EQ(second->diagnostics[0].found, imported->diagnostics[0].found);
}

TEST(Extract, KeepsSmallConstants) {
  OnnxModel model;
  model.Input("x", DType::kF32, {4, 3});
  model.Init("shape", I64({2}, {5, 2}));
  model.Node("Reshape", {"x", "shape"}, {"y"});
  model.Output("y", DType::kF32, {5, 2});
  onnx_import::ImportRequest request;
  request.model = SharedBytes::Own(model.Bytes());
  ir::SourceNode node;
  node.op_type = "Reshape";
  node.name = model.graph().node(0).name();
  request.extract = {node};
  const auto imported = onnx_import::Import(request, CancelToken());
  ASSERT_TRUE(imported.ok());
  onnx::ModelProto extract;
  ASSERT_TRUE(extract.ParseFromString(imported->extract));
  ASSERT_THAT(extract.graph().initializer(), SizeIs(1));
  EXPECT_EQ(extract.graph().initializer(0).raw_data(), model.graph().initializer(0).raw_data());
}

TEST(Extract, ResultsHaveTheTypesThatTheWalkKnows) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2, "N"});
  model.Node("Neg", {"x"}, {"a"});
  model.Node("Abs", {"a"}, {"y"});
  model.Output("y", DType::kF32, {2, "N"});
  onnx_import::ImportRequest request;
  request.model = SharedBytes::Own(model.Bytes());
  ir::SourceNode node;
  node.op_type = "Neg";
  node.name = model.graph().node(0).name();
  request.extract = {node};
  const auto imported = onnx_import::Import(request, CancelToken());
  ASSERT_TRUE(imported.ok());
  onnx::ModelProto extract;
  ASSERT_TRUE(extract.ParseFromString(imported->extract));
  ASSERT_THAT(extract.graph().output(), SizeIs(1));
  EXPECT_EQ(extract.graph().output(0).name(), "a");
  const auto& type = extract.graph().output(0).type().tensor_type();
  EXPECT_EQ(type.elem_type(), 1);
  EXPECT_EQ(type.shape().dim(0).dim_value(), 2);
  EXPECT_EQ(type.shape().dim(1).dim_param(), "N");
}

TEST(Tensors, AreListedWithTheValuesThatHoldThem) {
  onnx_import::ImportRequest request;
  request.model = SharedBytes::Own(Model().Bytes());
  request.list_tensors = true;
  const auto imported = onnx_import::Import(request, CancelToken());
  ASSERT_TRUE(imported.ok());
  ASSERT_THAT(imported->tensors, SizeIs(8));
  EXPECT_EQ(imported->tensors[0].name, "x");
  EXPECT_EQ(imported->tensors[2].name, "a");
  EXPECT_EQ(imported->tensors[2].op_type, "Neg");
  EXPECT_EQ(imported->tensors[2].value_name, "a");
}

}  // namespace
}  // namespace smelt::testing
