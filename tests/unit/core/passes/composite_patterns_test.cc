// Chains that become composites, for jobs that keep them, and what only looks like one.
#include <gtest/gtest.h>

#include <cmath>

#include "core/ir/attention.h"
#include "core/passes/passes.h"
#include "core/passes/preprocess/rule.h"
#include "tests/unit/core/passes/legalize_case.h"

namespace smelt::passes {
namespace {

using ir::OpKind;

struct Fused {
  ir::Module module;
  std::uint64_t rewrites = 0;
  std::string text;

  const ir::Op* Composite() const {
    for (const ir::OpId id : module.main()) {
      if (module.main().op(id).kind == OpKind::kComposite) return &module.main().op(id);
    }
    return nullptr;
  }
};

// The graph behind the patterns of a job that keeps every composite; it computes what it did.
Fused Fuse(const std::string& graph, std::vector<std::string> composites = {"all"}) {
  Fused fused;
  fused.module = MustParse(InModule(graph));
  const auto before = Run(fused.module);
  ir::Diagnostics diagnostics;
  PassContext context{fused.module, *target::AllProfiles().front(), diagnostics};
  context.options.composites = std::move(composites);
  const Status status = PatternFusion(context);
  EXPECT_TRUE(status.ok()) << status.ToString();
  fused.rewrites = context.rewrites;
  fused.text = ir::Print(fused.module);
  const Status verified = ir::VerifyModule(fused.module);
  EXPECT_TRUE(verified.ok()) << verified.ToString() << fused.text;
  const auto after = Run(fused.module);
  for (std::size_t i = 0; i < before.size() && i < after.size(); ++i) {
    const auto want = before[i].values<float>(), got = after[i].values<float>();
    for (std::size_t k = 0; k < want.size(); ++k) {
      if (!std::isfinite(want[k]) && !std::isfinite(got[k])) continue;
      EXPECT_NEAR(got[k], want[k], 1e-4 * (1 + std::abs(want[k]))) << k << fused.text;
    }
  }
  return fused;
}

std::string Op(const std::string& name, const std::string& text, const std::string& type) {
  return "    %" + name + " = " + text + " : f32" + type + " from {0}\n";
}

// %x [2,4,3] to %y, with rows of three numbers and the usual scalars.
std::string NormGraph(const std::string& body, const std::string& outputs = "%y") {
  return R"(graph @main(%x "x": f32[2,4,3], %computed "c": f32[3]) {
    %w = const f32[3] [1, 2, 3]
    %b = const f32[3] [0.5, -1, 2]
    %w3 = const f32[1,1,3] [1, 2, 3]
    %wide = const f32[4,3] splat [2]
    %two = const f32[] [2]
    %three = const f32[] [3]
    %one = const f32[] [1]
    %e = const f32[] [0.001]
    %last = const i32[1] [-1]
    %first = const i32[1] [1]
    %both = const i32[2] [1, 2]
)" + body +
         "    return " + outputs + "\n}\n";
}

const char* const kFull = "[2,4,3]";
const char* const kOne = "[2,4,1]";

std::string Mean(const std::string& name, const std::string& of, const std::string& axes = "%last",
                 const std::string& type = kOne, const std::string& keep = "true") {
  return Op(name, "MEAN(%" + of + ", " + axes + ") {keep_dims=" + keep + "}", type);
}

// d = sqrt(mean(%of ^ 2) + epsilon), by POW.
std::string Deviation(const std::string& of, const std::string& epsilon = "%e") {
  return Op("p", "POW(%" + of + ", %two)", kFull) + Mean("v", "p") +
         Op("s", "ADD(%v, " + epsilon + ")", kOne) + Op("d", "SQRT(%s)", kOne);
}
const std::string kCentered = Mean("m", "x") + Op("c", "SUB(%x, %m)", kFull);

TEST(CompositePatterns, RmsNormInItsSpellings) {
  const std::string squares =
      Op("p", "MUL(%x, %x)", kFull) + Mean("v", "p") + Op("s", "ADD(%e, %v)", kOne);
  const std::string spellings[] = {
      Deviation("x") + Op("n", "DIV(%x, %d)", kFull) + Op("y", "MUL(%n, %w)", kFull),
      Deviation("x") + Op("i", "DIV(%one, %d)", kOne) + Op("n", "MUL(%x, %i)", kFull) +
          Op("y", "MUL(%w, %n)", kFull),
      squares + Op("i", "RSQRT(%s)", kOne) + Op("n", "MUL(%i, %x)", kFull) +
          Op("y", "MUL(%w3, %n)", kFull),
      Op("q", "SQUARE(%x)", kFull) + Mean("v", "q") + Op("s", "ADD(%v, %e)", kOne) +
          Op("d", "SQRT(%s)", kOne) + Op("n", "DIV(%x, %d)", kFull) + Op("y", "MUL(%n, %w)", kFull),
  };
  for (const std::string& body : spellings) {
    const Fused fused = Fuse(NormGraph(body));
    ASSERT_NE(fused.Composite(), nullptr) << fused.text;
    EXPECT_EQ(fused.module.main().op_count(), 1U) << fused.text;
    const ir::Op& op = *fused.Composite();
    EXPECT_EQ(op.attrs.String("name"), "onnx.RMSNormalization");
    EXPECT_NEAR(op.attrs.Float("epsilon"), 0.001, 1e-9);
    EXPECT_EQ(op.attrs.Int("axis"), 2);
    EXPECT_EQ(fused.module.symbols().Text(fused.module.main().type(op.input(1))), "f32[3]");
  }
}

TEST(CompositePatterns, LayerNormInItsSpellings) {
  const std::string scaled = Op("t", "MUL(%n, %w)", kFull) + Op("y", "ADD(%t, %b)", kFull);
  const std::string spellings[] = {
      kCentered + Deviation("c") + Op("n", "DIV(%c, %d)", kFull) + scaled,
      kCentered + Op("p", "MUL(%c, %c)", kFull) + Mean("v", "p") + Op("s", "ADD(%v, %e)", kOne) +
          Op("i", "RSQRT(%s)", kOne) + Op("n", "MUL(%c, %i)", kFull) +
          Op("t", "MUL(%w, %n)", kFull) + Op("y", "ADD(%b, %t)", kFull),
  };
  for (const std::string& body : spellings) {
    const Fused fused = Fuse(NormGraph(body));
    ASSERT_NE(fused.Composite(), nullptr) << fused.text;
    EXPECT_EQ(fused.module.main().op_count(), 1U) << fused.text;
    EXPECT_EQ(fused.Composite()->attrs.String("name"), "onnx.LayerNormalization");
    EXPECT_EQ(fused.Composite()->input_count(), 3);
  }
}

TEST(CompositePatterns, NothingHappensUnlessTheJobKeepsThem) {
  const std::string rms =
      NormGraph(Deviation("x") + Op("n", "DIV(%x, %d)", kFull) + Op("y", "MUL(%n, %w)", kFull));
  EXPECT_EQ(Fuse(rms, {}).rewrites, 0U);
  EXPECT_EQ(Fuse(rms, {"odml.group_norm"}).rewrites, 0U);
  EXPECT_EQ(Fuse(rms, {"odml.rms_norm"}).rewrites, 1U);
}

TEST(CompositePatterns, WhatAlmostIsANormStays) {
  const std::string quotient = Op("n", "DIV(%x, %d)", kFull);
  const std::string scaled = Op("y", "MUL(%n, %w)", kFull);
  const std::string layer = kCentered + Deviation("c") + Op("n", "DIV(%c, %d)", kFull);
  const std::string graphs[] = {
      // Without a scale; with one that is computed, or one for each place.
      NormGraph(Deviation("x") + Op("y", "DIV(%x, %d)", kFull)),
      NormGraph(Deviation("x") + quotient + Op("y", "MUL(%n, %computed)", kFull)),
      NormGraph(Deviation("x") + quotient + Op("y", "MUL(%n, %wide)", kFull)),
      NormGraph(Deviation("x") + quotient + Op("y", "MUL(%n, %three)", kFull)),
      // Another power, axis or epsilon; axes together; a mean of something else.
      NormGraph(Op("p", "POW(%x, %three)", kFull) + Mean("v", "p") +
                Op("s", "ADD(%v, %three)", kOne) + Op("d", "SQRT(%s)", kOne) + quotient + scaled),
      NormGraph(Op("p", "POW(%x, %two)", kFull) + Mean("v", "p", "%first", "[2,1,3]") +
                Op("s", "ADD(%v, %e)", "[2,1,3]") + Op("d", "SQRT(%s)", "[2,1,3]") + quotient +
                scaled),
      NormGraph(Op("p", "POW(%x, %two)", kFull) + Mean("v", "p", "%both", "[2,1,1]") +
                Op("s", "ADD(%v, %e)", "[2,1,1]") + Op("d", "SQRT(%s)", "[2,1,1]") + quotient +
                scaled),
      NormGraph(Op("a", "ABS(%x)", kFull) + Deviation("a") + quotient + scaled),
      // The root is divided; the deviation, the quotient or the centered value is used elsewhere.
      NormGraph(Deviation("x") + Op("n", "DIV(%d, %x)", kFull) + scaled),
      NormGraph(Deviation("x") + quotient + scaled, "%y, %d"),
      NormGraph(Deviation("x") + quotient + scaled, "%y, %n"),
      NormGraph(layer + Op("t", "MUL(%n, %w)", kFull) + Op("y", "ADD(%t, %b)", kFull), "%y, %c"),
      NormGraph(layer + Op("t", "MUL(%n, %w)", kFull) + Op("y", "ADD(%t, %b)", kFull), "%y, %t"),
      // A layer norm without a shift, or with a computed one; one that adds the mean.
      NormGraph(layer + Op("y", "MUL(%n, %w)", kFull)),
      NormGraph(layer + Op("t", "MUL(%n, %w)", kFull) + Op("y", "ADD(%t, %computed)", kFull)),
      // An activation in the middle.
      NormGraph(Deviation("x") + quotient +
                Op("y", R"(MUL(%n, %w) {fused_activation_function="RELU"})", kFull)),
  };
  for (const std::string& graph : graphs) EXPECT_EQ(Fuse(graph).rewrites, 0U) << graph;
}

TEST(CompositePatterns, BodiesOfCompositesAreLeftAlone) {
  const std::string graph = R"(graph @main(%x "x": f32[2,4,3]) {
    %w = const f32[3] [1, 2, 3]
    %y = composite(%x, %w) {name="onnx.RMSNormalization", axis=2, epsilon=0.5} regions(@body)
        : f32[2,4,3] from {0}
    return %y
  }
  graph @body(%x: f32[2,4,3], %w: f32[3]) {
    %e = const f32[] [0.5]
    %k = const f32[3] [1, 2, 3]
    %two = const f32[] [2]
    %last = const i32[1] [2]
)" + Deviation("x") + Op("n", "DIV(%x, %d)", kFull) +
                            Op("y", "MUL(%n, %k)", kFull) + "    return %y\n}\n";
  EXPECT_EQ(Fuse(graph).rewrites, 0U);
}

