// Functions and control flow: what takes the place of a call, and what is said of the call.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "core/import/onnx/importer.h"
#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ir::OpKind;
using ::testing::HasSubstr;

onnx::FunctionProto& AddFunction(OnnxModel& model, const std::string& name) {
  onnx::FunctionProto& function = *model.proto().add_functions();
  function.set_domain("custom");
  function.set_name(name);
  auto* import = function.add_opset_import();
  import->set_domain("");
  import->set_version(17);
  function.add_input("a");
  function.add_output("b");
  if (model.proto().opset_import_size() == 1) {
    auto* custom = model.proto().add_opset_import();
    custom->set_domain("custom");
    custom->set_version(1);
  }
  return function;
}

onnx::NodeProto& AddNode(onnx::FunctionProto& function, const std::string& op,
                         const std::string& from, const std::string& to,
                         const std::string& domain = "") {
  onnx::NodeProto& node = *function.add_node();
  node.set_op_type(op);
  node.set_domain(domain);
  node.add_input(from);
  node.add_output(to);
  return node;
}

OnnxModel CallOf(const std::string& name, std::vector<Attr> attrs = {}) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2, 3});
  model.Node(name, {"x"}, {"y"}, std::move(attrs), "custom");
  model.Output("y", DType::kF32, {2, 3});
  return model;
}

std::vector<OpKind> Kinds(const ir::Module& module) {
  std::vector<OpKind> kinds;
  for (const ir::OpId id : module.main()) kinds.push_back(module.main().op(id).kind);
  return kinds;
}

TEST(Function, AttributesOfTheCallGoIntoTheBody) {
  OnnxModel model = CallOf("Leak", {{"slope", 0.25}});
  onnx::FunctionProto& function = AddFunction(model, "Leak");
  function.add_attribute("slope");
  onnx::AttributeProto& alpha = *AddNode(function, "LeakyRelu", "a", "b").add_attribute();
  alpha.set_name("alpha");
  alpha.set_ref_attr_name("slope");
  alpha.set_type(onnx::AttributeProto::FLOAT);
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  EXPECT_TRUE(imported->diagnostics.empty());
  const ir::Module& module = imported->module;
  ASSERT_EQ(Kinds(module), std::vector{OpKind::kLeakyRelu});
  const ir::Op& op = module.main().op(module.main().first());
  EXPECT_EQ(op.attrs.Float("alpha"), 0.25);
  ASSERT_EQ(module.origins().sources().size(), 1u);
  EXPECT_EQ(module.origins().sources()[0].op_type, "Leak");
}

TEST(Function, FunctionsCallFunctions) {
  OnnxModel model = CallOf("Outer");
  onnx::FunctionProto& outer = AddFunction(model, "Outer");
  AddNode(outer, "Inner", "a", "t", "custom");
  AddNode(outer, "Inner", "t", "b", "custom");
  AddNode(AddFunction(model, "Inner"), "Relu", "a", "b");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  EXPECT_TRUE(imported->diagnostics.empty());
  EXPECT_EQ(Kinds(imported->module), (std::vector{OpKind::kRelu, OpKind::kRelu}));
}

TEST(Function, RecursionIsRefused) {
  OnnxModel model = CallOf("Round");
  AddNode(AddFunction(model, "Round"), "Trip", "a", "b", "custom");
  AddNode(AddFunction(model, "Trip"), "Round", "a", "b", "custom");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  ASSERT_EQ(imported->diagnostics.size(), 1u);
  EXPECT_EQ(imported->diagnostics[0].reason, Reason::kGraphCycle);
  EXPECT_EQ(imported->diagnostics[0].node->op_type, "Round");
}

TEST(Function, EveryViolationInsideIsSaidOfTheCall) {
  OnnxModel model = CallOf("Bad");
  onnx::FunctionProto& function = AddFunction(model, "Bad");
  AddNode(function, "NoSuchOp", "a", "s");
  AddNode(function, "NoOtherOp", "a", "b");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  ASSERT_EQ(imported->diagnostics.size(), 2u);
  for (const ir::Diagnostic& diagnostic : imported->diagnostics) {
    EXPECT_EQ(diagnostic.reason, Reason::kUnsupportedOnnxOp);
    EXPECT_EQ(diagnostic.node->op_type, "Bad");
    EXPECT_THAT(diagnostic.message, HasSubstr("in its body"));
  }
  EXPECT_EQ(imported->diagnostics[0].node->module_path, "NoSuchOp");
}

