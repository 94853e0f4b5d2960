#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

// As the importer writes it: channels last, a TRANSPOSE to channels first, scale, shift.
constexpr std::string_view kConvAttrs =
    "{dilation_h_factor=1, dilation_w_factor=1, fused_activation_function=\"NONE\", "
    "padding=\"VALID\", stride_h=1, stride_w=1}";

std::string Conv(std::string_view after_transpose, std::string_view result = "%y") {
  return R"(graph @main(%x "x": f32[N,3,3,1], %z "z": f32[N,2,3,3]) {
    %w "w" = const f32[2,1,1,1] [2.0, 3.0]
    %b "b" = const f32[2] [0.5, -1.0]
    %c = CONV_2D(%x, %w, %b) )" +
         std::string(kConvAttrs) + R"( : f32[N,3,3,2] from {0}
    %p = const i32[4] [0, 3, 1, 2]
    %t "conv" = TRANSPOSE(%c, %p) : f32[N,2,3,3] from {0}
    )" + std::string(after_transpose) +
         "\n    return " + std::string(result) + "\n  }\n";
}

std::string Folded(std::string_view weights, std::string_view bias, std::string_view name) {
  return R"(graph @main(%x "x": f32[N,3,3,1], %z "z": f32[N,2,3,3]) {
    %w "w" = const f32[2,1,1,1] )" +
         std::string(weights) + R"(
    %b "b" = const f32[2] )" +
         std::string(bias) + R"(
    %c = CONV_2D(%x, %w, %b) )" +
         std::string(kConvAttrs) + R"( : f32[N,3,3,2] from {0, 1}
    %p = const i32[4] [0, 3, 1, 2]
    %t ")" +
         std::string(name) + R"(" = TRANSPOSE(%c, %p) : f32[N,2,3,3] from {0}
    return %t
  })";
}

TEST(FoldBatchNorm, AcrossTheImportersTranspose) {
  ExpectPass(FoldBatchNorm, Conv(R"(%s = const f32[1,2,1,1] [10.0, 100.0]
    %m = MUL(%t, %s) : f32[N,2,3,3] from {1}
    %o = const f32[1,2,1,1] [1.0, 2.0]
    %y "bn" = ADD(%m, %o) : f32[N,2,3,3] from {1})"),
             Folded("[20.0, 300.0]", "[6.0, -98.0]", "bn"), 2);
}

TEST(FoldBatchNorm, EveryLinkIsTaken) {
  // Constant first, a subtraction, a scalar, three-axis constants.
  ExpectPass(FoldBatchNorm, Conv(R"(%s = const f32[2,1,1] [2.0, 4.0]
    %m = MUL(%s, %t) : f32[N,2,3,3] from {1}
    %o = const f32[] [1.0]
    %u = SUB(%m, %o) : f32[N,2,3,3] from {1}
    %h = const f32[] [0.5]
    %y "bn" = MUL(%u, %h) : f32[N,2,3,3] from {1})"),
             Folded("[2.0, 6.0]", "[0.0, -2.5]", "bn"), 3);
}

TEST(FoldBatchNorm, APositiveScaleGoesThroughRelu) {
  const auto relu = [](std::string_view scale) {
    return RunPass(FoldBatchNorm, Conv(R"(%r = RELU(%t) : f32[N,2,3,3] from {1}
    %s = const f32[1,2,1,1] )" + std::string(scale) +
                                       R"(
    %m = MUL(%r, %s) : f32[N,2,3,3] from {1}
    %o = const f32[] [1.0]
    %y "y" = ADD(%m, %o) : f32[N,2,3,3] from {2})"));
  };
  const PassRun folded = relu("[10.0, 100.0]");
  EXPECT_EQ(folded.rewrites, 1U) << folded.text;
  EXPECT_EQ(folded.text.find("MUL"), std::string::npos) << folded.text;
  EXPECT_NE(folded.text.find("const f32[2] [5.0, -100.0]"), std::string::npos) << folded.text;
  EXPECT_NE(folded.text.find("ADD"), std::string::npos) << "a shift doesn't go through";
  EXPECT_EQ(relu("[10.0, -1.0]").rewrites, 0U);
  EXPECT_EQ(relu("[10.0, 0.0]").rewrites, 0U);
}

