#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

TEST(FuseActivation, GoesIntoTheOperatorBefore) {
  const std::pair<const char*, const char*> cases[] = {
      {"RELU", "RELU"}, {"RELU6", "RELU6"}, {"RELU_N1_TO_1", "RELU_N1_TO_1"}};
  for (const auto& [op, name] : cases) {
    ExpectPass(FuseActivation,
               R"(graph @main(%x "x": f32[N,4], %z "z": f32[N,4]) {
      %s "sum" = ADD(%x, %z) {fused_activation_function="NONE"} : f32[N,4] from {0}
      %y "y" = )" + std::string(op) +
                   R"((%s) : f32[N,4] from {2}
      return %y
    })",
               R"(graph @main(%x "x": f32[N,4], %z "z": f32[N,4]) {
      %y "y" = ADD(%x, %z) {fused_activation_function=")" +
                   std::string(name) +
                   R"("} : f32[N,4] from {0, 2}
      return %y
    })",
               1);
  }
}

TEST(FuseActivation, AnAbsentAttributeMeansNone) {
  const PassRun run = RunPass(FuseActivation, R"(graph @main(%x "x": f32[4]) {
    %s = MUL(%x, %x) : f32[4] from {0}
    %y = RELU(%s) : f32[4] from {2}
    return %y
  })");
  EXPECT_EQ(run.rewrites, 1U);
  EXPECT_NE(run.text.find("MUL(%0, %0) {fused_activation_function=\"RELU\"}"), std::string::npos)
      << run.text;
}

TEST(FuseActivation, OnlyOneActivationFits) {
  const PassRun run = RunPass(FuseActivation, R"(graph @main(%x "x": f32[4]) {
    %s = ADD(%x, %x) : f32[4] from {0}
    %r = RELU(%s) : f32[4] from {1}
    %y = RELU6(%r) : f32[4] from {2}
    return %y
  })");
  EXPECT_EQ(run.rewrites, 1U);
  EXPECT_NE(run.text.find("RELU6("), std::string::npos) << run.text;
}

TEST(FuseActivation, LeavesWhatIsUsedElsewhere) {
  ExpectUnchanged(FuseActivation, R"(graph @main(%x "x": f32[4]) {
    %s = ADD(%x, %x) : f32[4] from {0}
    %y = RELU(%s) : f32[4] from {2}
    return %y, %s
  })");
}

TEST(FuseActivation, LeavesOtherTypesAndOperators) {
  ExpectUnchanged(FuseActivation, R"(graph @main(%x "x": f32[4], %i "i": i32[4]) {
    %n = NEG(%x) : f32[4] from {0}
    %a = RELU(%n) : f32[4] from {0}
    %c = CONCATENATION(%x, %x) {axis=0} : f32[8] from {0}
    %b = RELU(%c) : f32[8] from {0}
    %s = ADD(%i, %i) : i32[4] from {0}
    %d = RELU(%s) : i32[4] from {0}
    %e = RELU(%x) : f32[4] from {0}
    return %a, %b, %d, %e
  })");
}

TEST(FuseActivation, DoesNotCrossATranspose) {
  ExpectUnchanged(FuseActivation, R"(graph @main(%x "x": f32[2,4]) {
    %s = ADD(%x, %x) : f32[2,4] from {0}
    %p = const i32[2] [1, 0]
    %t = TRANSPOSE(%s, %p) : f32[4,2] from {0}
    %y = RELU(%t) : f32[4,2] from {2}
    return %y
  })");
}

}  // namespace
}  // namespace smelt::passes
