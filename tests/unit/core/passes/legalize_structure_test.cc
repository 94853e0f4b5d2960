#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/unit/core/passes/legalize_case.h"

namespace smelt::passes {
namespace {

using ir::OpKind;

TEST(LegalizeStructure, CompositesBecomeTheirBodies) {
  const Legalized after = ExpectSameValues(R"(module {
    source 0 "norm" LayerNormalization opset 17 path ""
    source 1 "inner" Mul opset 17 path ""
    graph @main(%0: f32[2,3], %1: f32[3]) {
      %2 "y" = composite(%0, %1) {name="test.scale"} regions(@body) : f32[2,3] from {0}
      %3 = NEG(%2) from {0}
      return %3, %2
    }
    graph @body(%0: f32[2,3], %1: f32[3]) {
      %2 = const f32[] [2.0]
      %3 = MUL(%0, %1) from {1}
      %4 = composite(%3, %2) {name="test.inner"} regions(@inner) : f32[2,3]
      return %4
    }
    graph @inner(%0: f32[2,3], %1: f32[]) {
      %2 = ADD(%0, %1)
      return %2
    }
  })");
  EXPECT_EQ(after.Count(OpKind::kComposite), 0);
  const ir::Graph& graph = after.module.main();
  const ir::Op& mul = graph.op(graph.first());
  EXPECT_EQ(mul.kind, OpKind::kMul);
  EXPECT_EQ(after.module.origins().SourcesOf(mul.origin), (std::vector<ir::SourceId>{0, 1}));
  const ir::Op& add = graph.op(graph.next(graph.first()));
  EXPECT_EQ(after.module.origins().SourcesOf(add.origin), (std::vector<ir::SourceId>{0}));
  EXPECT_EQ(graph.value(add.result()).name, "y");
}

TEST(LegalizeStructure, ABodyMayHandItsInputsBack) {
  ExpectSameValues(R"(module {
    graph @main(%0: f32[2]) {
      %1, %2 = composite(%0) {name="test.both"} regions(@body) : f32[2], f32[2]
      %3 = ADD(%1, %2)
      return %3, %1
    }
    graph @body(%0: f32[2]) {
      %1 = const f32[2] [1, 2]
      return %0, %1
    }
  })");
}

TEST(LegalizeStructure, OpaqueCompositesAreRefused) {
  const Legalized after = Legalize(R"(module {
    source 0 "nms" TfIdf opset 9 path ""
    graph @main(%0 "x": f32[2]) {
      %1 = composite(%0) {name="onnx.TfIdf"} : f32[2] from {0}
      return %1
    }
  })");
  ASSERT_EQ(after.diagnostics.size(), 1U);
  EXPECT_EQ(after.diagnostics[0].reason, Reason::kRuntimeOperatorUnsupported);
  EXPECT_EQ(after.diagnostics[0].node->name, "nms");
  EXPECT_NE(after.diagnostics[0].message.find("onnx.TfIdf"), std::string::npos);
}

TEST(LegalizeStructure, SaysNothingTwice) {
  ir::Module module = MustParse(R"(module {
    source 0 "n" TfIdf opset 9 path ""
    graph @main(%0: f32[2]) {
      %1 = composite(%0) {name="onnx.TfIdf"} : f32[2] from {0}
      return %1
    }
  })");
  ir::Diagnostics diagnostics(1);
  diagnostics[0].reason = Reason::kUnsupportedOnnxOp;
  diagnostics[0].node = module.origins().sources()[0];
  PassContext context{module, *target::AllProfiles().front(), diagnostics};
  ASSERT_TRUE(LegalizeStructure(context).ok());
  ASSERT_TRUE(LegalizeTypes(context).ok());
  EXPECT_EQ(diagnostics.size(), 1U);
}

// The values of a one-input graph of the operator.
std::vector<float> Apply(const std::string& op, const std::vector<float>& x, bool legalize) {
  const std::string text = "module { graph @main(%0: f32[" + std::to_string(x.size()) +
                           "]) { %1 = " + op + "(%0) return %1 } }";
  const Legalized made = legalize ? Legalize(text) : Legalized{MustParse(text), {}, 0};
  EXPECT_EQ(made.rewrites, legalize ? 1U : 0U);
  const auto input = interp::Tensor::FromConstant(
      ir::Constant::FromValues<float>(ir::DType::kF32, {static_cast<std::int64_t>(x.size())}, x));
  const auto outputs = interp::Evaluate(made.module, made.module.main_id(), {&input, 1});
  EXPECT_TRUE(outputs.ok());
  if (!outputs.ok()) return {};
  const auto values = (*outputs)[0].values<float>();
  return {values.begin(), values.end()};
}

TEST(LegalizeStructure, ErfIsAccurateEverywhere) {
  std::vector<float> x;
  for (int i = -60000; i <= 60000; ++i) x.push_back(static_cast<float>(i) / 10000.0F);
  for (int i = -40; i < 1; ++i) x.push_back(std::ldexp(1.3F, i));
  for (const float edge : {100.0F, -100.0F, INFINITY, -INFINITY}) x.push_back(edge);
  const std::vector<float> y = Apply("core.ERF", x, true);
  ASSERT_EQ(y.size(), x.size());
  double worst = 0;
  double worst_relative = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double wanted = std::erf(static_cast<double>(x[i]));
    const double error = std::abs(y[i] - wanted);
    worst = std::max(worst, error);
    if (wanted != 0) worst_relative = std::max(worst_relative, error / std::abs(wanted));
  }
  EXPECT_LT(worst, 5e-7);
  EXPECT_LT(worst_relative, 5e-7);
}

TEST(LegalizeStructure, RoundingAwayFromZeroIsExact) {
  const std::vector<float> x = {0.5F,       -0.5F, 1.5F,        2.5F,   -2.5F, 0.49999997F,
                                8388607.5F, 3e9F,  -8388609.0F, -0.25F, 0.0F,  -1.4999999F};
  EXPECT_EQ(Apply("core.ROUND_AWAY", x, true),
            (std::vector<float>{1, -1, 2, 3, -3, 0, 8388608, 3e9F, -8388609.0F, 0, 0, -1}));
}

TEST(LegalizeStructure, TruncatedRemainderIsExact) {
  for (const std::string dtype : {"f32", "f16", "i8", "i16", "i32", "i64", "u8", "u16"}) {
    ExpectSameValues("module { graph @main(%0: " + dtype + "[40]) { %1 = const " + dtype +
                     "[5] [3, 7, 2, 11, 5] %2 = const i32[2] [8, 5] "
                     "%3 = RESHAPE(%0, %2) %4 = core.TRUNC_MOD(%3, %1) return %4 } }");
  }
}

TEST(LegalizeStructure, CoreOperatorsOfOtherTypesAreRefused) {
  const Legalized after =
      Legalize("module { graph @main(%0: f64[2]) { %1 = core.ERF(%0) return %1 } }");
  ASSERT_EQ(after.diagnostics.size(), 1U);
  EXPECT_EQ(after.diagnostics[0].reason, Reason::kRuntimeTypeUnsupported);
}

}  // namespace
}  // namespace smelt::passes
