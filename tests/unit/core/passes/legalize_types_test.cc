#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "tests/unit/core/passes/legalize_case.h"

namespace smelt::passes {
namespace {

using ir::DType;
using ir::OpKind;

std::string Unary(const std::string& op, const std::string& dtype) {
  return "module { graph @main(%0: " + dtype + "[3,7]) { %1 = " + op + "(%0) return %1 } }";
}
std::string Binary(const std::string& op, const std::string& dtype) {
  return "module { graph @main(%0: " + dtype + "[3,7], %1: " + dtype + "[7]) { %2 = " + op +
         "(%0, %1) return %2 } }";
}
std::string Axis(const std::string& op, const std::string& dtype, const std::string& attrs) {
  return "module { graph @main(%0: " + dtype + "[3,7]) { %1 = const i32[1] [1] %2 = " + op +
         "(%0, %1) " + attrs + " return %2 } }";
}

class IntegerTypes : public testing::TestWithParam<std::string> {};

TEST_P(IntegerTypes, ArithmeticKeepsItsValues) {
  for (const std::string op : {"ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"}) {
    if (GetParam() == "i64" && op != "SQUARED_DIFFERENCE") continue;  // the kernel has it
    if ((GetParam() == "i8" || GetParam() == "u8" || GetParam() == "i16") &&
        (op == "MAXIMUM" || op == "MINIMUM")) {
      continue;
    }
    if (GetParam() == "i16" && (op == "ADD" || op == "MUL")) continue;
    if (GetParam() == "u32" && op == "MUL") continue;
    ExpectSameValues(Binary(op, GetParam()));
  }
}

TEST_P(IntegerTypes, UnaryOperatorsKeepTheirValues) {
  for (const std::string op : {"ABS", "SIGN", "RELU", "SQUARE"}) {
    if (GetParam() == "i16" && op == "ABS") continue;
    ExpectSameValues(Unary(op, GetParam()));
  }
}

TEST_P(IntegerTypes, ArgMaxFindsTheFirst) {
  if (GetParam() == "i8" || GetParam() == "u8") return;  // kernels exist: nothing to rewrite
  ExpectSameValues(Axis("ARG_MAX", GetParam(), "{output_type=\"i64\"}"));
  ExpectSameValues(Axis("ARG_MIN", GetParam(), "{output_type=\"i32\"}"));
}

INSTANTIATE_TEST_SUITE_P(All, IntegerTypes,
                         testing::Values("i8", "u8", "i16", "u16", "u32", "i64", "u64"));

TEST(LegalizeTypes, ComparisonsOfUnsignedNumbersAreUnsigned) {
  for (const std::string dtype : {"u8", "u16", "u32", "u64"}) {
    for (const std::string op :
         {"LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL"}) {
      ExpectSameValues(Binary(op, dtype));
    }
  }
}

TEST(LegalizeTypes, ReductionsKeepTheirValues) {
  for (const std::string dtype : {"i8", "u8", "i16", "u16", "u32", "u64"}) {
    ExpectSameValues(Axis("SUM", dtype, "{keep_dims=true}"));
  }
  for (const std::string dtype : {"u16", "u32", "u64"}) {
    ExpectSameValues(Axis("REDUCE_MAX", dtype, ""));
    ExpectSameValues(Axis("REDUCE_MIN", dtype, ""));
  }
}

TEST(LegalizeTypes, NarrowFloatsAreComputedInF32) {
  for (const std::string dtype : {"f16", "bf16"}) {
    ExpectSameValues(Binary("FLOOR_DIV", dtype));
    ExpectSameValues(Binary("POW", dtype));
    ExpectSameValues(Unary("LOGISTIC", dtype));
    const Legalized after = ExpectSameValues(Unary("ELU", dtype));
    EXPECT_EQ(after.Count(OpKind::kCast), 2);
  }
}

TEST(LegalizeTypes, MovedDataKeepTheirBits) {
  for (const std::string dtype : {"f64", "u64", "u16"}) {
    const Legalized after =
        ExpectSameValues("module { graph @main(%0: " + dtype + "[3,7], %1: " + dtype +
                         "[3,7]) { %2 = CONCATENATION(%0, %1) {axis=1} return %2 } }");
    EXPECT_EQ(after.Count(OpKind::kBitcast), 3);
    EXPECT_EQ(after.Count(OpKind::kCast), 0);
    ExpectSameValues("module { graph @main(%0: " + dtype +
                     "[3,7]) { %1 = const i32[2,2] [1, 0, 0, 2] %2 = const " + dtype +
                     "[] [5] %3 = PADV2(%0, %1, %2) return %3 } }");
    ExpectSameValues(Axis("GATHER", dtype, "{axis=1}"));
    ExpectSameValues(Axis("REVERSE_V2", dtype, ""));
  }
}

TEST(LegalizeTypes, PoolingOfSmallIntegersGoesThroughFloat) {
  ExpectSameValues(R"(module { graph @main(%0: u8[1,4,4,2]) {
    %1 = MAX_POOL_2D(%0) {padding="VALID", stride_w=2, stride_h=2, filter_width=2, filter_height=2}
    return %1 } })");
}