TEST(FoldBatchNorm, WeightsStayAView) {
  const PassRun run = RunPass(FoldBatchNorm, Conv(R"(%s = const f32[1,2,1,1] [10.0, 100.0]
    %y = MUL(%t, %s) : f32[N,2,3,3] from {1})"));
  const ir::Graph& graph = run.module.main();
  const ir::Constant* weights = graph.constant(graph.op(graph.first()).input(1));
  ASSERT_NE(weights, nullptr);
  ASSERT_EQ(weights->steps().size(), 1U);
  EXPECT_EQ(weights->steps()[0].axis, 0);
}

TEST(FoldBatchNorm, OtherUsersOfTheWeightsKeepThem) {
  const PassRun run = RunPass(FoldBatchNorm, R"(graph @main(%x "x": f32[2,2], %z "z": f32[2,2]) {
    %w = const f32[2,2] [1.0, 2.0, 3.0, 4.0]
    %a = FULLY_CONNECTED(%x, %w) : f32[2,2] from {0}
    %s = const f32[2] [10.0, 20.0]
    %m = MUL(%a, %s) : f32[2,2] from {1}
    %b = FULLY_CONNECTED(%z, %w) : f32[2,2] from {2}
    return %m, %b
  })");
  EXPECT_NE(run.text.find("[10.0, 20.0, 60.0, 80.0]"), std::string::npos) << run.text;
  EXPECT_NE(run.text.find("[1.0, 2.0, 3.0, 4.0]"), std::string::npos) << run.text;
}

TEST(FoldBatchNorm, DepthwiseScalesTheLastAxis) {
  const PassRun run = RunPass(FoldBatchNorm, R"(graph @main(%x "x": f32[1,1,1,2]) {
    %w = const f32[1,1,1,2] [1.0, 2.0]
    %b = const f32[2] [1.0, 1.0]
    %c = DEPTHWISE_CONV_2D(%x, %w, %b) {depth_multiplier=1, dilation_h_factor=1, dilation_w_factor=1, padding="VALID", stride_h=1, stride_w=1} : f32[1,1,1,2] from {0}
    %s = const f32[2] [3.0, 5.0]
    %y = MUL(%c, %s) : f32[1,1,1,2] from {1}
    return %y
  })");
  EXPECT_NE(run.text.find("const f32[1,1,1,2] [3.0, 10.0]"), std::string::npos) << run.text;
  EXPECT_NE(run.text.find("const f32[2] [3.0, 5.0]"), std::string::npos) << run.text;
  EXPECT_EQ(run.rewrites, 1U);
}

TEST(FoldBatchNorm, TransposedConvolutionGetsABiasAcrossItsCrop) {
  const PassRun run = RunPass(FoldBatchNorm, R"(graph @main(%x "x": f32[1,2,2,1]) {
    %o = const i32[4] [1, 4, 4, 2]
    %w = const f32[2,2,2,1] [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]
    %c = TRANSPOSE_CONV(%o, %w, %x) {padding="VALID", stride_h=2, stride_w=2} : f32[1,4,4,2] from {0}
    %g = const i32[4] [0, 1, 1, 0]
    %z = const i32[4] [1, 2, 2, 2]
    %k = SLICE(%c, %g, %z) : f32[1,2,2,2] from {0}
    %p = const i32[4] [0, 3, 1, 2]
    %t = TRANSPOSE(%k, %p) : f32[1,2,2,2] from {0}
    %s = const f32[1,2,1,1] [7.0, 9.0]
    %y = ADD(%t, %s) : f32[1,2,2,2] from {1}
    return %y
  })");
  EXPECT_EQ(run.rewrites, 1U);
  const ir::Graph& graph = run.module.main();
  const ir::Constant* bias = graph.constant(graph.op(graph.first()).input(3));
  ASSERT_NE(bias, nullptr) << run.text;
  EXPECT_EQ(bias->AsDoubles(), (std::vector<double>{7, 9}));
}

