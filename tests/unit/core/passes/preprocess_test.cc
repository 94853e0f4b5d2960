#include <algorithm>

#include "core/passes/preprocess/rule.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

// One graph from "x" to "y", with constants by name.
std::string Chain(const std::string& body, const std::string& outputs = "%y") {
  return R"(graph @main(%x "x": f32[2,3]) {
    %half = const f32[] [0.5]
    %one = const f32[] [1]
    %three = const f32[] [3]
    %six = const f32[] [6]
    %root2 = const f32[] [1.4142135623730951]
    %k = const f32[] [0.7978845608028654]
    %c = const f32[] [0.044715]
)" + body +
         "    return " + outputs + "\n}";
}

std::string Line(const std::string& name, const std::string& text) {
  return "    %" + name + " = " + text + " : f32[2,3] from {0}\n";
}

const std::string kErfGelu = Line("t", "DIV(%x, %root2)") + Line("e", "core.ERF(%t)") +
                             Line("s", "ADD(%e, %one)") + Line("m", "MUL(%x, %s)");
const std::string kTanhGelu = Line("p", "POW(%x, %three)") + Line("q", "MUL(%p, %c)") +
                              Line("a", "ADD(%x, %q)") + Line("t", "MUL(%a, %k)") +
                              Line("e", "TANH(%t)") + Line("s", "ADD(%e, %one)") +
                              Line("h", "MUL(%x, %half)");

bool Has(const PassRun& run, const std::string& op) {
  return run.text.find(op + "(") != std::string::npos;
}

TEST(Preprocess, GeluByErf) {
  const PassRun run = RunPass(PatternFusion, Chain(kErfGelu + Line("y", "MUL(%m, %half)")));
  EXPECT_EQ(run.rewrites, 1U);
  EXPECT_TRUE(Has(run, "GELU")) << run.text;
  EXPECT_EQ(run.module.main().op_count(), 1U) << run.text;
}

TEST(Preprocess, GeluByErfMultipliedInAnotherOrder) {
  const std::string body = Line("t", "DIV(%x, %root2)") + Line("e", "core.ERF(%t)") +
                           Line("s", "ADD(%one, %e)") + Line("h", "MUL(%half, %x)") +
                           Line("y", "MUL(%s, %h)");
  EXPECT_EQ(RunPass(PatternFusion, Chain(body)).module.main().op_count(), 1U);
}

TEST(Preprocess, GeluByTanh) {
  const PassRun run = RunPass(PatternFusion, Chain(kTanhGelu + Line("y", "MUL(%h, %s)")));
  EXPECT_EQ(run.module.main().op_count(), 1U) << run.text;
  EXPECT_NE(run.text.find("approximate=true"), std::string::npos) << run.text;
}

TEST(Preprocess, WhatAlmostIsGeluStays) {
  // Another number, another tensor multiplied, a value that is used elsewhere.
  ExpectUnchanged(PatternFusion, Chain(kErfGelu + Line("y", "MUL(%m, %three)")));
  ExpectUnchanged(PatternFusion, Chain(Line("t", "DIV(%x, %three)") + Line("e", "core.ERF(%t)") +
                                       Line("s", "ADD(%e, %one)") + Line("m", "MUL(%x, %s)") +
                                       Line("y", "MUL(%m, %half)")));
  ExpectUnchanged(PatternFusion, Chain(Line("n", "NEG(%x)") + Line("t", "DIV(%x, %root2)") +
                                       Line("e", "core.ERF(%t)") + Line("s", "ADD(%e, %one)") +
                                       Line("m", "MUL(%n, %s)") + Line("y", "MUL(%m, %half)")));
  ExpectUnchanged(PatternFusion, Chain(kErfGelu + Line("y", "MUL(%m, %half)"), "%y, %e"));
  ExpectUnchanged(PatternFusion, Chain(kTanhGelu + Line("y", "MUL(%h, %s)"), "%y, %q"));
}

