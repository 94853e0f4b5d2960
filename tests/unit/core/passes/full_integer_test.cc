// Activations as integers: which operators, which scales, and what stands at the borders.
#include <gmock/gmock.h>

#include <map>

#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using Seen = std::map<std::string, ValueRange>;  // by a value's name

struct Made {
  std::string text;
  IntegerSummary summary;
  ir::Diagnostics diagnostics;
};

Made Quantize(const std::string& graph, const Seen& seen, IntegerOptions options = {}) {
  ir::Module module = MustParse(InModule(graph));
  ir::Signature& signature = module.signatures.emplace_back();
  signature.graph = module.main_id();
  for (const ir::ValueId id : module.main().inputs()) {
    signature.input_names.push_back(module.main().value(id).name);
  }
  for (const ir::ValueId id : module.main().outputs()) {
    signature.output_names.push_back(module.main().value(id).name);
  }
  Made made;
  options.ranges = [&](const ir::Module& measured) -> Result<ValueRanges> {
    ValueRanges ranges(measured.graph_count());
    const ir::Graph& main = measured.main();
    ranges[0].resize(main.value_count());
    for (std::uint32_t i = 0; i < main.value_count(); ++i) {
      const auto found = seen.find(main.value(ir::ValueId{i}).name);
      if (found != seen.end()) ranges[0][i] = found->second;
    }
    return ranges;
  };
  options.summary = &made.summary;
  PassContext context{module, *target::AllProfiles().front(), made.diagnostics};
  context.options.integer = &options;
  const Status status = FullInteger(context);
  EXPECT_TRUE(status.ok()) << status.ToString();
  PassContext sweep{module, *target::AllProfiles().front(), made.diagnostics};
  EXPECT_TRUE(RemoveDead(sweep).ok());
  const Status verified = ir::VerifyModule(module);
  EXPECT_TRUE(verified.ok()) << verified.ToString() << ir::Print(module);
  made.text = ir::Print(module);
  return made;
}

const char* const kProduct = R"(graph @main(%x "x": f32[3,2]) {
    %w "w" = const f32[2,2] [127, -64, 0.5, 1.27]
    %b "b" = const f32[2] [1, -1]
    %y "y" = FULLY_CONNECTED(%x, %w, %b) {keep_num_dims=true} : f32[3,2] from {0}
    return %y
  }
)";
const Seen kProductRanges = {{"x", {-1, 1.55F}}, {"y", {-255, 0}}};

TEST(FullInteger, AProductGetsIntegerOperandsWeightsAndBias) {
  const Made made = Quantize(kProduct, kProductRanges);
  EXPECT_THAT(made.text, HasSubstr("= QUANTIZE(%"));
  EXPECT_THAT(made.text, HasSubstr("i8[3,2] quant(axis=0, scale=[0.01], zero=[-28])"));
  EXPECT_THAT(made.text, HasSubstr("\"w\" = const i8[2,2] quant(axis=0, scale=[1.0, 0.01"));
  EXPECT_THAT(made.text, HasSubstr("[127, -64, 50, 127]"));
  // 1 / (0.01 * 1) and -1 / (0.01 * 0.01).
  EXPECT_THAT(made.text, HasSubstr("[100, -10000]"));
  EXPECT_THAT(made.text, HasSubstr("scale=[1.0], zero=[127]"));
  EXPECT_THAT(made.text, HasSubstr("\"y\" = DEQUANTIZE("));
  EXPECT_EQ(made.summary.integer_operators, 1u);
  EXPECT_EQ(made.summary.quantize, 1u);
  EXPECT_EQ(made.summary.dequantize, 1u);
  EXPECT_THAT(made.summary.islands, IsEmpty());
}

TEST(FullInteger, PortsOfIntegersNeedNoBorders) {
  IntegerOptions options;
  options.io = ir::DType::kI8;
  const Made made = Quantize(kProduct, kProductRanges, options);
  EXPECT_THAT(made.text, Not(HasSubstr("QUANTIZE")));
  EXPECT_THAT(made.text, HasSubstr("\"x\": i8[3,2]"));
  EXPECT_THAT(made.text, HasSubstr("\"y\" = FULLY_CONNECTED("));
}