// Heads of query [1,2,3,4], key [1,2,4,5] and value [1,2,5,4].
std::string AttentionGraph(const std::string& body, const std::string& outputs = "%y") {
  return R"(graph @main(%q "q": f32[1,2,3,4], %k "k": f32[1,2,4,5], %v "v": f32[1,2,5,4],
      %rows "r": f32[1,2,5,4], %few "f": f32[1,1,4,5]) {
    %half = const f32[] [0.5]
    %mask = const f32[3,5] splat [0.25]
    %column = const f32[3,1] [1, 2, 3]
    %allowed = const bool[1,1,1,5] [1, 0, 1, 1, 0]
    %lowest = const f32[] [-3.4028234e38]
    %large = const f32[] [-10000]
)" + body +
         "    return " + outputs + "\n}\n";
}

const char* const kScores = "[1,2,3,5]";
const char* const kHeads = "[1,2,3,4]";
std::string Scores(const std::string& name, const std::string& q = "q",
                   const std::string& k = "k") {
  return Op(name, "BATCH_MATMUL(%" + q + ", %" + k + ")", kScores);
}
std::string Finish(const std::string& of, const std::string& beta = "1.0") {
  return Op("p", "SOFTMAX(%" + of + ") {beta=" + beta + "}", kScores) +
         Op("y", "BATCH_MATMUL(%p, %v)", kHeads);
}

