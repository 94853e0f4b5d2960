#include "tests/unit/core/interp/apply_op.h"

namespace smelt::interp::testing {
namespace {

TEST(FullyConnected, FlattensOrKeepsDimensions) {
  const Tensor x = Ramp({2, 2, 2});
  const Tensor filter = F32({1, 2}, {1, 10});
  const Tensor flat = Apply(OpKind::kFullyConnected, {}, {x, filter, F32({1}, {1})});
  EXPECT_EQ(flat.shape(), (Sizes{4, 1}));
  EXPECT_THAT(Floats(flat), ElementsAre(11, 33, 55, 77));
  EXPECT_EQ(Apply(OpKind::kFullyConnected, {{"keep_num_dims", true}}, {x, filter}).shape(),
            (Sizes{2, 2, 1}));
  EXPECT_THAT(Floats(Apply(OpKind::kFullyConnected, {}, {x, filter, std::nullopt}, Kernels::kFast)),
              ElementsAre(10, 32, 54, 76));
}

TEST(BatchMatmul, MultipliesTheLastTwoAxes) {
  const Tensor a = F32({2, 2}, {1, 2, 3, 4});
  const Tensor b = F32({2, 2}, {5, 6, 7, 8});
  const auto product = [&](bool adj_x, bool adj_y) {
    return Floats(Apply(OpKind::kBatchMatmul, {{"adj_x", adj_x}, {"adj_y", adj_y}}, {a, b}));
  };
  EXPECT_THAT(product(false, false), ElementsAre(19, 22, 43, 50));
  EXPECT_THAT(product(true, false), ElementsAre(26, 30, 38, 44));
  EXPECT_THAT(product(false, true), ElementsAre(17, 23, 39, 53));
  EXPECT_THAT(product(true, true), ElementsAre(23, 31, 34, 46));
}

TEST(BatchMatmul, BroadcastsBatches) {
  const Tensor a = Ramp({3, 1, 2, 4});
  const Tensor b = Ramp({2, 4, 3}, 0.5F);
  const Tensor plain = Apply(OpKind::kBatchMatmul, {}, {a, b});
  EXPECT_EQ(plain.shape(), (Sizes{3, 2, 2, 3}));
  // Row 0 of a is (0, 1, 2, 3); column 0 of b[0] is (0, 1.5, 3, 4.5).
  EXPECT_EQ(Floats(plain)[0], 21);
  EXPECT_THAT(Floats(Apply(OpKind::kBatchMatmul, {}, {a, b}, Kernels::kFast)),
              Pointwise(FloatNear(1e-3F), Floats(plain)));
}

TEST(BatchMatmul, EmptyInnerSizeGivesZeros) {
  for (const Kernels kernels : {Kernels::kPlain, Kernels::kFast}) {
    EXPECT_THAT(
        Floats(Apply(OpKind::kBatchMatmul, {}, {F32({2, 0}, {}), F32({0, 1}, {})}, kernels)),
        ElementsAre(0, 0));
  }
  EXPECT_EQ(Apply(OpKind::kBatchMatmul, {}, {F32({0, 2}, {}), Ramp({2, 3})}).shape(),
            (Sizes{0, 3}));
}

TEST(BatchMatmul, IntegersWrap) {
  EXPECT_THAT(ValuesOf<std::int8_t>(
                  Apply(OpKind::kBatchMatmul, {}, {I8({1, 2}, {100, 1}), I8({2, 1}, {2, 100})})),
              ElementsAre(44));
}

TEST(Softmax, SumsToOne) {
  const Tensor x = F32({1, 3}, {1000, 1000, -kInf});
  EXPECT_THAT(Floats(Apply(OpKind::kSoftmax, {{"beta", 1.0}}, {x})), ElementsAre(0.5F, 0.5F, 0));
  EXPECT_THAT(Floats(Apply(OpKind::kSoftmax, {{"beta", 2.0}}, {F32({2}, {0, 1})})),
              ElementsAre(FloatEq(0.11920292F), FloatEq(0.88079708F)));
  EXPECT_THAT(Floats(Apply(OpKind::kLogSoftmax, {}, {F32({2}, {0, 1})})),
              ElementsAre(FloatEq(-1.3132617F), FloatEq(-0.31326169F)));
  EXPECT_THAT(Floats(Apply(OpKind::kSoftmax, {{"beta", 1.0}}, {F32({1}, {-kInf})})),
              ElementsAre(IsNan()));
}

TEST(Normalization, L2AndLocalResponse) {
  EXPECT_THAT(Floats(Apply(OpKind::kL2Normalization, {}, {F32({2, 2}, {3, 4, 0, 0})})),
              ElementsAre(FloatEq(0.6F), FloatEq(0.8F), 0, 0));
  const Attributes attrs = {
      {"radius", std::int64_t{1}}, {"bias", 1.0}, {"alpha", 1.0}, {"beta", 1.0}};
  // Sums of squares over neighbours: 1 + 4, 1 + 4 + 9, 4 + 9.
  EXPECT_THAT(
      Floats(Apply(OpKind::kLocalResponseNormalization, attrs, {F32({1, 1, 1, 3}, {1, 2, 3})})),
      ElementsAre(FloatEq(1.0F / 6), FloatEq(2.0F / 15), FloatEq(3.0F / 14)));
}

TEST(Reduction, FoldsAnyAxes) {
  const Tensor x = Ramp({2, 3});
  EXPECT_THAT(Floats(Apply(OpKind::kSum, {}, {x, I32({1}, {0})})), ElementsAre(3, 5, 7));
  EXPECT_THAT(Floats(Apply(OpKind::kMean, {}, {x, I32({1}, {-1})})), ElementsAre(1, 4));
  const Tensor all = Apply(OpKind::kReduceMax, {{"keep_dims", true}}, {x, I32({2}, {0, 1})});
  EXPECT_EQ(all.shape(), (Sizes{1, 1}));
  EXPECT_THAT(Floats(all), ElementsAre(5));
  EXPECT_THAT(Floats(Apply(OpKind::kReduceMin, {}, {x, I32({}, {1})})), ElementsAre(0, 3));
  EXPECT_THAT(Floats(Apply(OpKind::kReduceProd, {}, {x, I32({1}, {1})})), ElementsAre(0, 60));
  EXPECT_THAT(Floats(Apply(OpKind::kSum, {}, {x, I32({0}, {})})), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(Reduction, EmptyRowsGiveTheNeutralElement) {
  const Tensor none = F32({2, 0}, {});
  const Tensor axis = I32({1}, {1});
  EXPECT_THAT(Floats(Apply(OpKind::kSum, {}, {none, axis})), ElementsAre(0, 0));
  EXPECT_THAT(Floats(Apply(OpKind::kReduceProd, {}, {none, axis})), ElementsAre(1, 1));
  EXPECT_THAT(Floats(Apply(OpKind::kReduceMax, {}, {none, axis})), ElementsAre(-kInf, -kInf));
  EXPECT_THAT(Floats(Apply(OpKind::kReduceMin, {}, {none, axis})), ElementsAre(kInf, kInf));
  EXPECT_THAT(Floats(Apply(OpKind::kMean, {}, {none, axis})), ElementsAre(IsNan(), IsNan()));
}

TEST(Reduction, IntegersAndBools) {
  EXPECT_THAT(ValuesOf<std::int8_t>(Apply(OpKind::kSum, {}, {I8({2}, {127, 2}), I32({1}, {0})})),
              ElementsAre(-127));
  EXPECT_THAT(Ints(Apply(OpKind::kMean, {}, {I32({2}, {-3, 0}), I32({1}, {0})})), ElementsAre(-1));
  EXPECT_THAT(ValuesOf<std::int64_t>(
                  Apply(OpKind::kReduceMin, {}, {I64({2}, {INT64_MIN, 1}), I32({1}, {0})})),
              ElementsAre(INT64_MIN));
  const Tensor b = Bools({2, 2}, {true, false, true, true});
  EXPECT_THAT(ValuesOf<bool>(Apply(OpKind::kReduceAny, {}, {b, I32({1}, {1})})),
              ElementsAre(true, true));
  EXPECT_THAT(ValuesOf<bool>(Apply(OpKind::kReduceAll, {}, {b, I32({1}, {1})})),
              ElementsAre(false, true));
}

TEST(Reduction, ShortFloatsAreRoundedAtTheEnd) {
  // 2049 is no f16: summing in f16 would stay at 2048.
  const Tensor ones = F16({4096}, std::vector<float>(4096, 1.0F));
  EXPECT_THAT(Halves(Apply(OpKind::kSum, {}, {ones, I32({1}, {0})})), ElementsAre(4096));
}

TEST(Order, IndicesOfExtremes) {
  const Tensor x = F32({2, 3}, {1, 5, 5, 7, 2, 2});
  const Attributes i32 = {{"output_type", std::string("i32")}};
  EXPECT_THAT(Ints(Apply(OpKind::kArgMax, i32, {x, I32({}, {-1})})), ElementsAre(1, 0));
  EXPECT_THAT(Ints(Apply(OpKind::kArgMin, i32, {x, I32({}, {-1})})), ElementsAre(0, 1));
  EXPECT_THAT(ValuesOf<std::int64_t>(Apply(OpKind::kArgMax, {{"output_type", std::string("i64")}},
                                           {x, I64({1}, {0})})),
              ElementsAre(1, 0, 0));
  EXPECT_EQ(WhyNot(OpKind::kArgMax, i32, {F32({1, 0}, {}), I32({}, {1})}), Reason::kShapeMismatch);
}

TEST(Order, TopkIsStable) {
  const auto top = TryApply(OpKind::kTopkV2, {}, {F32({5}, {1, 3, 2, 3, kNan}), I32({}, {3})});
  ASSERT_TRUE(top.ok()) << top.status().ToString();
  EXPECT_THAT(Floats((*top)[0]), ElementsAre(3, 3, 2));
  EXPECT_THAT(Ints((*top)[1]), ElementsAre(1, 3, 2));
  EXPECT_EQ(WhyNot(OpKind::kTopkV2, {}, {F32({1}, {1}), I32({}, {2})}), Reason::kShapeMismatch);
}

TEST(Cumsum, EveryDirection) {
  const Tensor x = I32({3}, {1, 2, 3});
  const auto sums = [&](bool exclusive, bool reverse) {
    return Ints(Apply(OpKind::kCumsum, {{"exclusive", exclusive}, {"reverse", reverse}},
                      {x, I32({}, {0})}));
  };
  EXPECT_THAT(sums(false, false), ElementsAre(1, 3, 6));
  EXPECT_THAT(sums(true, false), ElementsAre(0, 1, 3));
  EXPECT_THAT(sums(false, true), ElementsAre(6, 5, 3));
  EXPECT_THAT(sums(true, true), ElementsAre(5, 3, 0));
  EXPECT_THAT(Floats(Apply(OpKind::kCumsum, {}, {Ramp({2, 2}), I32({}, {0})})),
              ElementsAre(0, 1, 2, 4));
}

}  // namespace
}  // namespace smelt::interp::testing