TEST(FullInteger, PortsOfBytesCountFrom128More) {
  IntegerOptions options;
  options.io = ir::DType::kU8;
  const Made made = Quantize(kProduct, kProductRanges, options);
  EXPECT_THAT(made.text, HasSubstr("\"x\": u8[3,2] quant(axis=0, scale=[0.01], zero=[100])"));
  EXPECT_THAT(made.text, HasSubstr("\"y\" = QUANTIZE("));
  EXPECT_THAT(made.text, HasSubstr("u8[3,2] quant(axis=0, scale=[1.0], zero=[255])"));
}

TEST(FullInteger, Int16HasNoZeroPointsAndLongBiases) {
  IntegerOptions options;
  options.activations = ir::DType::kI16;
  const Made made = Quantize(kProduct, {{"x", {-1, 16383.5F}}, {"y", {-255, 0}}}, options);
  EXPECT_THAT(made.text, HasSubstr("i16[3,2] quant(axis=0, scale=[0.5], zero=[0])"));
  EXPECT_THAT(made.text, HasSubstr("\"b\" = const i64[2]"));
}

// A channel of next to no weights whose bias would not fit 32 bits.
TEST(FullInteger, AWeightsScaleGrowsWithItsBias) {
  const Made made = Quantize(R"(graph @main(%x "x": f32[3,2]) {
    %w "w" = const f32[2,2] [127, -64, 1e-30, 0]
    %b "b" = const f32[2] [1, 8]
    %y "y" = FULLY_CONNECTED(%x, %w, %b) {keep_num_dims=true} : f32[3,2] from {0}
    return %y
  }
)",
                             {{"x", {0, 255}}, {"y", {0, 255}}});
  // 8 is 2^30 steps, and what is left of the weights is 0.
  EXPECT_THAT(made.text, AllOf(HasSubstr("[127, -64, 0, 0]"), HasSubstr("[1, 107374")));
}

TEST(FullInteger, WhatNoIntegerKernelComputesIsAnIsland) {
  const Made made = Quantize(R"(graph @main(%x "x": f32[4]) {
    %a "a" = RELU(%x) : f32[4] from {0}
    %s "s" = SIN(%a) : f32[4] from {0}
    %y "y" = ADD(%a, %s) {fused_activation_function="NONE"} : f32[4] from {0}
    return %y
  }
)",
                             {{"x", {-1, 1}}, {"a", {0, 1}}, {"s", {0, 1}}, {"y", {0, 2}}});
  EXPECT_EQ(made.summary.integer_operators, 2u);
  ASSERT_THAT(made.summary.islands, SizeIs(1));
  EXPECT_EQ(made.summary.islands[0].op, "SIN");
  EXPECT_EQ(made.summary.islands[0].tensor, "s");
  EXPECT_EQ(made.summary.dequantize, 2u);  // before it, and of the output
  EXPECT_EQ(made.summary.quantize, 2u);
}

// A norm's variance plus its epsilon, before the reciprocal root.
TEST(FullInteger, WhatOnlyFloatsReadStaysFloat) {
  const std::string text = R"(graph @main(%x "x": f32[2,4]) {
    %i = const i32[1] [1]
    %e = const f32[] [1e-05]
    %v "v" = MEAN(%x, %i) {keep_dims=true} : f32[2,1] from {0}
    %s "s" = ADD(%v, %e) {fused_activation_function="NONE"} : f32[2,1] from {0}
    %r "r" = RSQRT(%s) : f32[2,1] from {0}
    %y "y" = MUL(%x, %r) {fused_activation_function="NONE"} : f32[2,4] from {0}
    return %y
  }
)";
  const Seen seen = {{"x", {0, 9}}, {"v", {0, 9}}, {"s", {0, 9}}, {"r", {0, 3}}, {"y", {0, 9}}};
  const Made made = Quantize(text, seen);
  EXPECT_EQ(made.summary.integer_operators, 1u);  // the product
  ASSERT_THAT(made.summary.islands, SizeIs(3));
  EXPECT_EQ(made.summary.islands[0].op, "RSQRT");
  EXPECT_EQ(made.summary.islands[1].op, "MEAN");
  EXPECT_THAT(made.summary.islands[1].why, HasSubstr("only float32 operators"));
  IntegerOptions options;
  options.strict = true;
  EXPECT_EQ(Quantize(text, seen, options).summary.integer_operators, 4u);
}

