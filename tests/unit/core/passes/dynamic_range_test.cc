// Weights as int8: in which form, with which scales, and which stay.
#include <gmock/gmock.h>

#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

struct Stored {
  std::string text;
  WeightSummary summary;
  ir::Diagnostics diagnostics;
};

struct Asked {
  std::int64_t fewest = 1;
  bool one_scale = false;
  OperatorVersionFn version = nullptr;
  Weights weights = Weights::kInt8;
};

Stored Store(const std::string& graph, const Asked& asked = {}) {
  ir::Module module = MustParse(InModule(graph));
  Stored stored;
  PassContext context{module, *target::AllProfiles().front(), stored.diagnostics};
  context.options.weights = asked.weights;
  context.options.fewest_weight_elements = asked.fewest;
  context.options.one_scale_a_weight = asked.one_scale;
  context.options.operator_version = asked.version;
  context.options.weight_summary = &stored.summary;
  const Status status = DynamicRangeWeights(context);
  EXPECT_TRUE(status.ok()) << status.ToString();
  PassContext sweep{module, *target::AllProfiles().front(), stored.diagnostics};
  EXPECT_TRUE(RemoveDead(sweep).ok());
  const Status verified = ir::VerifyModule(module);
  EXPECT_TRUE(verified.ok()) << verified.ToString();
  stored.text = ir::Print(module);
  return stored;
}

const char* const kProduct = R"(graph @main(%x "x": f32[3,2]) {
    %w "w" = const f32[2,2] [127, -64, 0.5, 1.27]
    %y "y" = FULLY_CONNECTED(%x, %w, _) {keep_num_dims=true} : f32[3,2] from {0}
    return %y
  }
)";

TEST(DynamicRange, AProductGetsInt8WeightsWithAScaleForEachRow) {
  const Stored stored = Store(kProduct);
  EXPECT_THAT(stored.text, HasSubstr("\"w\" = const i8[2,2] quant(axis=0, scale=[1.0, 0.01"));
  EXPECT_THAT(stored.text, HasSubstr("[127, -64, 50, 127]"));
  EXPECT_THAT(stored.text, HasSubstr("asymmetric_quantize_inputs=true"));
  EXPECT_THAT(stored.text, Not(HasSubstr("DEQUANTIZE")));
  EXPECT_EQ(stored.summary.quantized, 1u);
  EXPECT_EQ(stored.summary.float_bytes, 16u);
  EXPECT_EQ(stored.summary.quantized_bytes, 4u);
  EXPECT_THAT(stored.diagnostics, IsEmpty());
}

TEST(DynamicRange, OnlyWhenAskedFor) {
  EXPECT_THAT(Store(kProduct, {.weights = Weights::kFloat16}).text, Not(HasSubstr("i8")));
}

TEST(DynamicRange, OneScaleServesAWholeWeightWhereAskedFor) {
  EXPECT_THAT(Store(kProduct, {.one_scale = true}).text, HasSubstr("quant(axis=0, scale=[1.0]"));
}

TEST(DynamicRange, AnOldRuntimeGetsTheFormThatItHas) {
  const auto no_rows = [](const ir::Graph& graph, const ir::Op& op) {
    const ir::Quant& quant = graph.value(op.input(1)).quant;
    return op.kind == ir::OpKind::kFullyConnected && quant->scale.size() > 1 ? 99 : 1;
  };
  EXPECT_THAT(Store(kProduct, {.version = no_rows}).text, HasSubstr("quant(axis=0, scale=[1.0]"));
  const auto no_hybrid = [](const ir::Graph& graph, const ir::Op& op) {
    return op.kind == ir::OpKind::kFullyConnected && !graph.value(op.input(1)).quant.empty() ? 99
                                                                                             : 1;
  };
  const std::string stored = Store(kProduct, {.version = no_hybrid}).text;
  EXPECT_THAT(stored, HasSubstr("DEQUANTIZE"));
  EXPECT_THAT(stored, Not(HasSubstr("asymmetric_quantize_inputs=true")));
  const auto nothing = [](const ir::Graph& graph, const ir::Op& op) {
    return op.kind == ir::OpKind::kDequantize || !graph.value(op.input(1)).quant.empty() ? 99 : 1;
  };
  const Stored kept = Store(kProduct, {.version = nothing});
  EXPECT_THAT(kept.text, HasSubstr("const f32[2,2]"));
  EXPECT_THAT(kept.text, Not(HasSubstr("asymmetric_quantize_inputs=true")));
  ASSERT_THAT(kept.diagnostics, SizeIs(1));
  EXPECT_EQ(kept.diagnostics[0].reason, Reason::kWeightsKeptFloat);
}

TEST(DynamicRange, AConvolutionIsHybridADepthwiseOneIsNot) {
  const std::string text = Store(R"(graph @main(%x "x": f32[1,4,4,2]) {
    %w = const f32[2,1,1,2] [1, 2, 3, 4]
    %d = const f32[1,1,1,2] [1, 2]
    %b = const f32[2] [0, 0]
    %a = CONV_2D(%x, %w, %b) {padding="SAME", stride_w=1, stride_h=1, dilation_w_factor=1, dilation_h_factor=1} : f32[1,4,4,2] from {0}
    %y "y" = DEPTHWISE_CONV_2D(%a, %d, %b) {padding="SAME", stride_w=1, stride_h=1, dilation_w_factor=1, dilation_h_factor=1, depth_multiplier=1} : f32[1,4,4,2] from {1}
    return %y
  }
)")
                               .text;
  EXPECT_THAT(text, HasSubstr("i8[2,1,1,2] quant(axis=0, scale=[0.01"));
  EXPECT_THAT(text, HasSubstr("i8[1,1,1,2] quant(axis=3, scale=[0.007"));
  EXPECT_EQ(text.find("DEQUANTIZE("), text.rfind("DEQUANTIZE("));
}

