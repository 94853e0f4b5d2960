// Loops that are counted while the model runs: what they become, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "core/import/onnx/importer.h"
#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ir::OpKind;
using ::testing::Contains;
using ::testing::ElementsAre;

void AddNode(onnx::GraphProto& graph, const std::string& op, const std::vector<std::string>& from,
             const std::string& to) {
  onnx::NodeProto& node = *graph.add_node();
  node.set_op_type(op);
  for (const std::string& name : from) node.add_input(name);
  node.add_output(to);
}

// y and, where `row` names a value of the body, rows: a Loop that carries x, with an empty body.
struct LoopModel {
  LoopModel(const std::string& rounds, const std::string& condition, const std::string& row = "") {
    model.Input("x", DType::kF32, {2}).Input("n", DType::kI64, {}).Input("go", DType::kBool, {});
    model.Init("three", I64({}, {3}));
    std::vector<std::string> results = {"y"};
    if (!row.empty()) results.push_back("rows");
    model.Node("Loop", {rounds, condition, "x"}, results);
    onnx::AttributeProto& attribute = *model.graph().mutable_node(0)->add_attribute();
    attribute.set_name("body");
    attribute.set_type(onnx::AttributeProto::GRAPH);
    body = attribute.mutable_g();
    for (const char* name : {"i", "c", "v"}) body->add_input()->set_name(name);
    for (const char* name : {"c_out", "v_out"}) body->add_output()->set_name(name);
    if (!row.empty()) body->add_output()->set_name(row);
    model.Output("y", DType::kF32, {2});
    if (!row.empty()) model.Output("rows", DType::kF32, {"", 2});
  }
  OnnxModel model;
  onnx::GraphProto* body;
};

std::vector<interp::Tensor> Inputs(std::int64_t rounds) {
  return {F32({2}, {1, 2}), I64({}, {rounds}), MakeTensor(DType::kBool, {}, {1})};
}

std::vector<OpKind> Kinds(const OnnxModel& model) {
  auto imported = model.Import();
  if (!imported.ok()) return {};
  std::vector<OpKind> kinds;
  const ir::Graph& main = imported->module.main();
  for (const ir::OpId id : main) kinds.push_back(main.op(id).kind);
  return kinds;
}

TEST(Loop, AComputedNumberOfRoundsIsAWhile) {
  LoopModel loop("n", "", "row");
  AddNode(*loop.body, "Identity", {"c"}, "c_out");
  AddNode(*loop.body, "Add", {"v", "x"}, "v_out");
  AddNode(*loop.body, "Identity", {"v_out"}, "row");
  EXPECT_THAT(Kinds(loop.model), Contains(OpKind::kWhile));
  const auto three = loop.model.Run(Inputs(3));
  ASSERT_EQ(three.size(), 2u);
  ExpectTensor(three[0], F32({2}, {4, 8}));
  ExpectTensor(three[1], F32({3, 2}, {2, 4, 3, 6, 4, 8}));
  const auto none = loop.model.Run(Inputs(0));
  ASSERT_EQ(none.size(), 2u);
  ExpectTensor(none[0], F32({2}, {1, 2}));
  ExpectTensor(none[1], F32({0, 2}, {}));
}

TEST(Loop, ManyKnownRoundsHaveAResultOfKnownSize) {
  LoopModel loop("many", "", "row");
  loop.model.Init("many", I64({}, {100}));
  AddNode(*loop.body, "Identity", {"c"}, "c_out");
  AddNode(*loop.body, "Add", {"v", "x"}, "v_out");
  AddNode(*loop.body, "Identity", {"v_out"}, "row");
  auto imported = loop.model.Import();
  ASSERT_TRUE(imported.ok());
  const ir::Graph& main = imported->module.main();
  EXPECT_EQ(main.type(main.outputs()[1]).shape, (ir::Shape{100, 2}));
}