TEST(LegalizeTypes, CastsOfU64WrapLikeI64) {
  for (const std::string other : {"i8", "i32", "u32", "i64", "bool"}) {
    ExpectSameValues("module { graph @main(%0: u64[9]) { %1 = CAST(%0) {out_data_type=\"" + other +
                     "\"} return %1 } }");
    ExpectSameValues("module { graph @main(%0: " + other +
                     "[9]) { %1 = CAST(%0) {out_data_type=\"u64\"} return %1 } }");
  }
}

// --- Division of wide integers ---

template <class T>
std::string List(const std::vector<T>& values) {
  std::string text;
  for (const T value : values) text += (text.empty() ? "" : ", ") + std::to_string(value);
  return "[" + std::to_string(values.size()) + "] [" + text + "]";
}

// All sizes of operands, and the edges; never the one quotient that overflows.
template <class T>
void FillOperands(std::vector<T>& dividends, std::vector<T>& divisors) {
  using Limits = std::numeric_limits<T>;
  std::mt19937_64 random(7);
  const auto draw = [&] {
    const auto bits = static_cast<int>(random() % static_cast<unsigned>(Limits::digits)) + 1;
    const T magnitude = static_cast<T>(random() >> (64 - bits));
    return Limits::is_signed && random() % 2 == 0 ? static_cast<T>(T{0} - magnitude) : magnitude;
  };
  for (int i = 0; i < 500; ++i) {
    const T divisor = draw();
    dividends.push_back(draw());
    divisors.push_back(divisor == 0 ? T{1} : divisor);
  }
  for (const T x : {Limits::min(), static_cast<T>(Limits::min() + 1), Limits::max(), T{0}}) {
    for (const T y : {T{1}, T{2}, T{3}, T{7}, Limits::max()}) {
      dividends.push_back(x);
      divisors.push_back(y);
      if (!Limits::is_signed || (x == Limits::min() && y == 1)) continue;
      dividends.push_back(x);
      divisors.push_back(static_cast<T>(T{0} - y));
    }
  }
}

// Zeros from the input keep the operands from being constants.
template <class T>
void ExpectSameDivision(const std::string& op, const std::string& dtype) {
  std::vector<T> dividends;
  std::vector<T> divisors;
  FillOperands(dividends, divisors);
  ExpectSameValues("module { graph @main(%0: " + dtype + "[1]) { %1 = SUB(%0, %0) %2 = const " +
                   dtype + List(dividends) + " %3 = const " + dtype + List(divisors) +
                   " %4 = ADD(%1, %2) %5 = ADD(%1, %3) %6 = " + op + "(%4, %5) return %6 } }");
}

TEST(LegalizeTypes, DivisionIsExactForEveryQuotient) {
  for (const std::string op : {"DIV", "FLOOR_DIV", "core.TRUNC_MOD"}) {
    ExpectSameDivision<std::int64_t>(op, "i64");
    ExpectSameDivision<std::uint32_t>(op, "u32");
  }
  ExpectSameDivision<std::uint32_t>("FLOOR_MOD", "u32");
  ExpectSameDivision<std::int32_t>("core.TRUNC_MOD", "i32");
}

TEST(LegalizeTypes, RemaindersOfU64AreUnsigned) {
  std::vector<std::int64_t> dividends;
  std::vector<std::int64_t> divisors;
  FillOperands(dividends, divisors);
  ExpectSameValues("module { graph @main(%0: i64[1]) { %1 = SUB(%0, %0) %2 = const i64" +
                   List(dividends) + " %3 = const i64" + List(divisors) +
                   " %4 = ADD(%1, %2) %5 = ADD(%1, %3) %6 = BITCAST(%4) {out_data_type=\"u64\"} "
                   "%7 = BITCAST(%5) {out_data_type=\"u64\"} %8 = FLOOR_MOD(%6, %7) return %8 } }");
}

TEST(LegalizeTypes, PowersOfI64) {
  ExpectSameValues(R"(module { graph @main(%0: i64[1]) {
    %1 = SUB(%0, %0)
    %2 = const i64[12] [2, -3, 0, 0, 1, -1, -1, 3037000499, 7, -2, 5, 10]
    %3 = const i64[12] [62, 39, 0, 64, 99, 77, 1000, 2, 22, 63, 1, 18]
    %4 = ADD(%1, %2)
    %5 = ADD(%1, %3)
    %6 = POW(%4, %5)
    return %6 } })");
}