TEST(FoldBatchNorm, OneDimensionalConvolutionsDropAnAxisOnTheWay) {
  const PassRun run = RunPass(FoldBatchNorm, R"(graph @main(%x "x": f32[N,1,5,1]) {
    %w = const f32[2,1,1,1] [2.0, 3.0]
    %b = const f32[2] [0.0, 0.0]
    %c = CONV_2D(%x, %w, %b) )" + std::string(kConvAttrs) +
                                                 R"( : f32[N,1,5,2] from {0}
    %i = const i32[3] [-1, 5, 2]
    %r = RESHAPE(%c, %i) {new_shape=[-1, 5, 2]} : f32[N,5,2] from {0}
    %p = const i32[3] [0, 2, 1]
    %t = TRANSPOSE(%r, %p) : f32[N,2,5] from {0}
    %s = const f32[1,2,1] [10.0, 20.0]
    %y = MUL(%t, %s) : f32[N,2,5] from {1}
    return %y
  })");
  EXPECT_EQ(run.rewrites, 1U);
  EXPECT_NE(run.text.find("[20.0, 60.0]"), std::string::npos) << run.text;
}

TEST(FoldBatchNorm, BiasIsRoundedOnce) {
  // In float 1e8 + 1 - 1e8 would be 0.
  const PassRun run = RunPass(FoldBatchNorm, R"(graph @main(%x "x": f32[1,1]) {
    %w = const f32[1,1] [1.0]
    %b = const f32[1] [1.0]
    %c = FULLY_CONNECTED(%x, %w, %b) : f32[1,1] from {0}
    %s = const f32[1] [100000000.0]
    %m = ADD(%c, %s) : f32[1,1] from {1}
    %y = SUB(%m, %s) : f32[1,1] from {1}
    return %y
  })");
  const ir::Graph& graph = run.module.main();
  EXPECT_EQ(graph.constant(graph.op(graph.first()).input(2))->AsDoubles(),
            std::vector<double>{1.0});
}

TEST(FoldBatchNorm, LeavesWhatIsNotPerChannel) {
  ExpectUnchanged(FoldBatchNorm, Conv(R"(%s = const f32[1,2,3,1] [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    %y = MUL(%t, %s) : f32[N,2,3,3] from {1})"));
  ExpectUnchanged(FoldBatchNorm, Conv(R"(%s = const f32[3] [1.0, 2.0, 3.0]
    %y = MUL(%t, %s) : f32[N,2,3,3] from {1})"));
  ExpectUnchanged(FoldBatchNorm, Conv("%y = MUL(%t, %z) : f32[N,2,3,3] from {1}"));
}

TEST(FoldBatchNorm, LeavesAResultThatIsUsedTwice) {
  const std::string mul = R"(%s = const f32[1,2,1,1] [10.0, 100.0]
    %y = MUL(%t, %s) : f32[N,2,3,3] from {1})";
  ExpectUnchanged(FoldBatchNorm, Conv(mul, "%y, %t"));
  ExpectUnchanged(FoldBatchNorm, Conv(mul, "%y, %c"));
}

TEST(FoldBatchNorm, LeavesAFusedActivationAlone) {
  std::string text = Conv(R"(%s = const f32[1,2,1,1] [10.0, 100.0]
    %y = MUL(%t, %s) : f32[N,2,3,3] from {1})");
  text.replace(text.find("\"NONE\""), 6, "\"RELU\"");
  ExpectUnchanged(FoldBatchNorm, text);
  ExpectUnchanged(FoldBatchNorm, Conv(R"(%s = const f32[1,2,1,1] [10.0, 100.0]
    %y = MUL(%t, %s) {fused_activation_function="RELU"} : f32[N,2,3,3] from {1})"));
}

TEST(FoldBatchNorm, LeavesInfiniteScales) {
  ExpectUnchanged(FoldBatchNorm, Conv(R"(%s = const f32[1,2,1,1] hex"0000807f0000803f"
    %y = MUL(%t, %s) : f32[N,2,3,3] from {1})"));
}

TEST(FoldBatchNorm, ComputedWeightsTakeAShiftButNoScale) {
  const std::string text = R"(graph @main(%x "x": f32[2,2], %w "w": f32[2,2]) {
    %c = FULLY_CONNECTED(%x, %w) : f32[2,2] from {0}
    %o = const f32[2] [1.0, 2.0]
    %a = ADD(%c, %o) : f32[2,2] from {1}
    %s = const f32[2] [3.0, 4.0]
    %y = MUL(%a, %s) : f32[2,2] from {1}
    return %y
  })";
  const PassRun run = RunPass(FoldBatchNorm, text);
  EXPECT_EQ(run.rewrites, 1U);
  EXPECT_EQ(run.text.find("ADD"), std::string::npos) << run.text;
  EXPECT_NE(run.text.find("MUL"), std::string::npos) << run.text;
}