TEST(Loop, AComputedConditionEndsKnownRounds) {
  LoopModel loop("three", "", "");
  AddNode(*loop.body, "Add", {"v", "x"}, "v_out");
  AddNode(*loop.body, "ReduceSum", {"v_out"}, "s");
  onnx::AttributeProto& keeps = *loop.body->mutable_node(1)->add_attribute();
  keeps.set_name("keepdims");
  keeps.set_type(onnx::AttributeProto::INT);
  AddNode(*loop.body, "ReduceSum", {"x"}, "t");
  *loop.body->mutable_node(2)->add_attribute() = keeps;
  AddNode(*loop.body, "Add", {"t", "t"}, "limit");
  AddNode(*loop.body, "Less", {"s", "limit"}, "c_out");
  EXPECT_THAT(Kinds(loop.model), Contains(OpKind::kWhile));
  const auto y = loop.model.Run(Inputs(0));
  ASSERT_EQ(y.size(), 1u);
  ExpectTensor(y[0], F32({2}, {2, 4}));
}

TEST(Loop, KnownRoundsAreUnrolled) {
  LoopModel loop("three", "", "");
  AddNode(*loop.body, "Identity", {"c"}, "c_out");
  AddNode(*loop.body, "Neg", {"v"}, "v_out");
  EXPECT_THAT(Kinds(loop.model), ElementsAre(OpKind::kNeg, OpKind::kNeg, OpKind::kNeg));
}

TEST(Loop, WithoutAnEndIsRefused) {
  LoopModel loop("", "", "");
  AddNode(*loop.body, "Identity", {"c"}, "c_out");
  AddNode(*loop.body, "Neg", {"v"}, "v_out");
  EXPECT_THAT(loop.model.Refusals(), ElementsAre(Reason::kValueOutOfRange));
}

TEST(Loop, ACarriedValueMayBeginEmpty) {
  LoopModel loop("n", "", "");
  loop.model.Init("none", F32({0}, {}));
  loop.model.graph().mutable_node(0)->set_input(2, "none");
  AddNode(*loop.body, "Identity", {"c"}, "c_out");
  onnx::NodeProto& concat = *loop.body->add_node();
  concat.set_op_type("Concat");
  for (const char* name : {"v", "x"}) concat.add_input(name);
  concat.add_output("v_out");
  onnx::AttributeProto& axis = *concat.add_attribute();
  axis.set_name("axis");
  axis.set_type(onnx::AttributeProto::INT);
  loop.model.graph().mutable_output(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  EXPECT_THAT(Kinds(loop.model), Contains(OpKind::kWhile));
  ExpectTensor(loop.model.Run(Inputs(3)).at(0), F32({6}, {1, 2, 1, 2, 1, 2}));
  ExpectTensor(loop.model.Run(Inputs(0)).at(0), F32({0}, {}));
}

// Runtimes refuse empty tensors in the state of a loop: there is an element of padding.
TEST(Loop, NoStateIsEmpty) {
  LoopModel loop("n", "", "");
  loop.model.Init("none", F32({0}, {}));
  loop.model.graph().mutable_node(0)->set_input(2, "none");
  AddNode(*loop.body, "Identity", {"c"}, "c_out");
  AddNode(*loop.body, "Neg", {"v"}, "v_out");
  auto imported = loop.model.Import();
  ASSERT_TRUE(imported.ok());
  const ir::Graph& main = imported->module.main();
  for (const ir::OpId id : main) {
    if (main.op(id).kind != OpKind::kWhile) continue;
    for (const auto& operand : main.op(id).operands) {
      EXPECT_NE(main.type(operand.value).shape.ElementCount(), 0);
    }
  }
}

TEST(Loop, ACarriedValueKeepsItsRank) {
  LoopModel loop("n", "", "");
  loop.model.Init("axes", I64({1}, {0}));
  AddNode(*loop.body, "Identity", {"c"}, "c_out");
  AddNode(*loop.body, "Unsqueeze", {"v", "axes"}, "v_out");
  EXPECT_THAT(loop.model.Refusals(), ElementsAre(Reason::kShapeMismatch));
}

TEST(Loop, WhatStandsInTheWayInsideIsSaidOnce) {
  LoopModel loop("n", "", "");
  AddNode(*loop.body, "Identity", {"c"}, "c_out");
  AddNode(*loop.body, "NoSuchOp", {"v"}, "v_out");
  EXPECT_THAT(loop.model.Refusals(), ElementsAre(Reason::kUnsupportedOnnxOp));
}

}  // namespace
}  // namespace smelt::testing