TEST(CompositePatterns, AttentionInItsSpellings) {
  const std::string scaled_query = Op("qs", "MUL(%q, %half)", kHeads);
  const std::string scaled_key = Op("ks", "MUL(%k, %half)", "[1,2,4,5]");
  const struct {
    std::string body;
    double scale;
  } spellings[] = {
      {Scores("s") + Finish("s"), 1},
      {scaled_query + Scores("s", "qs") + Finish("s"), 0.5},
      {scaled_query + scaled_key + Scores("s", "qs", "ks") + Finish("s"), 0.25},
      {Scores("u") + Op("s", "DIV(%u, %half)", kScores) + Finish("s"), 2},
      {Scores("u") + Op("t", "MUL(%half, %u)", kScores) + Op("s", "ADD(%mask, %t)", kScores) +
           Finish("s"),
       0.5},
      {scaled_query + Op("u", "BATCH_MATMUL(%qs, %rows) {adj_y=true}", kScores) +
           Op("t", "ADD(%u, %mask)", kScores) +
           Op("s", "SELECT_V2(%allowed, %t, %lowest)", kScores) + Finish("s"),
       0.5},
  };
  for (const auto& [body, scale] : spellings) {
    const Fused fused = Fuse(AttentionGraph(body));
    ASSERT_NE(fused.Composite(), nullptr) << fused.text;
    const ir::Op& op = *fused.Composite();
    EXPECT_EQ(op.attrs.String("name"), ir::kAttention);
    EXPECT_NEAR(op.attrs.Float("scale"), scale, 1e-9);
    ASSERT_EQ(op.input_count(), 4);
    const auto type = [&](int i) {
      return fused.module.symbols().Text(fused.module.main().type(op.input(i)));
    };
    EXPECT_EQ(type(0), "f32[1,3,2,4]");
    EXPECT_EQ(type(1), "f32[1,5,2,4]");
    EXPECT_EQ(type(2), "f32[1,5,2,4]");
    EXPECT_EQ(fused.text.find("SOFTMAX"), fused.text.rfind("SOFTMAX")) << fused.text;
  }
}

