#include "core/import/onnx/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using onnx_import::Describe;
using onnx_import::ModelDescription;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ModelDescription MustDescribe(const OnnxModel& model) {
  const std::vector<std::byte> bytes = model.Bytes();
  auto description = Describe(bytes, onnx_import::ImportLimits());
  EXPECT_TRUE(description.ok()) << description.status().ToString();
  if (!description.ok()) return {};
  EXPECT_EQ(description->file_bytes, bytes.size());
  return std::move(description).value();
}

void SetExternal(onnx::TensorProto& tensor, const std::string& location,
                 const std::string& length) {
  tensor.clear_raw_data();
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  auto* place = tensor.add_external_data();
  place->set_key("location");
  place->set_value(location);
  if (length.empty()) return;
  auto* size = tensor.add_external_data();
  size->set_key("length");
  size->set_value(length);
}

OnnxModel Model() {
  OnnxModel model;
  model.Input("x", DType::kF32, {"N", 3, ""})
      .Input("w", DType::kF32, {2, 3})
      .Init("w", RandomTensor(DType::kF32, {2, 3}, 1))
      .Init("far", RandomTensor(DType::kF32, {4}, 2))
      .Init("axes", I64({2}, {0, 1}))
      .Node("Relu", {"x"}, {"a"})
      .Node("Relu", {"a"}, {"b"})
      .Node("Constant", {}, {"c"}, {{"value", I64({3}, {1, 2, 3})}})
      .Node("Mystery", {"b"}, {"y"}, {}, "acme")
      .Output("y", DType::kF16, {"N"});
  model.proto().set_producer_name("pytorch");
  model.proto().set_producer_version("2.9");
  auto* entry = model.proto().add_metadata_props();
  entry->set_key("author");
  entry->set_value("me");
  SetExternal(*model.graph().mutable_initializer(1), "weights.bin", "16");
  return model;
}

TEST(DescribeOnnx, SaysWhatTheModelHolds) {
  const ModelDescription description = MustDescribe(Model());
  EXPECT_GT(description.ir_version, 0);
  EXPECT_EQ(description.producer, "pytorch 2.9");
  EXPECT_EQ(description.opset_imports.at("ai.onnx"), 17);
  EXPECT_EQ(description.metadata.at("author"), "me");
  ASSERT_EQ(description.inputs.size(), 1U);  // w is an initializer
  EXPECT_EQ(description.inputs[0].name, "x");
  EXPECT_EQ(description.inputs[0].type, "f32[N,3,?]");
  ASSERT_EQ(description.outputs.size(), 1U);
  EXPECT_EQ(description.outputs[0].type, "f16[N]");
  ASSERT_EQ(description.operators.size(), 3U);
  EXPECT_EQ(description.operators[0].domain, "acme");
  EXPECT_EQ(description.operators[0].name, "Mystery");
  EXPECT_EQ(description.operators[2].domain, "ai.onnx");
  EXPECT_EQ(description.operators[2].name, "Relu");
  EXPECT_EQ(description.operators[2].count, 2U);
  ASSERT_EQ(description.types.size(), 2U);
  EXPECT_EQ(description.types[0].type, "f32");
  EXPECT_EQ(description.types[0].tensors, 2U);
  EXPECT_EQ(description.types[0].bytes, 24U + 16U);
  EXPECT_EQ(description.types[1].type, "i64");
  EXPECT_EQ(description.types[1].bytes, 16U + 24U);  // axes, and the attribute
  ASSERT_EQ(description.external_files.size(), 1U);
  EXPECT_EQ(description.external_files[0].location, "weights.bin");
  EXPECT_EQ(description.external_files[0].bytes, 16U);
  EXPECT_EQ(description.problem_count, 0U);
}

TEST(DescribeOnnx, CountsWhatSubgraphsHoldAndListsFunctions) {
  OnnxModel model;
  model.Input("c", DType::kBool, {}).Input("x", DType::kF32, {2});
  model.Node("If", {"c"}, {"y"}).Output("y", DType::kF32, {2});
  onnx::NodeProto& choice = *model.graph().mutable_node(0);
  for (const char* branch : {"then_branch", "else_branch"}) {
    onnx::AttributeProto& attribute = *choice.add_attribute();
    attribute.set_name(branch);
    attribute.set_type(onnx::AttributeProto::GRAPH);
    onnx::NodeProto& node = *attribute.mutable_g()->add_node();
    node.set_op_type("Neg");
    node.add_input("x");
    node.add_output("r");
    attribute.mutable_g()->add_output()->set_name("r");
  }
  onnx::FunctionProto& function = *model.proto().add_functions();
  function.set_domain("acme");
  function.set_name("F");
  function.add_node()->set_op_type("Abs");
  const ModelDescription description = MustDescribe(model);
  ASSERT_EQ(description.operators.size(), 2U);
  EXPECT_EQ(description.operators[0].name, "If");
  EXPECT_EQ(description.operators[1].name, "Neg");
  EXPECT_EQ(description.operators[1].count, 2U);
  ASSERT_EQ(description.functions.size(), 1U);
  EXPECT_EQ(description.functions[0].domain, "acme");
  EXPECT_EQ(description.functions[0].nodes, 1U);
}

TEST(DescribeOnnx, ListsTensorsThatCannotBe) {
  OnnxModel model = Model();
  model.graph().mutable_initializer(0)->set_dims(0, -4);
  model.graph().mutable_initializer(2)->set_data_type(77);
  const ModelDescription description = MustDescribe(model);
  EXPECT_EQ(description.problem_count, 1U);
  EXPECT_THAT(description.problems, ElementsAre(HasSubstr("-4")));
  EXPECT_EQ(description.types.back().type, "type 77");
}

TEST(DescribeOnnx, RefusesOtherBytes) {
  const onnx_import::ImportLimits limits;
  EXPECT_EQ(Describe({}, limits).status().reason(), Reason::kNotAModel);
  const std::vector<std::byte> bytes = Model().Bytes();
  EXPECT_FALSE(onnx_import::LooksLikeOnnx(std::span(bytes).first(0)));
  EXPECT_TRUE(onnx_import::LooksLikeOnnx(bytes));
  int refused = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    refused += Describe(std::span(bytes).first(size), limits).ok() ? 0 : 1;
  }
  EXPECT_GT(refused, static_cast<int>(bytes.size() / 2));
}

}  // namespace
}  // namespace smelt::testing