// --- Doubles ---

TEST(LegalizeTypes, DoublesAreOrderedExactly) {
  const std::string values =
      "%1 = const f64[7] [1.0000000000000002, 1.0, -1.0000000000000002, 0.0, -2.5e300, 3e-310, "
      "-1.0] ";
  for (const std::string op : {"MAXIMUM", "MINIMUM", "LESS", "GREATER", "LESS_EQUAL",
                               "GREATER_EQUAL", "EQUAL", "NOT_EQUAL"}) {
    const std::string text =
        "module { graph @main(%0: f64[3,7]) { " + values + "%2 = " + op + "(%0, %1) return %2 } }";
    ExpectSameValues(text);
    EXPECT_TRUE(Legalize(text).diagnostics.empty()) << op;
  }
  for (const std::string op : {"REDUCE_MAX", "REDUCE_MIN"}) ExpectSameValues(Axis(op, "f64", ""));
  ExpectSameValues(Axis("ARG_MAX", "f64", "{output_type=\"i64\"}"));
}

TEST(LegalizeTypes, DoublesAreComputedInFloatsWithAWarning) {
  const Legalized after = Legalize(R"(module { graph @main(%0: f64[2,3]) {
    %1 = MUL(%0, %0)
    %2 = EXP(%1)
    return %2 } })");
  ASSERT_EQ(after.diagnostics.size(), 2U);
  for (const ir::Diagnostic& one : after.diagnostics) {
    EXPECT_EQ(one.severity, ir::Severity::kWarning);
    EXPECT_EQ(one.reason, Reason::kRuntimeTypeUnsupported);
  }
  // What the first operator widens the second one does not narrow again.
  const ir::Graph& graph = after.module.main();
  const auto maker = [&](ir::ValueId value) -> const ir::Op& {
    return graph.op(graph.value(value).producer);
  };
  EXPECT_EQ(graph.type(graph.outputs().front()).dtype, DType::kF64);
  const ir::Op& exp = maker(maker(graph.outputs().front()).input(0));
  ASSERT_EQ(exp.kind, OpKind::kExp);
  EXPECT_EQ(maker(exp.input(0)).kind, OpKind::kMul);
}

// --- Refusals ---

TEST(LegalizeTypes, EveryOffenderIsNamedAtOnce) {
  const Legalized after = Legalize(R"(module {
    source 0 "wide/exp" Exp opset 13 path ""
    source 1 "wide/mul" Mul opset 13 path ""
    graph @main(%0 "x": i32[2,3]) {
      %1 "e" = EXP(%0) from {0}
      %2 "m" = SIN(%1) from {1}
      %3 "t" = COS(%2) from {1}
      return %3
    }
  })");
  ASSERT_EQ(after.diagnostics.size(), 3U);
  const ir::Diagnostic& first = after.diagnostics[0];
  EXPECT_EQ(first.severity, ir::Severity::kError);
  EXPECT_EQ(first.reason, Reason::kRuntimeTypeUnsupported);
  ASSERT_TRUE(first.node.has_value());
  EXPECT_EQ(first.node->name, "wide/exp");
  EXPECT_EQ(first.tensor, "x");
  EXPECT_EQ(first.tensor_type, "i32[2,3]");
  EXPECT_EQ(first.found, "element type i32");
  EXPECT_EQ(first.allowed, "f32");
  EXPECT_EQ(first.stage, "legalize");
  EXPECT_EQ(after.diagnostics[1].node->name, "wide/mul");
}

TEST(LegalizeTypes, RefusesWhereNoDetourIsExact) {
  for (const std::string& text :
       {Binary("DIV", "u64"), Unary("EXP", "i32"), Binary("ADD", "bool"), Unary("SIN", "i64")}) {
    const Legalized after = Legalize(text);
    ASSERT_EQ(after.diagnostics.size(), 1U) << text;
    EXPECT_EQ(after.diagnostics[0].reason, Reason::kRuntimeTypeUnsupported);
    EXPECT_EQ(after.rewrites, 0U) << text;
  }
}

TEST(LegalizeTypes, LeavesAloneWhatRuns) {
  const Legalized after = Legalize(R"(module { graph @main(%0: f32[2,3], %1: i64[2,3]) {
    %2 = EXP(%0)
    %3 = ADD(%1, %1)
    return %2, %3 } })");
  EXPECT_EQ(after.rewrites, 0U);
  EXPECT_TRUE(after.diagnostics.empty());
}