TEST(Preprocess, ReluBeforeAClampGoes) {
  const PassRun run = RunPass(PatternFusion, Chain(Line("r", "RELU(%x)") + Line("y", "RELU6(%r)")));
  EXPECT_EQ(run.module.main().op_count(), 1U);
  EXPECT_TRUE(Has(run, "RELU6"));
  ExpectUnchanged(PatternFusion, Chain(Line("r", "RELU6(%x)") + Line("y", "RELU(%r)")));
  ExpectUnchanged(PatternFusion, Chain(Line("r", "RELU(%x)") + Line("y", "RELU6(%r)"), "%y, %r"));
}

TEST(Preprocess, HardSwish) {
  const std::string clamp = Line("s", "ADD(%x, %three)") + Line("r", "RELU6(%s)");
  const PassRun run = RunPass(PseudoOperators,
                              Chain(clamp + Line("m", "MUL(%x, %r)") + Line("y", "DIV(%m, %six)")));
  EXPECT_EQ(run.module.main().op_count(), 1U) << run.text;
  EXPECT_TRUE(Has(run, "HARD_SWISH"));
  ExpectUnchanged(PseudoOperators,
                  Chain(clamp + Line("m", "MUL(%x, %r)") + Line("y", "DIV(%m, %three)")));
}

TEST(Preprocess, LeakyRelu) {
  const PassRun run =
      RunPass(PseudoOperators, Chain(Line("m", "MUL(%x, %half)") + Line("y", "MAXIMUM(%m, %x)")));
  EXPECT_EQ(run.module.main().op_count(), 1U) << run.text;
  EXPECT_NE(run.text.find("alpha=0.5"), std::string::npos) << run.text;
  ExpectUnchanged(PseudoOperators,
                  Chain(Line("m", "MUL(%x, %three)") + Line("y", "MAXIMUM(%m, %x)")));
  ExpectUnchanged(PseudoOperators,
                  Chain(Line("m", "MUL(%x, %half)") + Line("y", "MINIMUM(%m, %x)")));
}

TEST(Preprocess, PowersAndFactors) {
  const std::string square = "    %two = const f32[] [2]\n" + Line("y", "POW(%x, %two)");
  EXPECT_TRUE(Has(RunPass(PseudoOperators, Chain(square)), "MUL"));
  EXPECT_TRUE(Has(RunPass(PseudoOperators, Chain(Line("y", "POW(%x, %half)"))), "SQRT"));
  ExpectUnchanged(PseudoOperators, Chain(Line("y", "POW(%x, %three)")));
  const PassRun run =
      RunPass(ConstantChains, Chain(Line("m", "MUL(%x, %three)") + Line("y", "DIV(%m, %six)")));
  EXPECT_EQ(run.module.main().op_count(), 1U) << run.text;
  ExpectUnchanged(ConstantChains,
                  Chain(Line("m", "MUL(%x, %three)") + Line("y", "DIV(%m, %six)"), "%y, %m"));
}

TEST(Preprocess, NormalizationsMultiplyByTheInverseOfARoot) {
  const std::string root =
      "    %e = const f32[] [1e-05]\n" + Line("v", "ADD(%x, %e)") + Line("d", "SQRT(%v)");
  const PassRun product = RunPass(PseudoOperators, Chain(root + Line("y", "DIV(%x, %d)")));
  EXPECT_TRUE(Has(product, "RSQRT") && Has(product, "MUL") && !Has(product, "DIV")) << product.text;
  const PassRun inverse = RunPass(PseudoOperators, Chain(root + Line("y", "DIV(%one, %d)")));
  EXPECT_TRUE(Has(inverse, "RSQRT") && !Has(inverse, "MUL")) << inverse.text;
  // The root is used elsewhere; is what is divided; may be 0.
  ExpectUnchanged(PseudoOperators, Chain(root + Line("y", "DIV(%x, %d)"), "%y, %d"));
  ExpectUnchanged(PseudoOperators, Chain(root + Line("y", "DIV(%d, %x)")));
  ExpectUnchanged(PseudoOperators, Chain(Line("d", "SQRT(%x)") + Line("y", "DIV(%x, %d)")));
}

