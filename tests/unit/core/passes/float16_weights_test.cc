#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

std::string Stored(const std::string& weights, bool asked, std::uint64_t* rewrites) {
  ir::Module module = MustParse(InModule(R"(graph @main(%x "x": f32[2,64]) {
    %w "w" = const )" + weights + R"(
    %a = MUL(%x, %w) {fused_activation_function="NONE"} : f32[2,64] from {0}
    %y "y" = ADD(%a, %w) {fused_activation_function="NONE"} : f32[2,64] from {1}
    return %y
  }
)"));
  ir::Diagnostics diagnostics;
  PassContext context{module, *target::AllProfiles().front(), diagnostics};
  if (asked) context.options.weights = Weights::kFloat16;
  EXPECT_TRUE(Float16Weights(context).ok());
  EXPECT_TRUE(ir::VerifyModule(module).ok());
  *rewrites = context.rewrites;
  return ir::Print(module);
}

TEST(Float16Weights, OneDequantizeServesAllUsers) {
  std::uint64_t rewrites = 0;
  const std::string text = Stored("f32[64] splat [0.5]", true, &rewrites);
  EXPECT_EQ(rewrites, 1u);
  EXPECT_NE(text.find("const f16[64]"), std::string::npos) << text;
  EXPECT_EQ(text.find("DEQUANTIZE("), text.rfind("DEQUANTIZE(")) << text;
  EXPECT_NE(text.find("DEQUANTIZE("), std::string::npos) << text;
}

TEST(Float16Weights, OnlyWhenAskedFor) {
  std::uint64_t rewrites = 0;
  Stored("f32[64] splat [0.5]", false, &rewrites);
  EXPECT_EQ(rewrites, 0u);
}

TEST(Float16Weights, WhatWouldOverflowAndWhatIsSmallStays) {
  std::uint64_t rewrites = 0;
  Stored("f32[64] splat [70000]", true, &rewrites);
  EXPECT_EQ(rewrites, 0u);
  Stored("f32[1] [0.5]", true, &rewrites);
  EXPECT_EQ(rewrites, 0u);
}

}  // namespace
}  // namespace smelt::passes