TEST(FullInteger, SizesAreReadOfIntegersAsTheyAre) {
  const std::string text = R"(graph @main(%x "x": f32[2]) {
    %a "a" = RELU(%x) : f32[2] from {0}
    %n "n" = SHAPE(%a) {out_type="i32"} : i32[1] from {0}
    %y "y" = RELU(%a) : f32[2] from {0}
    return %y, %n
  }
)";
  IntegerOptions options;
  options.strict = true;
  const Made made = Quantize(text, {{"x", {-1, 1}}, {"a", {0, 1}}, {"y", {0, 1}}}, options);
  EXPECT_EQ(made.summary.dequantize, 1u);  // of the output
  EXPECT_THAT(made.summary.islands, IsEmpty());
  EXPECT_THAT(made.diagnostics, IsEmpty());
}

TEST(FullInteger, StrictlyNamesEveryOneThatIsNone) {
  IntegerOptions options;
  options.strict = true;
  const Made made = Quantize(R"(graph @main(%x "x": f32[4]) {
    %s "s" = SIN(%x) : f32[4] from {0}
    %y "y" = COS(%s) : f32[4] from {0}
    return %y
  }
)",
                             {{"x", {-1, 1}}, {"s", {-1, 1}}, {"y", {0, 1}}}, options);
  ASSERT_THAT(made.diagnostics, SizeIs(2));
  EXPECT_EQ(made.diagnostics[0].reason, Reason::kQuantizationUnsupported);
  EXPECT_EQ(made.diagnostics[0].tensor, "s");
  EXPECT_THAT(made.diagnostics[1].message, HasSubstr("COS: float32 in an integer graph"));
}

TEST(FullInteger, JoinedValuesShareAScale) {
  const Made made = Quantize(
      R"(graph @main(%x "x": f32[1,2], %z "z": f32[1,2]) {
    %a "a" = RELU(%x) : f32[1,2] from {0}
    %b "b" = RELU6(%z) : f32[1,2] from {0}
    %y "y" = CONCATENATION(%a, %b) {axis=1, fused_activation_function="NONE"} : f32[1,4] from {0}
    return %y
  }
)",
      {{"x", {-1, 1}}, {"z", {-1, 9}}, {"a", {0, 1}}, {"b", {0, 2.55F}}, {"y", {0, 2.55F}}});
  EXPECT_EQ(made.summary.quantize, 2u);  // of the inputs
  EXPECT_THAT(made.text, HasSubstr("\"a\" = RELU(%"));
  std::size_t count = 0;
  for (std::size_t at = 0;
       (at = made.text.find("scale=[0.01], zero=[-128]", at)) != std::string::npos; ++at) {
    ++count;
  }
  EXPECT_EQ(count, 3u);
}

// The kernel of SOFTMAX fixes its scale, which what is joined to it does not fit.
TEST(FullInteger, AFixedScaleThatDoesNotHoldTheOthersIsLeftByARequantization) {
  const std::string text = R"(graph @main(%x "x": f32[1,2]) {
    %a "a" = RELU(%x) : f32[1,2] from {0}
    %b "b" = SOFTMAX(%x) {beta=1.0} : f32[1,2] from {0}
    %y "y" = CONCATENATION(%a, %b) {axis=1, fused_activation_function="NONE"} : f32[1,4] from {0}
    return %y
  }
)";
  Made made = Quantize(text, {{"x", {-1, 9}}, {"a", {0, 9}}, {"b", {0, 1}}, {"y", {0, 9}}});
  EXPECT_EQ(made.summary.quantize, 2u);
  EXPECT_THAT(made.text, HasSubstr("scale=[0.00390625], zero=[-128]"));
  made = Quantize(text, {{"x", {-1, 0.5F}}, {"a", {0, 0.5F}}, {"b", {0, 1}}, {"y", {0, 1}}});
  EXPECT_EQ(made.summary.quantize, 1u);
}

