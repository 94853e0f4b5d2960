#include "core/ir/op_table.h"
#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

// A graph of x that returns %y; constants that the patterns use.
std::string Graph(std::string_view body, std::string_view results = "%y") {
  return R"(graph @main(%x "x": f32[N,4], %z "z": f32[N,4]) {
    %half = const f32[] [0.5]
    %one = const f32[] [1.0]
    %three = const f32[] [3.0]
    %six = const f32[] [6.0]
    %root2 = const f32[1] [1.4142135]
    %cubic = const f32[] [0.044715]
    %rate = const f32[] [0.7978846]
    )" + std::string(body) +
         "\n    return " + std::string(results) + "\n  }\n";
}

// The kind of the operator that makes the first result, and its attributes.
std::string Maker(const PassRun& run) {
  const ir::Graph& graph = run.module.graph(ir::GraphId{0});
  const ir::Op& op = graph.op(graph.value(graph.outputs()[0]).producer);
  std::string text(ir::GetOpInfo(op.kind).name);
  if (op.kind == ir::OpKind::kGelu && op.attrs.Bool("approximate")) text += " approximate";
  if (op.input(0) == graph.inputs()[0] && op.input_count() == 1) text += " of x";
  return text;
}

constexpr std::string_view kErf = R"(%d = DIV(%x, %root2) : f32[N,4] from {0}
    %e = core.ERF(%d) : f32[N,4] from {1}
    %g = ADD(%e, %one) : f32[N,4] from {1}
    )";

TEST(FuseGates, GeluByErfInEveryOrder) {
  const std::string_view ends[] = {
      R"(%m = MUL(%x, %g) : f32[N,4] from {2}
         %y "y" = MUL(%m, %half) : f32[N,4] from {2})",
      R"(%m = MUL(%half, %x) : f32[N,4] from {2}
         %y "y" = MUL(%m, %g) : f32[N,4] from {2})",
      R"(%m = MUL(%g, %half) : f32[N,4] from {2}
         %y "y" = MUL(%m, %x) : f32[N,4] from {2})"};
  for (const std::string_view end : ends) {
    const PassRun run = RunPass(FuseGates, Graph(std::string(kErf) + std::string(end)));
    EXPECT_EQ(run.rewrites, 1U) << run.text;
    EXPECT_EQ(Maker(run), "GELU of x") << run.text;
    EXPECT_NE(run.text.find("\"y\" = GELU(%0) {approximate=false} : f32[N,4] from {0, 1, 2}"),
              std::string::npos)
        << run.text;
  }
}

TEST(FuseGates, GeluByTanh) {
  const std::string_view cubes[] = {
      R"(%s = SQUARE(%x) : f32[N,4] from {0}
         %c = MUL(%s, %x) : f32[N,4] from {0}
         %k = MUL(%c, %cubic) : f32[N,4] from {0}
         %a = ADD(%x, %k) : f32[N,4] from {0}
         %i = MUL(%a, %rate) : f32[N,4] from {0})",
      R"(%c = POW(%x, %three) : f32[N,4] from {0}
         %k = MUL(%cubic, %c) : f32[N,4] from {0}
         %a = ADD(%k, %x) : f32[N,4] from {0}
         %i = MUL(%rate, %a) : f32[N,4] from {0})",
      R"(%s = MUL(%x, %x) : f32[N,4] from {0}
         %k = MUL(%s, %cubic) : f32[N,4] from {0}
         %a = ADD(%one, %k) : f32[N,4] from {0}
         %r = MUL(%x, %rate) : f32[N,4] from {0}
         %i = MUL(%r, %a) : f32[N,4] from {0})"};
  for (const std::string_view cube : cubes) {
    const PassRun run = RunPass(FuseGates, Graph(std::string(cube) + R"(
         %t = TANH(%i) : f32[N,4] from {1}
         %g = ADD(%t, %one) : f32[N,4] from {1}
         %m = MUL(%x, %half) : f32[N,4] from {2}
         %y "y" = MUL(%m, %g) : f32[N,4] from {2})"));
    EXPECT_EQ(run.rewrites, 1U) << run.text;
    EXPECT_EQ(Maker(run), "GELU approximate of x") << run.text;
  }
}

TEST(FuseGates, HardSwish) {
  const PassRun run = RunPass(FuseGates, Graph(R"(%a = ADD(%x, %three) : f32[N,4] from {0}
    %r = RELU6(%a) : f32[N,4] from {0}
    %m = MUL(%x, %r) : f32[N,4] from {1}
    %y = DIV(%m, %six) : f32[N,4] from {2})"));
  EXPECT_EQ(run.rewrites, 1U) << run.text;
  EXPECT_EQ(Maker(run), "HARD_SWISH of x") << run.text;
}

TEST(FuseGates, AnotherConstantIsAnotherFunction) {
  ExpectUnchanged(FuseGates, Graph(std::string(kErf) + R"(%m = MUL(%x, %g) : f32[N,4] from {2}
    %y = MUL(%m, %three) : f32[N,4] from {2})"));
  ExpectUnchanged(FuseGates, Graph(R"(%d = MUL(%x, %rate) : f32[N,4] from {0}
    %e = core.ERF(%d) : f32[N,4] from {1}
    %g = ADD(%e, %one) : f32[N,4] from {1}
    %m = MUL(%x, %g) : f32[N,4] from {2}
    %y = MUL(%m, %half) : f32[N,4] from {2})"));
  ExpectUnchanged(FuseGates, Graph(R"(%a = ADD(%x, %six) : f32[N,4] from {0}
    %r = RELU6(%a) : f32[N,4] from {0}
    %m = MUL(%x, %r) : f32[N,4] from {1}
    %y = DIV(%m, %six) : f32[N,4] from {2})"));
}

TEST(FuseGates, TheGateMustBeOfTheSameValue) {
  ExpectUnchanged(FuseGates, Graph(std::string(kErf) + R"(%m = MUL(%z, %g) : f32[N,4] from {2}
    %y = MUL(%m, %half) : f32[N,4] from {2})"));
}

TEST(FuseGates, WhatIsUsedElsewhereStays) {
  ExpectUnchanged(FuseGates, Graph(std::string(kErf) + R"(%m = MUL(%x, %g) : f32[N,4] from {2}
    %y = MUL(%m, %half) : f32[N,4] from {2})",
                                   "%y, %e"));
}

TEST(FuseGates, AGateThatBroadcastsStays) {
  ExpectUnchanged(FuseGates, R"(graph @main(%x "x": f32[4]) {
    %half = const f32[1,1] [0.5]
    %one = const f32[] [1.0]
    %rate = const f32[] [0.70710677]
    %d = MUL(%x, %rate) : f32[4] from {0}
    %e = core.ERF(%d) : f32[4] from {1}
    %g = ADD(%e, %one) : f32[4] from {1}
    %m = MUL(%x, %g) : f32[4] from {2}
    %y = MUL(%m, %half) : f32[1,4] from {2}
    return %y
  })");
}

}  // namespace
}  // namespace smelt::passes