// What a condition says becomes numbers to add, and none of it is left to the run where it is
// known.
TEST(CompositePatterns, AKnownConditionIsAConstantMask) {
  const Fused alone = Fuse(AttentionGraph(
      Scores("u") + Op("s", "SELECT_V2(%allowed, %u, %lowest)", kScores) + Finish("s")));
  const Fused both =
      Fuse(AttentionGraph(Scores("u") + Op("t", "ADD(%u, %mask)", kScores) +
                          Op("s", "SELECT_V2(%allowed, %t, %lowest)", kScores) + Finish("s")));
  for (const Fused* fused : {&alone, &both}) {
    ASSERT_NE(fused->Composite(), nullptr) << fused->text;
    const ir::Graph& main = fused->module.main();
    const ir::Constant* mask = main.constant(fused->Composite()->input(3));
    ASSERT_NE(mask, nullptr) << fused->text;
    for (const ir::OpId id : main) EXPECT_NE(main.op(id).kind, OpKind::kSelectV2) << fused->text;
  }
  const auto values = [](const Fused& fused) {
    const auto tensor =
        interp::Tensor::FromConstant(*fused.module.main().constant(fused.Composite()->input(3)));
    const auto floats = tensor.values<float>();
    return std::vector<float>(floats.begin(), floats.begin() + 5);
  };
  const float lowest = -3.4028234e38F;
  EXPECT_EQ(values(alone), (std::vector<float>{0, lowest, 0, 0, lowest}));
  EXPECT_EQ(values(both), (std::vector<float>{0.25F, lowest, 0.25F, 0.25F, lowest}));
}