onnx::AttributeProto& AddBody(onnx::NodeProto& node, const std::string& name) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::GRAPH);
  return attribute;
}

void AddBranch(onnx::NodeProto& node, const std::string& name, const std::string& op) {
  onnx::GraphProto& graph = *AddBody(node, name).mutable_g();
  onnx::NodeProto& inner = *graph.add_node();
  inner.set_op_type(op);
  inner.add_input("x");
  inner.add_output("branch_result");
  graph.add_output()->set_name("branch_result");
}

TEST(ControlFlow, AnIfOfAKnownConditionIsItsBranch) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2}).Init("c", MakeTensor(DType::kBool, {}, {0}));
  model.Node("If", {"c"}, {"y"}).Output("y", DType::kF32, {2});
  AddBranch(*model.graph().mutable_node(0), "then_branch", "NoSuchOp");
  AddBranch(*model.graph().mutable_node(0), "else_branch", "Relu");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  EXPECT_TRUE(imported->diagnostics.empty());
  EXPECT_EQ(Kinds(imported->module), std::vector{OpKind::kRelu});
}

TEST(ControlFlow, AnIfOfAComputedConditionHasTwoRegions) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2}).Input("c", DType::kBool, {});
  model.Node("If", {"c"}, {"y"}).Output("y", DType::kF32, {2});
  AddBranch(*model.graph().mutable_node(0), "then_branch", "Relu");
  AddBranch(*model.graph().mutable_node(0), "else_branch", "Neg");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  EXPECT_TRUE(imported->diagnostics.empty());
  ASSERT_EQ(Kinds(imported->module), std::vector{OpKind::kIf});
  EXPECT_EQ(imported->module.main().op(imported->module.main().first()).regions.size(), 2u);
}

// What follows takes part in both branches, until ranks are the same again.
TEST(ControlFlow, BranchesOfDifferentRanksTakeInWhatFollows) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 2}).Input("c", DType::kBool, {});
  model.Node("If", {"c"}, {"y"})
      .Node("Relu", {"x"}, {"z"})
      .Node("Add", {"y", "z"}, {"both"})
      .Node("ReduceSum", {"both"}, {"s"}, {{"keepdims", 0}})
      .Output("s", DType::kF32, {})
      .Output("z", DType::kF32, {1, 2});
  AddBranch(*model.graph().mutable_node(0), "then_branch", "Squeeze");
  AddBranch(*model.graph().mutable_node(0), "else_branch", "Neg");
  const auto x = F32({1, 2}, {2, -3});
  ExpectTensor(model.Run({x, MakeTensor(DType::kBool, {}, {1})}).at(0), F32({}, {1}));
  ExpectTensor(model.Run({x, MakeTensor(DType::kBool, {}, {0})}).at(0), F32({}, {3}));
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  EXPECT_EQ(Kinds(imported->module).back(), OpKind::kIf);
}

// What follows would mean the branch's constant by a name that it knows from outside.
TEST(ControlFlow, BranchesDoNotLendTheirNamesToWhatFollows) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 2}).Input("c", DType::kBool, {});
  model.Init("k", F32({1}, {10}));
  model.Node("If", {"c"}, {"y"})
      .Node("Mul", {"y", "k"}, {"scaled"})
      .Node("ReduceSum", {"scaled"}, {"s"}, {{"keepdims", 0}})
      .Output("s", DType::kF32, {});
  for (const char* name : {"then_branch", "else_branch"}) {
    const bool first = std::string(name) == "then_branch";
    AddBranch(*model.graph().mutable_node(0), name, first ? "Squeeze" : "Neg");
    onnx::NodeProto& own =
        *model.graph().mutable_node(0)->mutable_attribute(first ? 0 : 1)->mutable_g()->add_node();
    own.set_op_type("Relu");
    own.add_input("x");
    own.add_output("k");
  }
  EXPECT_EQ(model.Refusals(), std::vector{Reason::kShapeMismatch});
}

