// Composites that stay: which ones, in which form, and what the passes behind make of them.
#include <gmock/gmock.h>

#include "core/passes/composite_forms.h"
#include "core/passes/passes.h"
#include "tests/unit/core/passes/legalize_case.h"

namespace smelt::passes {
namespace {

using ir::OpKind;
using ::testing::HasSubstr;

struct Kept {
  ir::Module module;
  ir::Diagnostics diagnostics;
  std::string text;

  std::vector<const ir::Op*> Composites() const {
    std::vector<const ir::Op*> found;
    for (const ir::OpId id : module.main()) {
      if (module.main().op(id).kind == OpKind::kStablehloComposite) {
        found.push_back(&module.main().op(id));
      }
    }
    return found;
  }
};

// The structure of `text` legalized for a job that keeps `composites`, computing what it did
// before.
Kept KeepIn(std::string_view text, std::vector<std::string> composites = {"all"},
            const target::Profile& profile = *target::AllProfiles().front()) {
  Kept kept;
  kept.module = MustParse(text);
  const auto before = Run(kept.module);
  PassContext context{kept.module, profile, kept.diagnostics};
  context.options.composites = std::move(composites);
  const Status status = LegalizeStructure(context);
  EXPECT_TRUE(status.ok()) << status.ToString();
  kept.text = ir::Print(kept.module);
  const Status verified = ir::VerifyModule(kept.module, {.require_origins = false});
  EXPECT_TRUE(verified.ok()) << verified.ToString() << kept.text;
  const auto after = Run(kept.module);
  EXPECT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size() && i < after.size(); ++i) {
    EXPECT_TRUE(std::ranges::equal(before[i].bytes(), after[i].bytes())) << kept.text;
  }
  return kept;
}

// A norm of %x with `operands` behind it, as a composite whose body ignores all but x.
std::string Norm(const std::string& name, const std::string& operands,
                 const std::string& attrs = "axis=1, epsilon=0.001",
                 const std::string& body_inputs = "%0: f32[2,3], %1: f32[3], %2: f32[3]",
                 const std::string& x = "f32[2,3]") {
  return "module {\n  graph @main(%x: " + x + ", %computed: f32[3]) {\n" +
         "    %s = const f32[3] [1, 2, 3]\n    %b = const f32[3] [4, 5, 6]\n" +
         "    %wide = const f32[2,3] [1, 2, 3, 4, 5, 6]\n    %y \"y\" = composite(%x" + operands +
         ") {name=\"" + name + "\", " + attrs + "} regions(@body) : " + x +
         "\n    return %y\n  }\n  graph @body(" + body_inputs + ") {\n    %9 = NEG(%0)\n" +
         "    return %9\n  }\n}";
}

const std::string kTwo = "%0: f32[2,3], %1: f32[3]";

TEST(Composites, ARootMeanSquareNormIsKept) {
  const Kept kept = KeepIn(Norm("onnx.RMSNormalization", ", %s", "axis=1, epsilon=0.25", kTwo));
  ASSERT_EQ(kept.Composites().size(), 1U) << kept.text;
  const ir::Op& op = *kept.Composites()[0];
  EXPECT_EQ(op.attrs, (ir::Attributes{{"name", std::string("odml.rms_norm")}, {"epsilon", 0.25}}));
  EXPECT_EQ(kept.module.graph(op.regions[0]).name(), "odml.rms_norm.impl");
  EXPECT_EQ(kept.module.main().value(op.result()).name, "y");
}

TEST(Composites, ALayerNormIsKeptAsAGroupNorm) {
  const Kept kept = KeepIn(Norm("onnx.LayerNormalization", ", %s, %b"));
  ASSERT_EQ(kept.Composites().size(), 1U) << kept.text;
  EXPECT_EQ(kept.Composites()[0]->attrs, (ir::Attributes{{"name", std::string("odml.group_norm")},
                                                         {"epsilon", 0.001},
                                                         {"num_groups", std::int64_t{1}},
                                                         {"channel_axis", std::int64_t{1}},
                                                         {"sub_type", std::int64_t{1}}}));
}

TEST(Composites, OnlyWhatTheJobAsksForIsKept) {
  const std::string rms = Norm("onnx.RMSNormalization", ", %s", "axis=1, epsilon=0.25", kTwo);
  EXPECT_EQ(KeepIn(rms, {}).Composites().size(), 0U);
  EXPECT_EQ(KeepIn(rms, {"odml.group_norm"}).Composites().size(), 0U);
  EXPECT_EQ(KeepIn(rms, {"odml.group_norm", "odml.rms_norm"}).Composites().size(), 1U);
}

TEST(Composites, WhatTheContractDoesNotSayIsDecomposed) {
  const std::string layer = "onnx.LayerNormalization";
  const std::string rms = "onnx.RMSNormalization";
  const std::string cases[] = {
      // Over more axes than the last one.
      Norm(layer, ", %s, %b", "axis=0, epsilon=0.001"),
      // Without a shift.
      Norm(layer, ", %s", "axis=1, epsilon=0.001", kTwo),
      // A scale that is computed, and one of another shape.
      Norm(layer, ", %computed, %b"),
      Norm(rms, ", %computed", "axis=1, epsilon=0.001", kTwo),
      Norm(rms, ", %wide", "axis=1, epsilon=0.001", "%0: f32[2,3], %1: f32[2,3]"),
      // One axis alone.
      Norm(rms, ", %s", "axis=0, epsilon=0.001", "%0: f32[3], %1: f32[3]", "f32[3]"),
      // Another composite.
      Norm("onnx.Other", ", %s, %b"),
  };
  for (const std::string& text : cases) {
    EXPECT_EQ(KeepIn(text).Composites().size(), 0U) << text;
  }
}

TEST(Composites, OtherElementTypesAndStatisticsAreDecomposed) {
  const Kept half = KeepIn(R"(module {
    graph @main(%x: f16[2,3]) {
      %s = const f16[3] [1, 2, 3]
      %y = composite(%x, %s) {name="onnx.RMSNormalization", axis=1, epsilon=0.5}
          regions(@body) : f16[2,3]
      return %y
    }
    graph @body(%0: f16[2,3], %1: f16[3]) {
      %2 = NEG(%0)
      return %2
    }
  })");
  EXPECT_EQ(half.Composites().size(), 0U);
  const Kept two = KeepIn(R"(module {
    graph @main(%x: f32[2,3]) {
      %s = const f32[3] [1, 2, 3]
      %y, %z = composite(%x, %s) {name="onnx.RMSNormalization", axis=1, epsilon=0.5}
          regions(@body) : f32[2,3], f32[2,3]
      return %y, %z
    }
    graph @body(%0: f32[2,3], %1: f32[3]) {
      %2 = NEG(%0)
      return %2, %0
    }
  })");
  EXPECT_EQ(two.Composites().size(), 0U);
}