TEST(FullInteger, AReshapedSoftmaxKeepsItsScale) {
  const Made made = Quantize(R"(graph @main(%x "x": f32[1,2]) {
    %n = const i32[1] [2]
    %b "b" = SOFTMAX(%x) {beta=1.0} : f32[1,2] from {0}
    %y "y" = RESHAPE(%b, %n) : f32[2] from {0}
    return %y
  }
)",
                             {{"x", {-1, 9}}, {"b", {0, 0.7F}}, {"y", {0, 0.7F}}});
  EXPECT_EQ(made.summary.quantize, 1u);
  EXPECT_EQ(made.summary.integer_operators, 2u);
}

TEST(FullInteger, AMaskStaysFloat) {
  ValueRange scores{-3, 3};
  scores.masked = true;
  const Made made = Quantize(R"(graph @main(%x "x": f32[1,2]) {
    %m "m" = const f32[1,2] [0, -3.4e38]
    %s "s" = ADD(%x, %m) {fused_activation_function="NONE"} : f32[1,2] from {0}
    %y "y" = SOFTMAX(%s) {beta=1.0} : f32[1,2] from {0}
    return %y
  }
)",
                             {{"x", {-1, 1}}, {"s", scores}, {"y", {0, 1}}});
  EXPECT_EQ(made.summary.integer_operators, 0u);
  EXPECT_THAT(made.summary.islands[0].why, HasSubstr("as masks do"));
}

TEST(FullInteger, MovingFloatsIsNoReasonToRoundThem) {
  const Made made = Quantize(R"(graph @main(%x "x": f32[2]) {
    %n = const i32[2] [2, 1]
    %s "s" = SIN(%x) : f32[2] from {0}
    %r "r" = RESHAPE(%s, %n) : f32[2,1] from {0}
    %y "y" = COS(%r) : f32[2,1] from {0}
    return %y
  }
)",
                             {{"x", {-1, 1}}, {"s", {-1, 1}}, {"r", {-1, 1}}, {"y", {0, 1}}});
  EXPECT_EQ(made.summary.quantize, 0u);
  EXPECT_THAT(made.text, HasSubstr("\"r\" = RESHAPE(%"));
}

TEST(FullInteger, AConstantSummandHasItsOwnScale) {
  const Made made = Quantize(R"(graph @main(%x "x": f32[2]) {
    %c "c" = const f32[2] [1, 2.55]
    %y "y" = ADD(%x, %c) {fused_activation_function="NONE"} : f32[2] from {0}
    return %y
  }
)",
                             {{"x", {-1, 1}}, {"y", {0, 4}}});
  EXPECT_THAT(made.text,
              HasSubstr("\"c\" = const i8[2] quant(axis=0, scale=[0.01], zero=[-128]) [-28, 127]"));
}

// LiteRT's ADD aborts where 2 * the larger input scale / (2^15 * the result's) is not below 1.
TEST(FullInteger, ASumsScaleIsNotTooSmallBesideItsOperands) {
  for (const ir::DType type : {ir::DType::kI8, ir::DType::kI16}) {
    IntegerOptions options;
    options.activations = type;
    const Made made =
        Quantize(R"(graph @main(%x "x": f32[2], %z "z": f32[2]) {
    %y "y" = ADD(%x, %z) {fused_activation_function="NONE"} : f32[2] from {0}
    return %y
  }
)",
                 {{"x", {-1000, 1000}}, {"z", {-1000, 1000}}, {"y", {0, 1e-6F}}}, options);
    const char* scale = type == ir::DType::kI8 ? "scale=[0.0019" : "scale=[1.49";
    EXPECT_THAT(made.text, HasSubstr(scale)) << made.text;
  }
}

TEST(FullInteger, WhatCalibrationNeverSawStaysFloat) {
  const Made made = Quantize(kProduct, {{"y", {-1, 1}}});
  EXPECT_EQ(made.summary.integer_operators, 0u);
  ASSERT_THAT(made.summary.islands, SizeIs(1));
  EXPECT_THAT(made.summary.islands[0].why, HasSubstr("no finite element of operand 0"));
}

}  // namespace
}  // namespace smelt::passes