// No run could take the first branch: tensors of different ranks are not joined.
TEST(ControlFlow, ABranchBeforeTheImpossibleIsNotTaken) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 2}).Input("c", DType::kBool, {});
  model.Node("If", {"c"}, {"y"})
      .Node("Concat", {"y", "x"}, {"z"}, {{"axis", 0}})
      .Output("z", DType::kF32, {2, 2});
  AddBranch(*model.graph().mutable_node(0), "then_branch", "Squeeze");
  AddBranch(*model.graph().mutable_node(0), "else_branch", "Neg");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  ASSERT_EQ(imported->diagnostics.size(), 1u);
  EXPECT_EQ(imported->diagnostics[0].severity, ir::Severity::kWarning);
  EXPECT_THAT(imported->diagnostics[0].message, ::testing::HasSubstr("takes its else_branch"));
  const auto x = F32({1, 2}, {2, -3});
  ExpectTensor(model.Run({x, MakeTensor(DType::kBool, {}, {0})}).at(0),
               F32({2, 2}, {-2, 3, 2, -3}));
}

// The second condition tells whether a run gets to what the first one's branch makes impossible.
TEST(ControlFlow, ABranchBeforeWhatMayBeSkippedMayBeTaken) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 2}).Input("c", DType::kBool, {}).Input("d", DType::kBool, {});
  model.Node("If", {"c"}, {"y"}).Node("If", {"d"}, {"z"}).Output("z");
  AddBranch(*model.graph().mutable_node(0), "then_branch", "Squeeze");
  AddBranch(*model.graph().mutable_node(0), "else_branch", "Neg");
  AddBranch(*model.graph().mutable_node(1), "then_branch", "Concat");
  AddBranch(*model.graph().mutable_node(1), "else_branch", "Relu");
  onnx::NodeProto& joined =
      *model.graph().mutable_node(1)->mutable_attribute(0)->mutable_g()->mutable_node(0);
  joined.add_input("y");
  onnx::AttributeProto& axis = *joined.add_attribute();
  axis.set_name("axis");
  axis.set_type(onnx::AttributeProto::INT);
  axis.set_i(0);
  EXPECT_THAT(model.Refusals(), ::testing::Contains(Reason::kShapeMismatch));
}

// ONNX Runtime joins an empty tensor to any, whatever its rank: exporters begin caches so.
TEST(ControlFlow, ABranchOfAnEmptyTensorMayBeTaken) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 2}).Input("c", DType::kBool, {}).Init("e", F32({0}, {}));
  model.Node("If", {"c"}, {"y"}).Node("Concat", {"y", "x"}, {"z"}, {{"axis", 0}}).Output("z");
  AddBranch(*model.graph().mutable_node(0), "then_branch", "Identity");
  AddBranch(*model.graph().mutable_node(0), "else_branch", "Neg");
  model.graph().mutable_node(0)->mutable_attribute(0)->mutable_g()->mutable_node(0)->set_input(0,
                                                                                               "e");
  EXPECT_THAT(model.Refusals(), ::testing::Contains(Reason::kShapeMismatch));
}

// What smelt lacks says nothing about the branches.
TEST(ControlFlow, ABranchBeforeAnUnknownOperatorMayBeTaken) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 2}).Input("c", DType::kBool, {});
  model.Node("If", {"c"}, {"y"}).Node("NoSuchOp", {"y"}, {"z"}).Output("z");
  AddBranch(*model.graph().mutable_node(0), "then_branch", "Squeeze");
  AddBranch(*model.graph().mutable_node(0), "else_branch", "Neg");
  EXPECT_THAT(model.Refusals(), ::testing::Contains(Reason::kShapeMismatch));
}

TEST(ControlFlow, ResultsOfDifferentRanksAreRefused) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 2}).Input("c", DType::kBool, {});
  model.Node("If", {"c"}, {"y"}).Node("Relu", {"y"}, {"z"}).Output("z");
  AddBranch(*model.graph().mutable_node(0), "then_branch", "Squeeze");
  AddBranch(*model.graph().mutable_node(0), "else_branch", "Neg");
  EXPECT_EQ(model.Refusals(), std::vector{Reason::kShapeMismatch});
}

}  // namespace
}  // namespace smelt::testing