std::string Attention(const std::string& key, const std::string& mask,
                      const std::string& query = "f32[1,3,2,4]") {
  return "module {\n  graph @main(%q: " + query + ", %k: " + key + ", %m: " + mask + R"() {
      %y = composite(%q, %k, %k, %m) {name="odml.scaled_dot_product_attention", scale=0.5}
          regions(@body) : )" +
         query + "\n      return %y\n    }\n    graph @body(%0: " + query + ", %1: " + key +
         ", %2: " + key + ", %3: " + mask + ") {\n      %4 = NEG(%0)\n      return %4\n    }\n  }";
}

TEST(Composites, AttentionIsKeptWhereKeysHeadsAndMaskFit) {
  for (const char* mask : {"f32[1,1,1,5]", "f32[1,1,3,5]", "f32[1,2,3,5]"}) {
    const Kept kept = KeepIn(Attention("f32[1,5,2,4]", mask));
    ASSERT_EQ(kept.Composites().size(), 1U) << mask;
    EXPECT_EQ(kept.Composites()[0]->attrs.Float("scale"), 0.5);
  }
  // Other heads, another size, a mask of another rank or that is repeated along the keys.
  for (const auto& [key, mask] : {std::pair("f32[1,5,1,4]", "f32[1,1,1,5]"),
                                  {"f32[1,5,2,3]", "f32[1,1,1,5]"},
                                  {"f32[2,5,2,4]", "f32[1,1,1,5]"},
                                  {"f32[1,5,2,4]", "f32[3,5]"},
                                  {"f32[1,5,2,4]", "f32[1,1,3,1]"},
                                  {"f32[1,5,2,4]", "f32[1,1,4,5]"}}) {
    EXPECT_EQ(KeepIn(Attention(key, mask)).Composites().size(), 0U) << key << mask;
  }
}