TEST(Preprocess, QuotientsByPowersOfTwoAreProducts) {
  const PassRun run = RunPass(PseudoOperators, Chain(Line("y", "DIV(%x, %half)")));
  EXPECT_TRUE(Has(run, "MUL") && run.text.find("[2.0]") != std::string::npos) << run.text;
  ExpectUnchanged(PseudoOperators, Chain(Line("y", "DIV(%x, %three)")));
  ExpectUnchanged(PseudoOperators, Chain(Line("y", "DIV(%half, %x)")));
}

// An image [1,16,4,5] from a channels-last kernel as [1,4,8,10] through six axes and `order`.
std::string ToSpace(const std::string& six, const std::string& order, const std::string& end,
                    const std::string& outputs = "%y") {
  return R"(graph @main(%x "x": f32[1,4,5,16]) {
    %order = const i32[6] )" +
         order + R"(
    %first = const i32[4] [0, 3, 1, 2]
    %apart = const i32[6] )" +
         six + R"(
    %end = const i32[4] )" +
         end + R"(
    %p = MAX_POOL_2D(%x) {fused_activation_function="NONE", padding="VALID", stride_w=1, )" +
         R"(stride_h=1, filter_width=1, filter_height=1} : f32[1,4,5,16] from {0}
    %i = TRANSPOSE(%p, %first) : f32[1,16,4,5] from {0}
    %r = RELU(%i) : f32[1,16,4,5] from {0}
    %s = RESHAPE(%r, %apart) : f32)" +
         six + R"( from {0}
    %t = TRANSPOSE(%s, %order) : f32[1,4,4,2,5,2] from {0}
    %y = RESHAPE(%t, %end) : f32)" +
         end + R"( from {0}
    return )" +
         outputs + "\n}";
}

TEST(Preprocess, PixelShuffle) {
  for (const auto& [six, order] : {std::pair("[1,4,2,2,4,5]", "[0, 1, 4, 2, 5, 3]"),
                                   std::pair("[1,2,2,4,4,5]", "[0, 3, 4, 1, 5, 2]")}) {
    const PassRun run = RunPass(PatternFusion, ToSpace(six, order, "[1,4,8,10]"));
    EXPECT_EQ(run.rewrites, 1U) << run.text;
    EXPECT_TRUE(Has(run, "DEPTH_TO_SPACE")) << run.text;
  }
  const char* six = "[1,4,2,2,4,5]";
  const char* order = "[0, 1, 4, 2, 5, 3]";
  ExpectUnchanged(PatternFusion, ToSpace(six, order, "[1,4,10,8]"));
  ExpectUnchanged(PatternFusion, ToSpace(six, order, "[1,4,8,10]", "%y, %s"));
  ExpectUnchanged(PatternFusion, ToSpace(six, "[0, 1, 4, 3, 5, 2]", "[1,4,8,10]"));
}

TEST(Preprocess, AxesAreCountedFromTheFront) {
  ExpectPass(NormalizeAttributes, R"(graph @main(%x "x": f32[2,3]) {
    %a = const i32[2] [-1, 1]
    %b = const i32[] [-2]
    %m = MEAN(%x, %a) {keep_dims=true} : f32[2,1] from {0}
    %c = CONCATENATION(%m, %x) {axis=-1, fused_activation_function="NONE"} : f32[2,4] from {0}
    %y "y" = ARG_MAX(%c, %b) {output_type="i32"} : i32[4] from {0}
    return %y
  })",
             R"(graph @main(%x "x": f32[2,3]) {
    %a = const i32[1] [1]
    %b = const i32[] [0]
    %m = MEAN(%x, %a) {keep_dims=true} : f32[2,1] from {0}
    %c = CONCATENATION(%m, %x) {axis=1, fused_activation_function="NONE"} : f32[2,4] from {0}
    %y "y" = ARG_MAX(%c, %b) {output_type="i32"} : i32[4] from {0}
    return %y
  })",
             3);
}

TEST(Preprocess, EveryRuleBelongsToAStage) {
  for (const PatternRule& rule : AllPatternRules()) {
    const auto names = [&](const Pass& pass) { return pass.name == rule.stage; };
    EXPECT_TRUE(std::ranges::any_of(Pipeline(), names)) << rule.name;
    EXPECT_FALSE(rule.doc.empty());
  }
}

}  // namespace
}  // namespace smelt::passes