TEST(LegalizeTypes, ReachesIntoRegions) {
  const Legalized after = ExpectSameValues(R"(module {
    graph @main(%0: bool[], %1: u16[3]) {
      %2 = IF(%0, %1) regions(@then, @else) : u16[3]
      return %2
    }
    graph @then(%0: u16[3]) { %1 = SUB(%0, %0) return %1 }
    graph @else(%0: u16[3]) { return %0 }
  })");
  EXPECT_EQ(after.Count(OpKind::kSub), 0);
}

// --- Ranks ---

TEST(LegalizeRank, AxesThatStayTogetherMoveAsOne) {
  const Legalized after = ExpectSameValues(R"(module {
    graph @main(%0: f32[2,3,2,1,2,1,2,3,1,2]) {
      %1 = const i32[10] [4, 1, 2, 0, 3, 5, 6, 7, 8, 9]
      %2 = TRANSPOSE(%0, %1)
      return %2
    } })");
  EXPECT_EQ(after.Count(OpKind::kReshape), 2);
}

TEST(LegalizeRank, ElementwiseOperatorsAreFlattened) {
  ExpectSameValues(R"(module {
    graph @main(%0: f32[2,1,2,1,2,1,2,1,2], %1: f32[]) {
      %2 = MUL(%0, %0)
      %3 = ADD(%2, %1)
      return %3
    } })");
}

TEST(LegalizeRank, DimensionsThatAreNotToldApartAreMerged) {
  ExpectSameValues(R"(module { graph @main(%0: f32[2,1,2,1,3,2,2]) {
    %1 = SOFTMAX(%0) {beta=1.0} return %1 } })");
  ExpectSameValues(R"(module { graph @main(%0: i32[2,1,2,1,3,2,2]) {
    %1 = CONCATENATION(%0, %0, %0) {axis=-3} return %1 } })");
  ExpectSameValues(R"(module { graph @main(%0: f32[2,1,2,1,4,2,2]) {
    %1 = const i32[] [4]
    %2, %3 = SPLIT(%1, %0) {num_splits=2} return %3, %2, %3 } })");
  for (const std::string attrs : {"{keep_dims=true}", "{keep_dims=false}"}) {
    for (const std::string op : {"SUM", "REDUCE_MAX", "REDUCE_PROD"}) {
      ExpectSameValues(
          "module { graph @main(%0: i32[2,3,2,1,2,2,3]) {"
          " %1 = const i32[3] [1, -1, 2] %2 = " +
          op + "(%0, %1) " + attrs + " return %2 } }");
    }
  }
}

TEST(LegalizeRank, RefusesWithTheLimit) {
  const Legalized after = Legalize(R"(module { symbol N "x" 0
    graph @main(%0 "x": f32[N,1,1,1,1,2,2]) {
    %1 = SOFTMAX(%0) {beta=1.0} return %1 } })");
  ASSERT_EQ(after.diagnostics.size(), 1U);
  EXPECT_EQ(after.diagnostics[0].reason, Reason::kRuntimeRankUnsupported);
  EXPECT_EQ(after.diagnostics[0].allowed, "ranks up to 6");
  EXPECT_EQ(after.diagnostics[0].found, "rank 7");
}

TEST(LegalizeRank, ScalarsAreNotTransposed) {
  const Legalized after = ExpectSameValues(
      "module { graph @main(%0: f32[]) { %1 = const i32[0] [] %2 = TRANSPOSE(%0, %1) "
      "return %2 } }");
  EXPECT_EQ(after.Count(OpKind::kTranspose), 0);
}

TEST(LegalizeRank, OpenShapesAreThoseOfTheOperandThatHasThem) {
  const Legalized after = Legalize(R"(module { symbol N "x" 0
    graph @main(%0 "x": f32[N,3], %1: f32[3]) { %2 = ATAN2(%0, %1) return %2 } })");
  EXPECT_TRUE(after.diagnostics.empty());
  EXPECT_EQ(after.Count(OpKind::kBroadcastTo), 1);
  EXPECT_EQ(after.Count(OpKind::kShape), 1);
}

TEST(LegalizeRank, OpenShapesThatAKernelGetsWrongAreRefused) {
  const Legalized after = Legalize(R"(module { symbol N "x" 0
    graph @main(%0 "x": f32[N,1], %1: f32[3]) { %2 = ATAN2(%0, %1) return %2 } })");
  ASSERT_EQ(after.diagnostics.size(), 1U);
  EXPECT_EQ(after.diagnostics[0].reason, Reason::kDynamicDimensionUnsupported);
}

TEST(LegalizeRank, Atan2TakesEqualShapesOnly) {
  const Legalized after = ExpectSameValues(
      "module { graph @main(%0: f32[1,3], %1: f32[2,3]) { %2 = ATAN2(%0, %1) return %2 } }");
  EXPECT_EQ(after.Count(OpKind::kBroadcastTo), 1);
}

}  // namespace
}  // namespace smelt::passes
