#include "core/passes/compute_type.h"

#include "core/interp/evaluate.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

using ir::DType;
using ir::OpKind;

// Changes the module; checks that it is well formed.
std::string Changed(std::string_view graphs, std::uint64_t tensors) {
  ir::Module module = MustParse(InModule(graphs));
  const auto changed = ComputeInFloat32(module);
  EXPECT_TRUE(changed.ok()) << changed.status().ToString();
  EXPECT_EQ(changed.value(), tensors);
  const Status verified = ir::VerifyModule(module, {.require_origins = false});
  EXPECT_TRUE(verified.ok()) << verified.ToString() << ir::Print(module);
  return ir::Print(module);
}

TEST(ComputeType, InputsAndOutputsKeepTheirs) {
  ir::Module module = MustParse(InModule(R"(graph @main(%x "x": f64[3]) {
    %c "c" = const f64[] [0.5]
    %a "a" = MUL(%x, %c) : f64[3] from {0}
    %y "y" = ADD(%a, %x) : f64[3] from {1}
    return %y
  }
  signature "serving_default" @main ("x") -> ("y")
)"));
  ASSERT_TRUE(ComputeInFloat32(module).ok());
  ASSERT_TRUE(ir::VerifyModule(module).ok()) << ir::Print(module);
  const ir::Graph& graph = module.main();
  EXPECT_EQ(graph.type(graph.inputs()[0]).dtype, DType::kF64);
  EXPECT_EQ(graph.type(graph.outputs()[0]).dtype, DType::kF64);
  EXPECT_EQ(graph.value(graph.outputs()[0]).name, "y");
  std::vector<OpKind> kinds;
  for (const ir::OpId id : graph) {
    kinds.push_back(graph.op(id).kind);
    if (graph.op(id).kind == OpKind::kMul) {
      EXPECT_EQ(graph.type(graph.op(id).result()).dtype, DType::kF32);
    }
  }
  EXPECT_EQ(kinds, (std::vector{OpKind::kCast, OpKind::kMul, OpKind::kAdd, OpKind::kCast}));
  const std::vector<double> values = {1, -2, 4};
  const auto input = interp::Tensor::FromConstant(
      ir::Constant::FromValues(DType::kF64, {3}, std::span<const double>(values)));
  const auto got = interp::Evaluate(module, module.main_id(), std::vector{input});
  ASSERT_TRUE(got.ok()) << got.status().ToString();
  EXPECT_EQ((*got)[0].values<double>()[1], -3.0);
}

TEST(ComputeType, AnInputThatIsAnOutputStays) {
  const std::string text = Changed(R"(graph @main(%x "x": f16[3]) {
    return %x
  }
  signature "serving_default" @main ("x") -> ("x")
)",
                                   0);
  EXPECT_EQ(text.find("CAST"), std::string::npos);
}

TEST(ComputeType, CastsAreAdjusted) {
  const std::string text = Changed(R"(graph @main(%x "x": i32[3]) {
    %a = CAST(%x) {out_data_type="bf16"} : bf16[3] from {0}
    %b = NEG(%a) : bf16[3] from {0}
    %y "y" = CAST(%b) {in_data_type="bf16", out_data_type="i32"} : i32[3] from {0}
    return %y
  }
  signature "serving_default" @main ("x") -> ("y")
)",
                                   2);
  EXPECT_EQ(text.find("bf16"), std::string::npos) << text;
}

TEST(ComputeType, BitsAndForeignOperatorsKeepTheirs) {
  const std::string text = Changed(R"(graph @main(%x "x": f32[3]) {
    %a = CAST(%x) {out_data_type="f16"} : f16[3] from {0}
    %b = BITCAST(%a) {out_data_type="i16"} : i16[3] from {0}
    %c = CUSTOM(%a) {custom_code="z::Z"} : f64[3] from {1}
    %d = NEG(%c) : f64[3] from {1}
    %y "y" = CAST(%d) {out_data_type="f32"} : f32[3] from {2}
    return %b, %y
  }
  signature "serving_default" @main ("x") -> ("b", "y")
)",
                                   3);
  EXPECT_NE(text.find("= CAST(%1) {in_data_type=\"f32\", out_data_type=\"f16\"}"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(": f64[3]"), std::string::npos) << text;
}

TEST(ComputeType, RegionsFollow) {
  const std::string text = Changed(R"(graph @main(%p "p": bool[], %x "x": f32[2]) {
    %a = CAST(%x) {out_data_type="f64"} : f64[2] from {0}
    %b = IF(%p, %a) {} regions (@yes, @no) : f64[2] from {1}
    %y "y" = CAST(%b) {out_data_type="f32"} : f32[2] from {2}
    return %y
  }
  graph @yes(%0: f64[2]) {
    %1 = NEG(%0) : f64[2] from {1}
    return %1
  }
  graph @no(%0: f64[2]) {
    return %0
  }
  signature "serving_default" @main ("p", "x") -> ("y")
)",
                                   5);
  EXPECT_EQ(text.find("f64"), std::string::npos) << text;
}

}  // namespace
}  // namespace smelt::passes