TEST(CompositePatterns, WhatAlmostIsAttentionStays) {
  const std::string graphs[] = {
      // Another temperature; probabilities or scores that are read elsewhere.
      AttentionGraph(Scores("s") + Finish("s", "0.5")),
      AttentionGraph(Scores("s") + Finish("s"), "%y, %p"),
      AttentionGraph(Scores("s") + Finish("s"), "%y, %s"),
      // A mask that is the same for all keys; a score that only grows small; one that is capped.
      AttentionGraph(Scores("u") + Op("s", "ADD(%u, %column)", kScores) + Finish("s")),
      AttentionGraph(Scores("u") + Op("s", "SELECT_V2(%allowed, %u, %large)", kScores) +
                     Finish("s")),
      AttentionGraph(Scores("u") + Op("s", "TANH(%u)", kScores) + Finish("s")),
      // Keys that all heads share.
      AttentionGraph(Scores("s", "q", "few") + Finish("s")),
      // Two masks, one added behind the other.
      AttentionGraph(Scores("u") + Op("t", "ADD(%u, %mask)", kScores) +
                     Op("s", "ADD(%t, %mask)", kScores) + Finish("s")),
  };
  for (const std::string& graph : graphs) EXPECT_EQ(Fuse(graph).rewrites, 0U) << graph;
}

TEST(CompositePatterns, ScalesThatOthersReadStayOutside) {
  const Fused fused = Fuse(AttentionGraph(
      Op("qs", "MUL(%q, %half)", kHeads) + Scores("s", "qs") + Finish("s"), "%y, %qs"));
  ASSERT_NE(fused.Composite(), nullptr) << fused.text;
  EXPECT_EQ(fused.Composite()->attrs.Float("scale"), 1);
}

// Batches and lengths may be open; heads and their size are what the name is about. Without a mask
// the keys must be counted.
TEST(CompositePatterns, AttentionOfOpenSizes) {
  const auto rewrites = [](const std::string& batch, const std::string& heads,
                           const std::string& keys, bool masked) {
    const std::string scores = "[" + batch + "," + heads + ",3," + keys + "]";
    ir::Module module = MustParse(
        InModule("graph @main(%q \"q\": f32[" + batch + "," + heads + ",3,4], %k \"k\": f32[" +
                 batch + "," + heads + ",4," + keys + "], %v \"v\": f32[" + batch + "," + heads +
                 "," + keys + ",4], %m \"m\": f32[" + batch + ",1,1," + keys + "]) {\n" +
                 Op("u", "BATCH_MATMUL(%q, %k)", scores) + Op("s", "ADD(%u, %m)", scores) +
                 Op("p", std::string("SOFTMAX(%") + (masked ? "s" : "u") + ") {beta=1.0}", scores) +
                 Op("y", "BATCH_MATMUL(%p, %v)", "[" + batch + "," + heads + ",3,4]") +
                 "    return %y\n}\n"));
    ir::Diagnostics diagnostics;
    PassContext context{module, *target::AllProfiles().front(), diagnostics};
    context.options.composites = {"all"};
    EXPECT_TRUE(RemoveDead(context).ok());
    context.rewrites = 0;
    EXPECT_TRUE(PatternFusion(context).ok());
    const Status status = LegalizeStructure(context);
    EXPECT_TRUE(status.ok()) << status.ToString();
    const std::string text = ir::Print(module);
    EXPECT_EQ(text.find("STABLEHLO_COMPOSITE") != std::string::npos, context.rewrites != 0) << text;
    return context.rewrites;
  };
  EXPECT_EQ(rewrites("N", "2", "5", false), 2U);
  EXPECT_EQ(rewrites("N", "2", "N", true), 2U);
  EXPECT_EQ(rewrites("1", "2", "N", true), 2U);
  EXPECT_EQ(rewrites("1", "2", "N", false), 0U);
  EXPECT_EQ(rewrites("1", "N", "5", true), 0U);
  // A single head only of a single batch.
  EXPECT_EQ(rewrites("1", "1", "5", true), 2U);
  EXPECT_EQ(rewrites("2", "1", "5", true), 0U);
  EXPECT_EQ(rewrites("N", "1", "5", true), 0U);
}

}  // namespace
}  // namespace smelt::passes