TEST(Composites, ASingleHeadIsKeptOfASingleBatch) {
  const auto kept = [](const char* query, const char* key) {
    return KeepIn(Attention(key, "f32[1,1,1,5]", query)).Composites().size();
  };
  EXPECT_EQ(kept("f32[1,3,1,4]", "f32[1,5,1,4]"), 1U);
  EXPECT_EQ(kept("f32[2,3,1,4]", "f32[2,5,1,4]"), 0U);
  EXPECT_EQ(kept("f32[2,3,2,4]", "f32[2,5,2,4]"), 1U);
}

constexpr std::string_view kThree = R"(module {
  source 0 "a" LayerNormalization opset 17 path ""
  source 1 "b" LayerNormalization opset 17 path ""
  source 2 "c" LayerNormalization opset 17 path ""
  graph @main(%x: f32[2,3]) {
    %s = const f32[3] [1, 2, 3]
    %t = const f32[3] [2, 2, 2]
    %1 = composite(%x, %s) {name="onnx.RMSNormalization", axis=1, epsilon=0.5}
        regions(@one) : f32[2,3] from {0}
    %2 = composite(%1, %t) {name="onnx.RMSNormalization", axis=1, epsilon=0.5}
        regions(@two) : f32[2,3] from {1}
    %3 = composite(%2, %t) {name="onnx.RMSNormalization", axis=1, epsilon=0.25}
        regions(@three) : f32[2,3] from {2}
    return %3
  }
  graph @one(%0 "x0": f32[2,3], %1 "x1": f32[3]) {
    %2 = const f32[] [0.5]
    %3 = MUL(%0, %2) from {0}
    return %3
  }
  graph @two(%0 "x0": f32[2,3], %1 "x1": f32[3]) {
    %2 = const f32[] [0.5]
    %3 = MUL(%0, %2) from {1}
    return %3
  }
  graph @three(%0 "x0": f32[2,3], %1 "x1": f32[3]) {
    %2 = const f32[] [0.25]
    %3 = MUL(%0, %2) from {2}
    return %3
  }
})";

TEST(Composites, EqualBodiesAreOneGraph) {
  const Kept kept = KeepIn(kThree);
  const auto composites = kept.Composites();
  ASSERT_EQ(composites.size(), 3U) << kept.text;
  EXPECT_EQ(composites[0]->regions, composites[1]->regions);
  EXPECT_NE(composites[0]->regions, composites[2]->regions);
  EXPECT_EQ(kept.module.graph(composites[2]->regions[0]).name(), "odml.rms_norm.impl_1");
}

TEST(Composites, BodiesAreLegalizedAndKeepNoCompositeInside) {
  const Kept kept = KeepIn(R"(module {
    graph @main(%x: f32[2,3]) {
      %s = const f32[3] [1, 2, 3]
      %y = composite(%x, %s) {name="onnx.RMSNormalization", axis=1, epsilon=0.5}
          regions(@outer) : f32[2,3]
      return %y
    }
    graph @outer(%0: f32[2,3], %1: f32[3]) {
      %c = const f32[3] [1, 2, 3]
      %2 = composite(%0, %c) {name="onnx.RMSNormalization", axis=1, epsilon=0.5}
          regions(@inner) : f32[2,3]
      %3 = core.TRUNC_MOD(%2, %1)
      %4 = ADD(%3, %1)
      return %4
    }
    graph @inner(%0: f32[2,3], %1: f32[3]) {
      %2 = NEG(%0)
      return %2
    }
  })");
  ASSERT_EQ(kept.Composites().size(), 1U) << kept.text;
  const ir::Graph& body = kept.module.graph(kept.Composites()[0]->regions[0]);
  for (const ir::OpId id : body) {
    EXPECT_TRUE(ir::IsTfliteBuiltin(body.op(id).kind)) << kept.text;
    EXPECT_NE(body.op(id).kind, OpKind::kStablehloComposite) << kept.text;
  }
}

