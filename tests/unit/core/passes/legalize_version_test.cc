// Operators in a runtime that is older than their versions: other words, other types, or a refusal.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/core/passes/legalize_case.h"

namespace smelt::passes {
namespace {

using ir::DType;
using ir::OpKind;

// Half floats need version 2 of anything, all else version 1.
int HalfIsNew(const ir::Graph& graph, const ir::Op& op) {
  for (const auto& operand : op.operands) {
    if (operand.value.valid() && graph.type(operand.value).dtype == DType::kF16 &&
        op.kind != OpKind::kCast) {
      return 2;
    }
  }
  return 1;
}

// Legalizes for a runtime with version 1 of everything but of `missing`, which it lacks.
Legalized LegalizeForOld(std::string_view text, std::vector<OpKind> missing) {
  Legalized made;
  made.module = MustParse(text);
  std::vector<target::OperatorSupport> rows;
  target::Profile old = *target::AllProfiles().front();
  for (target::OperatorSupport row : old.operators) {
    row.max_version = 1;
    if (std::ranges::find(missing, row.kind) == missing.end()) rows.push_back(row);
  }
  old.operators = rows;
  old.runtime = "2.0";
  PassContext context{made.module, old, made.diagnostics};
  context.options.operator_version = HalfIsNew;
  for (const auto pass : {LegalizeStructure, LegalizeTypes}) {
    const Status status = pass(context);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  const Status verified = ir::VerifyModule(made.module, {.require_origins = false});
  EXPECT_TRUE(verified.ok()) << verified.ToString() << ir::Print(made.module);
  return made;
}

std::string Unary(const std::string& op, const std::string& dtype, const std::string& attrs = "") {
  return "module { graph @main(%0: " + dtype + "[3,7]) { %1 = " + op + "(%0) " + attrs +
         " return %1 } }";
}

void ExpectNear(const std::string& text, std::vector<OpKind> missing, double tolerance) {
  const ir::Module before = MustParse(text);
  const Legalized after = LegalizeForOld(text, missing);
  EXPECT_TRUE(after.diagnostics.empty()) << after.diagnostics.front().message;
  for (const OpKind kind : missing) EXPECT_EQ(after.Count(kind), 0) << text;
  std::vector<interp::Tensor> inputs;
  for (const ir::ValueId input : before.main().inputs()) {
    const ir::TensorType& type = before.main().type(input);
    inputs.push_back(probe::MakeTensor(type.dtype, type.shape.Sizes(), probe::Values::kMixed, 7));
  }
  const auto wanted = interp::Evaluate(before, before.main_id(), inputs);
  const auto got = interp::Evaluate(after.module, after.module.main_id(), inputs);
  ASSERT_TRUE(wanted.ok() && got.ok()) << got.status().ToString();
  const auto a = (*wanted)[0].values<float>();
  const auto b = (*got)[0].values<float>();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << text;
}

TEST(LegalizeVersion, MissingOperatorsAreSaidInOlderWords) {
  ExpectNear(Unary("GELU", "f32", "{approximate=true}"), {OpKind::kGelu}, 1e-6);
  ExpectNear(Unary("GELU", "f32", "{approximate=false}"), {OpKind::kGelu}, 1e-6);
  ExpectNear(Unary("RELU_0_TO_1", "f32"), {OpKind::kRelu0To1}, 0);
  ExpectNear(Unary("SIGN", "f32"), {OpKind::kSign}, 0);
  ExpectNear(
      "module { graph @main(%0: f32[1,7]) { %1 = const i32[2] [3, 7] "
      "%2 = BROADCAST_TO(%0, %1) return %2 } }",
      {OpKind::kBroadcastTo}, 0);
}

TEST(LegalizeVersion, TypesThatNeedANewerVersionAreComputedInOthers) {
  const Legalized made = LegalizeForOld(Unary("FLOOR", "f16"), {});
  EXPECT_TRUE(made.diagnostics.empty()) << made.diagnostics.front().message;
  EXPECT_EQ(made.Count(OpKind::kCast), 2);
  const ir::Graph& graph = made.module.main();
  EXPECT_EQ(graph.type(graph.outputs()[0]).dtype, DType::kF16);
  for (const ir::OpId id : graph) {
    if (graph.op(id).kind != OpKind::kFloor) continue;
    EXPECT_EQ(graph.type(graph.op(id).input(0)).dtype, DType::kF32);
  }
}

TEST(LegalizeVersion, WhatIsLeftIsRefusedWithItsVersions) {
  const Legalized made = LegalizeForOld(
      "module { graph @main(%0: f16[3,7]) { %1 = SHAPE(%0) {out_type=\"i32\"} return %1 } }", {});
  ASSERT_EQ(made.diagnostics.size(), 1u);
  EXPECT_EQ(made.diagnostics[0].reason, Reason::kRuntimeVersionUnsupported);
  EXPECT_EQ(made.diagnostics[0].found, "version 2");
  EXPECT_EQ(made.diagnostics[0].allowed, "versions up to 1 in runtime 2.0");
}

TEST(LegalizeVersion, AnOperatorWithoutOlderWordsIsRefused) {
  const Legalized made = LegalizeForOld(Unary("COS", "f32"), {OpKind::kCos});
  ASSERT_EQ(made.diagnostics.size(), 1u);
  EXPECT_EQ(made.diagnostics[0].reason, Reason::kRuntimeVersionUnsupported);
  EXPECT_EQ(made.diagnostics[0].allowed, "no version in runtime 2.0");
}

}  // namespace
}  // namespace smelt::passes
