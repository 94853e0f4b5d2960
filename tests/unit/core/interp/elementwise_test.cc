#include <cmath>

#include "tests/unit/core/interp/apply_op.h"

namespace smelt::interp::testing {
namespace {

TEST(Unary, FloatFunctionsGiveTheirValues) {
  const struct {
    OpKind kind;
    float x, y;
  } kCases[] = {
      {OpKind::kAbs, -2.5F, 2.5F},         {OpKind::kNeg, 3.0F, -3.0F},
      {OpKind::kSquare, -3.0F, 9.0F},      {OpKind::kSign, -0.25F, -1.0F},
      {OpKind::kSign, 0.0F, 0.0F},         {OpKind::kFloor, -1.5F, -2.0F},
      {OpKind::kCeil, -1.5F, -1.0F},       {OpKind::kRelu, -1.0F, 0.0F},
      {OpKind::kReluN1To1, -3.0F, -1.0F},  {OpKind::kRelu6, 7.0F, 6.0F},
      {OpKind::kRelu0To1, 0.5F, 0.5F},     {OpKind::kExp, 1.0F, 2.7182818F},
      {OpKind::kLog, 10.0F, 2.3025851F},   {OpKind::kSqrt, 2.0F, 1.4142135F},
      {OpKind::kRsqrt, 4.0F, 0.5F},        {OpKind::kSin, 1.0F, 0.84147098F},
      {OpKind::kCos, 1.0F, 0.54030231F},   {OpKind::kTanh, 0.5F, 0.46211716F},
      {OpKind::kLogistic, 0.0F, 0.5F},     {OpKind::kLogistic, -100.0F, 3.7835059e-44F},
      {OpKind::kElu, -1.0F, -0.63212056F}, {OpKind::kHardSwish, 1.0F, 0.66666669F},
      {OpKind::kHardSwish, -4.0F, -0.0F},  {OpKind::kCoreErf, 0.5F, 0.52049988F},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Floats(Apply(c.kind, {}, {F32({}, {c.x})})), ElementsAre(FloatEq(c.y)))
        << static_cast<int>(c.kind) << " of " << c.x;
  }
}

TEST(Unary, RoundsHalvesToEvenOrAway) {
  const Tensor x = F32({7}, {-2.5F, -1.5F, -0.5F, 0.5F, 1.5F, 2.5F, 2.4F});
  EXPECT_THAT(Floats(Apply(OpKind::kRound, {}, {x})), ElementsAre(-2, -2, -0.0F, 0, 2, 2, 2));
  EXPECT_THAT(Floats(Apply(OpKind::kCoreRoundAway, {}, {x})), ElementsAre(-3, -2, -1, 1, 2, 3, 2));
}

TEST(Unary, NanGoesThrough) {
  for (const OpKind kind : {OpKind::kRelu, OpKind::kRelu6, OpKind::kAbs, OpKind::kRound,
                            OpKind::kSign, OpKind::kExp, OpKind::kElu}) {
    EXPECT_THAT(Floats(Apply(kind, {}, {F32({1}, {kNan})})), ElementsAre(IsNan()))
        << static_cast<int>(kind);
  }
  EXPECT_THAT(Floats(Apply(OpKind::kSqrt, {}, {F32({1}, {-1})})), ElementsAre(IsNan()));
}

TEST(Unary, GeluHasTwoFormulas) {
  const Tensor x = F32({2}, {1.0F, -1.0F});
  EXPECT_THAT(Floats(Apply(OpKind::kGelu, {}, {x})),
              ElementsAre(FloatEq(0.84134475F), FloatEq(-0.15865526F)));
  EXPECT_THAT(Floats(Apply(OpKind::kGelu, {{"approximate", true}}, {x})),
              ElementsAre(FloatEq(0.84119199F), FloatEq(-0.15880801F)));
}

TEST(Unary, LeakyReluScalesNegatives) {
  EXPECT_THAT(Floats(Apply(OpKind::kLeakyRelu, {{"alpha", 0.5}}, {F32({2}, {-4, 4})})),
              ElementsAre(-2, 4));
}

TEST(Unary, IntegersWrapAndClamp) {
  EXPECT_THAT(ValuesOf<std::int8_t>(Apply(OpKind::kAbs, {}, {I8({2}, {-128, -5})})),
              ElementsAre(-128, 5));
  EXPECT_THAT(ValuesOf<std::int8_t>(Apply(OpKind::kSquare, {}, {I8({1}, {16})})), ElementsAre(0));
  EXPECT_THAT(ValuesOf<std::int64_t>(Apply(OpKind::kNeg, {}, {I64({1}, {INT64_MIN})})),
              ElementsAre(INT64_MIN));
  EXPECT_THAT(ValuesOf<std::uint8_t>(Apply(OpKind::kReluN1To1, {}, {U8({2}, {0, 200})})),
              ElementsAre(0, 1));
  EXPECT_THAT(ValuesOf<std::uint8_t>(Apply(OpKind::kSign, {}, {U8({2}, {0, 200})})),
              ElementsAre(0, 1));
  EXPECT_THAT(Ints(Apply(OpKind::kRelu6, {}, {I32({3}, {-1, 5, 9})})), ElementsAre(0, 5, 6));
}

TEST(Unary, FunctionsOfRealsRefuseIntegers) {
  EXPECT_EQ(WhyNot(OpKind::kExp, {}, {I32({1}, {1})}), Reason::kUnsupportedType);
  EXPECT_EQ(WhyNot(OpKind::kAbs, {}, {Bools({1}, {true})}), Reason::kUnsupportedType);
}

TEST(Unary, ShortFloatsAreRoundedOnce) {
  // exp(1) = 2.71828...; the nearest f16 is 2.71875.
  EXPECT_THAT(Halves(Apply(OpKind::kExp, {}, {F16({1}, {1})})), ElementsAre(2.71875F));
}

TEST(Arithmetic, BroadcastsBothWays) {
  const Tensor column = F32({2, 1}, {10, 20});
  const Tensor row = F32({3}, {1, 2, 3});
  const Tensor sum = Apply(OpKind::kAdd, {}, {column, row});
  EXPECT_EQ(sum.shape(), (Sizes{2, 3}));
  EXPECT_THAT(Floats(sum), ElementsAre(11, 12, 13, 21, 22, 23));
  EXPECT_THAT(Floats(Apply(OpKind::kSub, {}, {row, column})),
              ElementsAre(-9, -8, -7, -19, -18, -17));
}

TEST(Arithmetic, BroadcastsAnyRank) {
  const Tensor a = Ramp({2, 1, 2, 1, 1, 1, 2});
  const Tensor b = Ramp({3, 1, 1, 2, 1, 1}, 100);
  const Tensor sum = Apply(OpKind::kAdd, {}, {a, b});
  EXPECT_EQ(sum.shape(), (Sizes{2, 3, 2, 1, 2, 1, 2}));
  // Index (1, 2, 0, 0, 1, 0, 1): a[1, 0, 0, .., 1] = 5, b[2, .., 1, ..] = 500.
  EXPECT_EQ(Floats(sum)[static_cast<std::size_t>((((1 * 3 + 2) * 2 + 0) * 2 + 1) * 2 + 1)], 505);
}

TEST(Arithmetic, ScalarsAndEmptyTensors) {
  const Tensor two = F32({}, {2});
  EXPECT_EQ(Apply(OpKind::kMul, {}, {two, two}).shape(), Sizes{});
  EXPECT_THAT(Floats(Apply(OpKind::kMul, {}, {two, two})), ElementsAre(4));
  const Tensor none = Apply(OpKind::kAdd, {}, {F32({0, 3}, {}), F32({3}, {1, 2, 3})});
  EXPECT_EQ(none.shape(), (Sizes{0, 3}));
  EXPECT_EQ(Apply(OpKind::kAdd, {}, {F32({2, 0}, {}), F32({2, 1}, {1, 2})}).shape(), (Sizes{2, 0}));
}

TEST(Arithmetic, IntegersWrapAtTheirWidth) {
  EXPECT_THAT(ValuesOf<std::int8_t>(Apply(OpKind::kAdd, {}, {I8({1}, {127}), I8({1}, {1})})),
              ElementsAre(-128));
  EXPECT_THAT(Ints(Apply(OpKind::kMul, {}, {I32({1}, {65536}), I32({1}, {65536})})),
              ElementsAre(0));
  EXPECT_THAT(
      ValuesOf<std::int64_t>(Apply(OpKind::kSub, {}, {I64({1}, {INT64_MIN}), I64({1}, {1})})),
      ElementsAre(INT64_MAX));
  const Tensor wide = Make<std::uint16_t>(DType::kU16, {1}, {65535});
  EXPECT_THAT(ValuesOf<std::uint16_t>(Apply(OpKind::kMul, {}, {wide, wide})), ElementsAre(1));
}

TEST(Arithmetic, FusedActivationsClamp) {
  const Tensor x = F32({3}, {-3, 2, 9});
  const Tensor zero = F32({}, {0});
  const auto fused = [&](const char* name) {
    return Floats(
        Apply(OpKind::kAdd, {{"fused_activation_function", std::string(name)}}, {x, zero}));
  };
  EXPECT_THAT(fused("NONE"), ElementsAre(-3, 2, 9));
  EXPECT_THAT(fused("RELU"), ElementsAre(0, 2, 9));
  EXPECT_THAT(fused("RELU6"), ElementsAre(0, 2, 6));
  EXPECT_THAT(fused("RELU_N1_TO_1"), ElementsAre(-1, 1, 1));
  EXPECT_THAT(fused("TANH"), ElementsAre(FloatEq(std::tanh(-3.0F)), FloatEq(std::tanh(2.0F)),
                                         FloatEq(std::tanh(9.0F))));
  EXPECT_EQ(WhyNot(OpKind::kAdd, {{"fused_activation_function", std::string("SWISH")}}, {x, zero}),
            Reason::kUnsupportedAttributeValue);
}

TEST(Arithmetic, PowersOfIntegersAndReals) {
  EXPECT_THAT(Ints(Apply(OpKind::kPow, {}, {I32({3}, {3, -2, 7}), I32({3}, {4, 3, 0})})),
              ElementsAre(81, -8, 1));
  EXPECT_THAT(Floats(Apply(OpKind::kPow, {}, {F32({2}, {2, 9}), F32({2}, {-1, 0.5F})})),
              ElementsAre(0.5F, 3));
  EXPECT_EQ(WhyNot(OpKind::kPow, {}, {I32({1}, {2}), I32({1}, {-1})}), Reason::kValueOutOfRange);
}

TEST(Arithmetic, OthersGiveTheirValues) {
  const Tensor a = F32({2}, {1, -5});
  const Tensor b = F32({2}, {3, -7});
  EXPECT_THAT(Floats(Apply(OpKind::kMaximum, {}, {a, b})), ElementsAre(3, -5));
  EXPECT_THAT(Floats(Apply(OpKind::kMinimum, {}, {a, b})), ElementsAre(1, -7));
  EXPECT_THAT(Floats(Apply(OpKind::kSquaredDifference, {}, {a, b})), ElementsAre(4, 4));
  EXPECT_THAT(Floats(Apply(OpKind::kAtan2, {}, {F32({1}, {1}), F32({1}, {-1})})),
              ElementsAre(FloatEq(2.3561945F)));
  EXPECT_THAT(
      Floats(Apply(OpKind::kPrelu, {}, {F32({2, 2}, {-1, -1, 2, -4}), F32({2}, {0.5F, 2})})),
      ElementsAre(-0.5F, -2, 2, -8));
}

TEST(Division, EachKindHasItsSign) {
  const Tensor a = I32({4}, {7, -7, 7, -7});
  const Tensor b = I32({4}, {3, 3, -3, -3});
  EXPECT_THAT(Ints(Apply(OpKind::kDiv, {}, {a, b})), ElementsAre(2, -2, -2, 2));
  EXPECT_THAT(Ints(Apply(OpKind::kFloorDiv, {}, {a, b})), ElementsAre(2, -3, -3, 2));
  EXPECT_THAT(Ints(Apply(OpKind::kFloorMod, {}, {a, b})), ElementsAre(1, 2, -2, -1));
  EXPECT_THAT(Ints(Apply(OpKind::kCoreTruncMod, {}, {a, b})), ElementsAre(1, -1, 1, -1));
}

TEST(Division, FloatsFollowTheSameSigns) {
  const Tensor a = F32({2}, {-5.5F, 5.5F});
  const Tensor b = F32({2}, {2, -2});
  EXPECT_THAT(Floats(Apply(OpKind::kFloorDiv, {}, {a, b})), ElementsAre(-3, -3));
  EXPECT_THAT(Floats(Apply(OpKind::kFloorMod, {}, {a, b})), ElementsAre(0.5F, -0.5F));
  EXPECT_THAT(Floats(Apply(OpKind::kCoreTruncMod, {}, {a, b})), ElementsAre(-1.5F, 1.5F));
  EXPECT_THAT(Floats(Apply(OpKind::kDiv, {}, {F32({1}, {1}), F32({1}, {0})})), ElementsAre(kInf));
}

TEST(Division, ExtremesDoNotTrap) {
  const Tensor lowest = I64({1}, {INT64_MIN});
  const Tensor minus = I64({1}, {-1});
  EXPECT_THAT(ValuesOf<std::int64_t>(Apply(OpKind::kDiv, {}, {lowest, minus})),
              ElementsAre(INT64_MIN));
  EXPECT_THAT(ValuesOf<std::int64_t>(Apply(OpKind::kFloorMod, {}, {lowest, minus})),
              ElementsAre(0));
  EXPECT_EQ(WhyNot(OpKind::kDiv, {}, {lowest, I64({1}, {0})}), Reason::kValueOutOfRange);
}

TEST(Comparison, ComparesAndBroadcasts) {
  const Tensor a = F32({3}, {1, 2, kNan});
  const Tensor b = F32({}, {2});
  const auto compare = [&](OpKind kind) { return ValuesOf<bool>(Apply(kind, {}, {a, b})); };
  EXPECT_THAT(compare(OpKind::kLess), ElementsAre(true, false, false));
  EXPECT_THAT(compare(OpKind::kLessEqual), ElementsAre(true, true, false));
  EXPECT_THAT(compare(OpKind::kGreater), ElementsAre(false, false, false));
  EXPECT_THAT(compare(OpKind::kGreaterEqual), ElementsAre(false, true, false));
  EXPECT_THAT(compare(OpKind::kEqual), ElementsAre(false, true, false));
  EXPECT_THAT(compare(OpKind::kNotEqual), ElementsAre(true, false, true));
}

TEST(Comparison, UnsignedAndBool) {
  const Tensor big = Make<std::uint64_t>(DType::kU64, {1}, {UINT64_MAX});
  const Tensor one = Make<std::uint64_t>(DType::kU64, {1}, {1});
  EXPECT_THAT(ValuesOf<bool>(Apply(OpKind::kGreater, {}, {big, one})), ElementsAre(true));
  EXPECT_THAT(ValuesOf<bool>(
                  Apply(OpKind::kEqual, {}, {Bools({2}, {true, false}), Bools({2}, {true, true})})),
              ElementsAre(true, false));
}

TEST(Logic, TruthTables) {
  const Tensor a = Bools({4}, {false, false, true, true});
  const Tensor b = Bools({4}, {false, true, false, true});
  EXPECT_THAT(ValuesOf<bool>(Apply(OpKind::kLogicalAnd, {}, {a, b})),
              ElementsAre(false, false, false, true));
  EXPECT_THAT(ValuesOf<bool>(Apply(OpKind::kLogicalOr, {}, {a, b})),
              ElementsAre(false, true, true, true));
  EXPECT_THAT(ValuesOf<bool>(Apply(OpKind::kLogicalNot, {}, {a})),
              ElementsAre(true, true, false, false));
}

TEST(Select, BroadcastsThreeWays) {
  const Tensor condition = Bools({2, 1}, {true, false});
  const Tensor result =
      Apply(OpKind::kSelectV2, {}, {condition, F32({3}, {1, 2, 3}), F32({}, {9})});
  EXPECT_EQ(result.shape(), (Sizes{2, 3}));
  EXPECT_THAT(Floats(result), ElementsAre(1, 2, 3, 9, 9, 9));
}

TEST(Select, ConditionOfRankOneChoosesRows) {
  EXPECT_THAT(Ints(Apply(OpKind::kSelect, {},
                         {Bools({2}, {false, true}), I32({2, 2}, {1, 2, 3, 4}),
                          I32({2, 2}, {5, 6, 7, 8})})),
              ElementsAre(5, 6, 3, 4));
}

Tensor CastTo(const char* to, const Tensor& x) {
  return Apply(OpKind::kCast, {{"out_data_type", std::string(to)}}, {x});
}

TEST(Cast, FloatsSaturateAndTruncate) {
  const Tensor x = F32({6}, {300, -300, -1.9F, 1.9F, kNan, kInf});
  EXPECT_THAT(ValuesOf<std::int8_t>(CastTo("i8", x)), ElementsAre(127, -128, -1, 1, 0, 127));
  EXPECT_THAT(ValuesOf<std::uint8_t>(CastTo("u8", x)), ElementsAre(255, 0, 0, 1, 0, 255));
  EXPECT_THAT(ValuesOf<bool>(CastTo("bool", F32({3}, {0, -0.0F, kNan}))),
              ElementsAre(false, false, true));
}

TEST(Cast, IntegersWrapAndGoThrough) {
  EXPECT_THAT(ValuesOf<std::int8_t>(CastTo("i8", I32({2}, {200, -129}))), ElementsAre(-56, 127));
  EXPECT_THAT(Floats(CastTo("f32", Bools({2}, {true, false}))), ElementsAre(1, 0));
  EXPECT_THAT(Halves(CastTo("f16", F32({2}, {65520, 1e-8F}))), ElementsAre(kInf, 0));
  EXPECT_THAT(Ints(CastTo("i32", I32({1}, {5}))), ElementsAre(5));
}

TEST(Bitcast, SplitsAndJoinsElements) {
  const Attributes to_i8 = {{"out_data_type", std::string("i8")}};
  const Tensor bytes = Apply(OpKind::kBitcast, to_i8, {I32({1}, {0x04030201})});
  EXPECT_EQ(bytes.shape(), (Sizes{1, 4}));
  EXPECT_THAT(ValuesOf<std::int8_t>(bytes), ElementsAre(1, 2, 3, 4));
  const Tensor joined = Apply(OpKind::kBitcast, {{"out_data_type", std::string("i32")}}, {bytes});
  EXPECT_EQ(joined.shape(), (Sizes{1}));
  EXPECT_THAT(Ints(joined), ElementsAre(0x04030201));
}

}  // namespace
}  // namespace smelt::interp::testing