TEST(Composites, ARuntimeWithoutTheOperatorGetsTheBodyAndANote) {
  target::Profile old = *target::AllProfiles().front();
  std::vector<target::OperatorSupport> rows(old.operators.begin(), old.operators.end());
  std::erase_if(rows, [](const auto& row) { return row.kind == OpKind::kStablehloComposite; });
  old.operators = rows;
  old.runtime = "2.16";
  const Kept kept = KeepIn(kThree, {"all"}, old);
  EXPECT_EQ(kept.Composites().size(), 0U);
  ASSERT_EQ(kept.diagnostics.size(), 1U);
  EXPECT_EQ(kept.diagnostics[0].severity, ir::Severity::kNote);
  EXPECT_THAT(kept.diagnostics[0].message, HasSubstr("no STABLEHLO_COMPOSITE in runtime 2.16"));
  EXPECT_TRUE(KeepIn(kThree, {}, old).diagnostics.empty());
}

TEST(Composites, NamesAreChecked) {
  const std::string known[] = {"all", "odml.rms_norm", "odml.group_norm",
                               "odml.scaled_dot_product_attention"};
  EXPECT_TRUE(CheckComposites(known).ok());
  const std::string unknown[] = {"odml.l2_norm"};
  const Status status = CheckComposites(unknown);
  EXPECT_EQ(status.reason(), Reason::kInvalidArgument);
  EXPECT_THAT(std::string(status.hint()), HasSubstr("odml.group_norm"));
}

// The passes behind, on images that layout would love to turn: a composite keeps the source's order
// and its constants.
TEST(Composites, LaterPassesLeaveThemAlone) {
  ir::Module module = MustParse(InModule(R"(graph @main(%x "x": f32[1,4,4,64]) {
    %first = const i32[4] [0, 3, 1, 2]
    %last = const i32[4] [0, 2, 3, 1]
    %s = const f32[4] [1, 2, 3, 4]
    %w = const f32[64] splat [2]
    %r = RELU(%x) : f32[1,4,4,64] from {0}
    %t = TRANSPOSE(%r, %first) : f32[1,64,4,4] from {0}
    %y = STABLEHLO_COMPOSITE(%t, %s) {name="odml.rms_norm", epsilon=0.5} regions(@body)
        : f32[1,64,4,4] from {1}
    %u = TRANSPOSE(%y, %last) : f32[1,4,4,64] from {2}
    %z = STABLEHLO_COMPOSITE(%u, %w) {name="odml.rms_norm", epsilon=0.5} regions(@other)
        : f32[1,4,4,64] from {1}
    %m "m" = MUL(%z, %w) {fused_activation_function="NONE"} : f32[1,4,4,64] from {2}
    return %m
  }
  graph @body(%0 "a": f32[1,64,4,4], %1 "b": f32[4]) {
    %2 = MUL(%0, %1) {fused_activation_function="NONE"} : f32[1,64,4,4] from {1}
    return %2
  }
  graph @other(%0 "a": f32[1,4,4,64], %1 "b": f32[64]) {
    %2 = MUL(%0, %1) {fused_activation_function="NONE"} : f32[1,4,4,64] from {1}
    return %2
  }
  signature "serving_default" @main ("x") -> ("m")
)"));
  const auto before = passes::Run(module);
  ir::Diagnostics diagnostics;
  std::vector<PassOutcome> outcomes;
  PipelineOptions options;
  options.check_ir = true;
  options.passes.weights = Weights::kFloat16;
  const Status status = RunPipeline(module, *target::AllProfiles().front(), options, CancelToken(),
                                    diagnostics, outcomes);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_FALSE(ir::HasError(diagnostics));
  std::vector<std::string> types;
  for (const ir::OpId id : module.main()) {
    const ir::Op& op = module.main().op(id);
    if (op.kind != OpKind::kStablehloComposite) continue;
    types.push_back(module.symbols().Text(module.main().type(op.input(0))));
    EXPECT_NE(module.main().constant(op.input(1)), nullptr) << ir::Print(module);
  }
  EXPECT_THAT(types, ::testing::ElementsAre("f32[1,64,4,4]", "f32[1,4,4,64]"));
  const auto after = passes::Run(module);
  ASSERT_EQ(after.size(), before.size());
  EXPECT_TRUE(std::ranges::equal(before[0].bytes(), after[0].bytes())) << ir::Print(module);
}

}  // namespace
}  // namespace smelt::passes
