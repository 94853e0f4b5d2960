// Operators that nothing translates: refused by policy, or carried as CUSTOM operators.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "core/import/onnx/importer.h"
#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ir::OpKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

OnnxModel Model(std::vector<Attr> attrs = {{"alpha", 0.5}}) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2, "N"});
  model.Node("Relu", {"x"}, {"r"});
  model.Node("Swirl", {"r", "", "x"}, {"y"}, std::move(attrs), "my.ops");
  model.Node("Neg", {"y"}, {"z"});
  auto& info = *model.graph().add_value_info();
  info.set_name("y");
  auto* type = info.mutable_type()->mutable_tensor_type();
  type->set_elem_type(1);
  type->mutable_shape()->add_dim()->set_dim_value(2);
  type->mutable_shape()->add_dim()->set_dim_param("N");
  model.Output("z", DType::kF32, {2, "N"});
  return model;
}

Result<onnx_import::Imported> ImportWith(const OnnxModel& model, bool all,
                                         std::vector<std::string> names) {
  const auto bytes = model.Bytes();
  onnx_import::ImportRequest request;
  request.model = SharedBytes::Own(bytes);
  request.custom_operators = {all, std::move(names)};
  return onnx_import::Import(request, CancelToken());
}

std::vector<Reason> Errors(const onnx_import::Imported& imported) {
  std::vector<Reason> reasons;
  for (const ir::Diagnostic& diagnostic : imported.diagnostics) {
    if (diagnostic.severity == ir::Severity::kError) reasons.push_back(diagnostic.reason);
  }
  return reasons;
}

TEST(CustomOperator, IsOffByDefault) {
  const auto imported = ImportWith(Model(), false, {});
  ASSERT_TRUE(imported.ok());
  EXPECT_THAT(Errors(*imported), ElementsAre(Reason::kCustomOpCandidateDisabled));
  EXPECT_EQ(imported->diagnostics.front().found, "my.ops.Swirl");
}

TEST(CustomOperator, MustBeInTheAllowlist) {
  const auto imported = ImportWith(Model(), false, {"Twirl", "other::Swirl"});
  ASSERT_TRUE(imported.ok());
  EXPECT_THAT(Errors(*imported), ElementsAre(Reason::kCustomOpNotInAllowlist));
  EXPECT_EQ(imported->diagnostics.front().allowed, "Twirl, other::Swirl");
}

TEST(CustomOperator, NamesMayBeQualified) {
  const onnx_import::CustomOperatorPolicy policy{false,
                                                 {"A", "my.ops::B", "my.ops.C", "ai.onnx::D"}};
  EXPECT_TRUE(policy.Allows("", "A"));
  EXPECT_TRUE(policy.Allows("any", "A"));
  EXPECT_TRUE(policy.Allows("my.ops", "B"));
  EXPECT_TRUE(policy.Allows("my.ops", "C"));
  EXPECT_TRUE(policy.Allows("", "D"));
  EXPECT_FALSE(policy.Allows("other", "B"));
  EXPECT_FALSE(policy.Allows("", "B"));
}

TEST(CustomOperator, IsCarriedWithItsAttributesAndDeclaredTypes) {
  const auto imported =
      ImportWith(Model({{"alpha", 0.5}, {"count", 3}, {"mode", "fast"}, {"taps", Ints{1, 2}}}),
                 false, {"my.ops::Swirl"});
  ASSERT_TRUE(imported.ok());
  EXPECT_TRUE(Errors(*imported).empty());
  const ir::Graph& graph = imported->module.main();
  const ir::Op& op = graph.op(graph.next(graph.first()));
  ASSERT_EQ(op.kind, OpKind::kCustom);
  EXPECT_EQ(op.attrs.String("custom_code"), "my.ops::Swirl");
  EXPECT_EQ(op.attrs.Float("alpha"), 0.5);
  EXPECT_EQ(op.attrs.Int("count"), 3);
  EXPECT_EQ(op.attrs.String("mode"), "fast");
  EXPECT_THAT(op.attrs.Ints("taps"), ElementsAre(1, 2));
  EXPECT_EQ(op.input_count(), 3);
  EXPECT_FALSE(op.input(1).valid());
  EXPECT_EQ(imported->module.symbols().Text(graph.type(op.result())), "f32[2,N]");
  ASSERT_EQ(imported->diagnostics.size(), 1u);
  EXPECT_EQ(imported->diagnostics[0].reason, Reason::kCustomOpLowered);
  EXPECT_EQ(imported->diagnostics[0].severity, ir::Severity::kWarning);
}

TEST(CustomOperator, NeedsDeclaredResults) {
  OnnxModel model = Model();
  model.graph().clear_value_info();
  const auto imported = ImportWith(model, true, {});
  ASSERT_TRUE(imported.ok());
  EXPECT_THAT(Errors(*imported), ElementsAre(Reason::kMissingTypeInformation));
  EXPECT_THAT(imported->diagnostics.front().message, HasSubstr("\"y\""));
}

TEST(CustomOperator, CannotCarryATensorAttribute) {
  const auto imported = ImportWith(Model({{"table", F32({2}, {1, 2})}}), true, {});
  ASSERT_TRUE(imported.ok());
  EXPECT_THAT(Errors(*imported), ElementsAre(Reason::kUnsupportedAttributeValue));
  EXPECT_THAT(imported->diagnostics.front().message, HasSubstr("\"table\" of kind TENSOR"));
}

TEST(CustomOperator, StandardOperatorsWithoutARuleAreCandidates) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 4});
  model.Node("StringNormalizer", {"x"}, {"y"});
  model.Output("y", DType::kF32, {1, 4});
  EXPECT_THAT(model.Refusals(), ElementsAre(Reason::kCustomOpCandidateDisabled));
}

TEST(CustomOperator, WhatOnnxDoesNotDefineIsNone) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 4});
  model.Node("NoSuchThing", {"x"}, {"y"});
  model.Output("y", DType::kF32, {1, 4});
  const auto imported = ImportWith(model, true, {});
  ASSERT_TRUE(imported.ok());
  EXPECT_THAT(Errors(*imported), ElementsAre(Reason::kUnsupportedOnnxOp));
}

}  // namespace
}  // namespace smelt::testing