std::string Table(const std::string& ids, const std::string& gather, const std::string& result) {
  return "graph @main(%i \"i\": " + ids + ") {\n" +
         "%t \"table\" = const f32[2,2] [127, 1, 2, 3]\n%y \"y\" = GATHER(%t, %i) {" + gather +
         "} : " + result + " from {0}\nreturn %y\n}\n";
}

TEST(DynamicRange, ATableHasAScaleForEachRowThatIsLookedUp) {
  const std::string text = Store(Table("i32[3]", "axis=0, batch_dims=0", "f32[3,2]")).text;
  EXPECT_THAT(text, HasSubstr("i8[2,2] quant(axis=0, scale=[1.0, 0.02"));
  EXPECT_THAT(text, HasSubstr("\"y\" = EMBEDDING_LOOKUP("));
  EXPECT_THAT(text, Not(HasSubstr("RESHAPE")));
}

TEST(DynamicRange, IndicesOfAnyShapeBecomeAList) {
  const std::string text = Store(Table("i64[N,3]", "axis=-2, batch_dims=0", "f32[N,3,2]")).text;
  EXPECT_THAT(text, ::testing::AllOf(HasSubstr("CAST("), HasSubstr("EMBEDDING_LOOKUP(")));
  EXPECT_THAT(text, HasSubstr("\"y\" = RESHAPE("));
  const std::string scalar = Store(Table("i32[]", "axis=0, batch_dims=0", "f32[2]")).text;
  EXPECT_THAT(scalar, HasSubstr("EMBEDDING_LOOKUP("));
}

// Where no row can have its scale, the table has one, and the integers are what is looked up.
TEST(DynamicRange, ATableWithOneScaleIsDequantizedBehindTheLookup) {
  const std::string rows = Table("i32[3]", "axis=0, batch_dims=0", "f32[3,2]");
  const auto old = [](const ir::Graph&, const ir::Op& op) {
    return op.kind == ir::OpKind::kEmbeddingLookup ? 99 : 1;
  };
  for (const std::string& text :
       {Store(rows, {.one_scale = true}).text, Store(rows, {.version = old}).text,
        Store(Table("i32[3]", "axis=1, batch_dims=0", "f32[2,3]")).text,
        Store(Table("i32[N,M]", "axis=0, batch_dims=0", "f32[N,M,2]")).text}) {
    EXPECT_THAT(
        text, ::testing::AllOf(HasSubstr("= GATHER("), HasSubstr(",2] quant(axis=0, scale=[1.0]")));
    EXPECT_THAT(text, HasSubstr("\"y\" = DEQUANTIZE("));
    EXPECT_THAT(text, Not(HasSubstr("EMBEDDING_LOOKUP")));
  }
}

// A table that is also the last layer's matrix: each user has a form of its own, of the same bytes
// where both have a scale for each row.
TEST(DynamicRange, EachUserOfATiedTableHasItsOwnForm) {
  const std::string tied = R"(graph @main(%i "i": i32[3]) {
    %t = const f32[2,2] [127, 1, 2, 3]
    %e = GATHER(%t, %i) {axis=0, batch_dims=0} : f32[3,2] from {0}
    %y "y" = FULLY_CONNECTED(%e, %t, _) {keep_num_dims=true} : f32[3,2] from {1}
    return %y
  }
)";
  const Stored stored = Store(tied);
  EXPECT_THAT(stored.text, Not(HasSubstr("const f32")));
  EXPECT_EQ(stored.summary.quantized_bytes, 4u);
  const auto old = [](const ir::Graph&, const ir::Op& op) {
    return op.kind == ir::OpKind::kEmbeddingLookup ? 99 : 1;
  };
  EXPECT_EQ(Store(tied, {.version = old}).summary.quantized_bytes, 8u);
}

TEST(DynamicRange, WhatCannotBeAnIntegerStaysAndIsNamed) {
  const std::string big = "f32[1024] splat [0.5]";
  Stored stored = Store(R"(graph @main(%x "x": f32[1024]) {
    %w "scale" = const )" +
                        big + R"(
    %y "y" = MUL(%x, %w) {fused_activation_function="NONE"} : f32[1024] from {0}
    return %y
  }
)");
  ASSERT_THAT(stored.summary.kept, SizeIs(1));
  EXPECT_EQ(stored.summary.kept[0].tensor, "scale");
  EXPECT_EQ(stored.summary.kept[0].op, "MUL");
  EXPECT_THAT(stored.summary.kept[0].why, HasSubstr("operand 1 of MUL"));
  ASSERT_THAT(stored.diagnostics, SizeIs(1));
  EXPECT_EQ(stored.diagnostics[0].severity, ir::Severity::kWarning);
  EXPECT_THAT(stored.diagnostics[0].message, HasSubstr("1024 elements"));
}

TEST(DynamicRange, SmallAndInfiniteWeightsStay) {
  EXPECT_THAT(Store(kProduct, {.fewest = 5}).text, HasSubstr("const f32[2,2]"));
  EXPECT_THAT(Store(kProduct, {.fewest = 0}).text, HasSubstr("const f32[2,2]"));
  std::string infinite = kProduct;
  infinite.replace(infinite.find("-64"), 3, "inf");
  EXPECT_THAT(Store(infinite).text, HasSubstr("const f32[2,2]"));
}

}  // namespace
}  // namespace smelt::passes