// A projection, apart in two heads of two, times keys; what follows the scores.
std::string Scores(std::string_view after, std::string_view result = "%y") {
  return R"(graph @main(%x "x": f32[N,3,4], %k "k": f32[N,2,2,3]) {
    %w "w" = const f32[4,4] splat [2.0]
    %b "b" = const f32[4] [1.0, 2.0, 3.0, 4.0]
    %f "query" = FULLY_CONNECTED(%x, %w, %b) {keep_num_dims=true} : f32[N,3,4] from {0}
    %i = const i32[4] [-1, 3, 2, 2]
    %h = RESHAPE(%f, %i) : f32[N,3,2,2] from {0}
    %p = const i32[4] [0, 2, 1, 3]
    %q "heads" = TRANSPOSE(%h, %p) : f32[N,2,3,2] from {0}
    %s = BATCH_MATMUL(%q, %k) : f32[N,2,3,3] from {0}
    %n = const f32[] [0.5]
    )" + std::string(after) +
         "\n    return " + std::string(result) + "\n  }\n";
}

TEST(FoldBatchNorm, OneNumberGoesThroughAProductOfMatrices) {
  for (const std::string_view scale : {"MUL(%s, %n)", "MUL(%n, %s)", "DIV(%s, %n)"}) {
    const PassRun run = RunPass(FoldBatchNorm, Scores("%y \"scores\" = " + std::string(scale) +
                                                      " : f32[N,2,3,3] from {1}"));
    const bool divides = scale.starts_with("DIV");
    EXPECT_EQ(run.rewrites, 1U) << run.text;
    EXPECT_EQ(run.text.find("MUL(%s"), std::string::npos) << run.text;
    EXPECT_NE(run.text.find(divides ? "const f32[4] [2.0, 4.0, 6.0, 8.0]"
                                    : "const f32[4] [0.5, 1.0, 1.5, 2.0]"),
              std::string::npos)
        << run.text;
    EXPECT_NE(run.text.find("\"scores\" = BATCH_MATMUL"), std::string::npos) << run.text;
    EXPECT_EQ(run.text.find("\"query\""), std::string::npos) << "it holds other values now";
    EXPECT_EQ(run.text.find("\"heads\""), std::string::npos) << run.text;
  }
}

TEST(FoldBatchNorm, NothingButOneNumberDoes) {
  ExpectUnchanged(FoldBatchNorm, Scores("%y = ADD(%s, %n) : f32[N,2,3,3] from {1}"));
  ExpectUnchanged(FoldBatchNorm, Scores("%y = DIV(%n, %s) : f32[N,2,3,3] from {1}"));
  ExpectUnchanged(FoldBatchNorm, Scores("%y = MUL(%s, %n) : f32[N,2,3,3] from {1}", "%y, %q"));
  ExpectUnchanged(FoldBatchNorm, Scores("%t = SOFTMAX(%s) {beta=1.0} : f32[N,2,3,3] from {0}\n"
                                        "    %y = MUL(%t, %n) : f32[N,2,3,3] from {1}"));
  ExpectUnchanged(FoldBatchNorm, Scores("%v = const f32[3] [1.0, 2.0, 3.0]\n"
                                        "    %y = MUL(%s, %v) : f32[N,2,3,3] from {1}"));
  ExpectUnchanged(FoldBatchNorm, Scores("%o = const f32[] [0.0]\n"
                                        "    %y = DIV(%s, %o) : f32[N,2,3,3] from {1}"));
}

TEST(FoldBatchNorm, AQuotientByChannelsIsAScale) {
  ExpectPass(FoldBatchNorm, Conv(R"(%s = const f32[1,2,1,1] [0.5, 0.25]
    %y "y" = DIV(%t, %s) : f32[N,2,3,3] from {1})"),
             Folded("[4.0, 12.0]", "[1.0, -4.0]", "y"), 1);
}

}  // namespace
}  // namespace smelt::passes
