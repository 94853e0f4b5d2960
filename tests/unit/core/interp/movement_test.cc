#include "tests/unit/core/interp/apply_op.h"

namespace smelt::interp::testing {
namespace {

TEST(Reshape, SharesTheBytes) {
  const Tensor x = Ramp({2, 3});
  const Tensor y = Apply(OpKind::kReshape, {}, {x, I32({2}, {3, -1})});
  EXPECT_EQ(y.shape(), (Sizes{3, 2}));
  EXPECT_EQ(y.bytes().data(), x.bytes().data());
  EXPECT_EQ(Apply(OpKind::kReshape, {{"new_shape", Sizes{6}}}, {x}).shape(), Sizes{6});
  EXPECT_EQ(WhyNot(OpKind::kReshape, {}, {x, I32({1}, {5})}), Reason::kShapeMismatch);
}

TEST(Reshape, ExpandDimsAndSqueezeAreInverse) {
  const Tensor wide = Apply(OpKind::kExpandDims, {}, {Ramp({2, 3}), I32({}, {-2})});
  EXPECT_EQ(wide.shape(), (Sizes{2, 1, 3}));
  EXPECT_EQ(Apply(OpKind::kSqueeze, {{"squeeze_dims", Sizes{1}}}, {wide}).shape(), (Sizes{2, 3}));
  EXPECT_EQ(Apply(OpKind::kSqueeze, {}, {Ramp({1, 2, 1})}).shape(), (Sizes{2}));
}

TEST(Transpose, MovesAxes) {
  const Tensor y = Apply(OpKind::kTranspose, {}, {Ramp({2, 1, 3}), I32({3}, {2, 0, 1})});
  EXPECT_EQ(y.shape(), (Sizes{3, 2, 1}));
  EXPECT_THAT(Floats(y), ElementsAre(0, 3, 1, 4, 2, 5));
}

TEST(Transpose, WorksForEveryWidth) {
  const Tensor bytes = Apply(OpKind::kTranspose, {}, {U8({2, 2}, {1, 2, 3, 4}), I32({2}, {1, 0})});
  EXPECT_THAT(ValuesOf<std::uint8_t>(bytes), ElementsAre(1, 3, 2, 4));
  const Tensor wide = Apply(OpKind::kTranspose, {}, {F64({2, 2}, {1, 2, 3, 4}), I32({2}, {1, 0})});
  EXPECT_THAT(ValuesOf<double>(wide), ElementsAre(1, 3, 2, 4));
}

TEST(Reverse, TurnsTheNamedAxes) {
  EXPECT_THAT(Floats(Apply(OpKind::kReverseV2, {}, {Ramp({2, 3}), I32({1}, {-1})})),
              ElementsAre(2, 1, 0, 5, 4, 3));
  EXPECT_THAT(Floats(Apply(OpKind::kReverseV2, {}, {Ramp({2, 2}), I32({2}, {0, 1})})),
              ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(Floats(Apply(OpKind::kReverseV2, {}, {F32({0}, {}), I32({1}, {0})})), IsEmpty());
}

TEST(Tile, RepeatsAxes) {
  const Tensor y = Apply(OpKind::kTile, {}, {F32({2, 1}, {1, 2}), I32({2}, {2, 3})});
  EXPECT_EQ(y.shape(), (Sizes{4, 3}));
  EXPECT_THAT(Floats(y), ElementsAre(1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2));
  EXPECT_EQ(Apply(OpKind::kTile, {}, {Ramp({2}), I32({1}, {0})}).shape(), Sizes{0});
}

TEST(BroadcastTo, RepeatsAxesOfOne) {
  const Tensor y = Apply(OpKind::kBroadcastTo, {}, {F32({2, 1}, {1, 2}), I32({3}, {2, 2, 2})});
  EXPECT_THAT(Floats(y), ElementsAre(1, 1, 2, 2, 1, 1, 2, 2));
  EXPECT_EQ(WhyNot(OpKind::kBroadcastTo, {}, {Ramp({2}), I32({1}, {3})}), Reason::kShapeMismatch);
}

TEST(DepthToSpace, AndBack) {
  const Attributes block = {{"block_size", std::int64_t{2}}};
  const Tensor x = Ramp({1, 1, 2, 4});
  const Tensor y = Apply(OpKind::kDepthToSpace, block, {x});
  EXPECT_EQ(y.shape(), (Sizes{1, 2, 4, 1}));
  EXPECT_THAT(Floats(y), ElementsAre(0, 1, 4, 5, 2, 3, 6, 7));
  EXPECT_THAT(Floats(Apply(OpKind::kSpaceToDepth, block, {y})),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(Slice, TakesABox) {
  const Tensor y = Apply(OpKind::kSlice, {}, {Ramp({3, 3}), I32({2}, {1, 0}), I32({2}, {-1, 2})});
  EXPECT_EQ(y.shape(), (Sizes{2, 2}));
  EXPECT_THAT(Floats(y), ElementsAre(3, 4, 6, 7));
  EXPECT_EQ(WhyNot(OpKind::kSlice, {}, {Ramp({3}), I32({1}, {2}), I32({1}, {2})}),
            Reason::kShapeMismatch);
}

std::vector<float> Strided(const Tensor& x, std::vector<int> begin, std::vector<int> end,
                           std::vector<int> strides, const Attributes& attrs = {}) {
  const auto n = static_cast<std::int64_t>(begin.size());
  return Floats(
      Apply(OpKind::kStridedSlice, attrs, {x, I32({n}, begin), I32({n}, end), I32({n}, strides)}));
}

TEST(StridedSlice, StepsBothWays) {
  const Tensor x = Ramp({5});
  EXPECT_THAT(Strided(x, {1}, {4}, {2}), ElementsAre(1, 3));
  EXPECT_THAT(Strided(x, {-1}, {-6}, {-2}), ElementsAre(4, 2, 0));
  EXPECT_THAT(Strided(x, {10}, {-100}, {-1}), ElementsAre(4, 3, 2, 1, 0));
  EXPECT_THAT(Strided(x, {3}, {1}, {1}), IsEmpty());
}

TEST(StridedSlice, ExtremesAreClamped) {
  const auto slice = [](std::int64_t begin, std::int64_t end, std::int64_t stride) {
    return Floats(Apply(OpKind::kStridedSlice, {},
                        {Ramp({3}), I64({1}, {begin}), I64({1}, {end}), I64({1}, {stride})}));
  };
  EXPECT_THAT(slice(INT64_MIN, INT64_MAX, INT64_MAX), ElementsAre(0));
  EXPECT_THAT(slice(INT64_MAX, INT64_MIN, INT64_MIN), ElementsAre(2));
  EXPECT_THAT(slice(INT64_MIN, INT64_MAX, 1), ElementsAre(0, 1, 2));
}

TEST(StridedSlice, MasksOpenTheEnds) {
  const Tensor x = Ramp({4});
  EXPECT_THAT(Strided(x, {2}, {3}, {1}, {{"begin_mask", std::int64_t{1}}}), ElementsAre(0, 1, 2));
  EXPECT_THAT(Strided(x, {2}, {3}, {1}, {{"end_mask", std::int64_t{1}}}), ElementsAre(2, 3));
  EXPECT_THAT(Strided(x, {2}, {3}, {-1}, {{"end_mask", std::int64_t{1}}}), ElementsAre(2, 1, 0));
  EXPECT_THAT(Strided(x, {1}, {2}, {1}, {{"offset", true}}), ElementsAre(1, 2));
}

TEST(StridedSlice, MasksChangeTheRank) {
  const Tensor x = Ramp({2, 2, 2});
  const Tensor row = Apply(OpKind::kStridedSlice, {{"shrink_axis_mask", std::int64_t{1}}},
                           {x, I32({1}, {-1}), I32({1}, {0}), I32({1}, {1})});
  EXPECT_EQ(row.shape(), (Sizes{2, 2}));
  EXPECT_THAT(Floats(row), ElementsAre(4, 5, 6, 7));
  // x[..., newaxis, 1]
  const Tensor y = Apply(OpKind::kStridedSlice,
                         {{"ellipsis_mask", std::int64_t{1}},
                          {"new_axis_mask", std::int64_t{2}},
                          {"shrink_axis_mask", std::int64_t{4}}},
                         {x, I32({3}, {0, 0, 1}), I32({3}, {0, 0, 2}), I32({3}, {1, 1, 1})});
  EXPECT_EQ(y.shape(), (Sizes{2, 2, 1}));
  EXPECT_THAT(Floats(y), ElementsAre(1, 3, 5, 7));
  EXPECT_EQ(WhyNot(OpKind::kStridedSlice, {{"shrink_axis_mask", std::int64_t{1}}},
                   {x, I32({1}, {2}), I32({1}, {3}), I32({1}, {1})}),
            Reason::kShapeMismatch);
}

TEST(Join, ConcatenatesAlongAnyAxis) {
  const Tensor a = F32({2, 1}, {1, 2});
  const Tensor b = F32({2, 2}, {3, 4, 5, 6});
  const Tensor y = Apply(OpKind::kConcatenation, {{"axis", std::int64_t{-1}}}, {a, b});
  EXPECT_EQ(y.shape(), (Sizes{2, 3}));
  EXPECT_THAT(Floats(y), ElementsAre(1, 3, 4, 2, 5, 6));
  EXPECT_THAT(
      Floats(Apply(OpKind::kConcatenation, {}, {Ramp({1, 2}), F32({0, 2}, {}), Ramp({1, 2})})),
      ElementsAre(0, 1, 0, 1));
}

TEST(Join, PacksAndUnpacks) {
  const Attributes last = {{"axis", std::int64_t{1}}, {"num", std::int64_t{3}}};
  const Tensor y =
      Apply(OpKind::kPack, {{"axis", std::int64_t{1}}}, {Ramp({2}), Ramp({2}, 10), Ramp({2}, 100)});
  EXPECT_EQ(y.shape(), (Sizes{2, 3}));
  EXPECT_THAT(Floats(y), ElementsAre(0, 0, 0, 1, 10, 100));
  const auto parts = TryApply(OpKind::kUnpack, last, {y});
  ASSERT_TRUE(parts.ok()) << parts.status().ToString();
  ASSERT_EQ(parts->size(), 3u);
  EXPECT_THAT(Floats((*parts)[2]), ElementsAre(0, 100));
}

TEST(Join, SplitsEvenlyAndBySizes) {
  const Tensor x = Ramp({2, 4});
  const auto halves =
      TryApply(OpKind::kSplit, {{"num_splits", std::int64_t{2}}}, {I32({}, {1}), x});
  ASSERT_TRUE(halves.ok()) << halves.status().ToString();
  EXPECT_THAT(Floats((*halves)[1]), ElementsAre(2, 3, 6, 7));
  const auto parts = TryApply(OpKind::kSplitV, {{"num_splits", std::int64_t{3}}},
                              {x, I64({3}, {1, -1, 0}), I32({}, {-1})});
  ASSERT_TRUE(parts.ok()) << parts.status().ToString();
  EXPECT_THAT(Floats((*parts)[0]), ElementsAre(0, 4));
  EXPECT_THAT(Floats((*parts)[1]), ElementsAre(1, 2, 3, 5, 6, 7));
  EXPECT_EQ((*parts)[2].shape(), (Sizes{2, 0}));
}

TEST(Pad, FillsAround) {
  const Tensor pads = I32({2, 2}, {1, 0, 0, 2});
  const Tensor y = Apply(OpKind::kPad, {}, {F32({1, 2}, {1, 2}), pads});
  EXPECT_EQ(y.shape(), (Sizes{2, 4}));
  EXPECT_THAT(Floats(y), ElementsAre(0, 0, 0, 0, 1, 2, 0, 0));
  EXPECT_THAT(Floats(Apply(OpKind::kPadv2, {}, {F32({1, 2}, {1, 2}), pads, F32({}, {7})})),
              ElementsAre(7, 7, 7, 7, 1, 2, 7, 7));
  EXPECT_THAT(Floats(Apply(OpKind::kPad, {}, {F32({0}, {}), I64({1, 2}, {1, 1})})),
              ElementsAre(0, 0));
}

TEST(Pad, MirrorsAtTheEdges) {
  const Tensor x = Ramp({3});
  const Tensor pads = I32({1, 2}, {2, 1});
  EXPECT_THAT(Floats(Apply(OpKind::kMirrorPad, {{"mode", std::string("REFLECT")}}, {x, pads})),
              ElementsAre(2, 1, 0, 1, 2, 1));
  EXPECT_THAT(Floats(Apply(OpKind::kMirrorPad, {{"mode", std::string("SYMMETRIC")}}, {x, pads})),
              ElementsAre(1, 0, 0, 1, 2, 2));
  EXPECT_EQ(
      WhyNot(OpKind::kMirrorPad, {{"mode", std::string("REFLECT")}}, {x, I32({1, 2}, {3, 0})}),
      Reason::kShapeMismatch);
}

TEST(Gather, TakesRowsOfAnAxis) {
  const Tensor x = Ramp({2, 3});
  EXPECT_THAT(Floats(Apply(OpKind::kGather, {{"axis", std::int64_t{1}}}, {x, I32({2}, {2, 0})})),
              ElementsAre(2, 0, 5, 3));
  EXPECT_THAT(Floats(Apply(OpKind::kGather, {}, {x, I64({}, {1})})), ElementsAre(3, 4, 5));
  const Attributes batched = {{"axis", std::int64_t{1}}, {"batch_dims", std::int64_t{1}}};
  EXPECT_THAT(Floats(Apply(OpKind::kGather, batched, {x, I32({2, 1}, {2, 1})})), ElementsAre(2, 4));
  for (const int bad : {-1, 2}) {
    EXPECT_EQ(WhyNot(OpKind::kGather, {}, {x, I32({1}, {bad})}), Reason::kValueOutOfRange);
  }
}

TEST(GatherNd, TakesSlicesByIndexRows) {
  const Tensor x = Ramp({2, 2, 2});
  EXPECT_THAT(Floats(Apply(OpKind::kGatherNd, {}, {x, I32({2, 2}, {0, 1, 1, 0})})),
              ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(Floats(Apply(OpKind::kGatherNd, {}, {x, I32({3}, {1, 1, 0})})), ElementsAre(6));
  EXPECT_EQ(WhyNot(OpKind::kGatherNd, {}, {x, I32({1, 1}, {2})}), Reason::kValueOutOfRange);
}

TEST(Fill, MakesTensorsFromSizes) {
  EXPECT_THAT(Ints(Apply(OpKind::kFill, {}, {I64({2}, {2, 2}), I32({}, {7})})),
              ElementsAre(7, 7, 7, 7));
  EXPECT_EQ(Apply(OpKind::kFill, {}, {I32({0}, {}), I32({}, {7})}).shape(), Sizes{});
  EXPECT_THAT(Ints(Apply(OpKind::kRange, {}, {I32({}, {5}), I32({}, {-2}), I32({}, {-3})})),
              ElementsAre(5, 2, -1));
  EXPECT_THAT(Floats(Apply(OpKind::kRange, {}, {F32({}, {0}), F32({}, {1}), F32({}, {0.25F})})),
              ElementsAre(0, 0.25F, 0.5F, 0.75F));
  EXPECT_THAT(Ints(Apply(OpKind::kShape, {{"out_type", std::string("i32")}}, {Ramp({4, 1})})),
              ElementsAre(4, 1));
  EXPECT_THAT(Ints(Apply(OpKind::kRank, {}, {Ramp({4, 1})})), ElementsAre(2));
}

TEST(OneHot, MarksTheIndex) {
  const Tensor y = Apply(OpKind::kOneHot, {{"axis", std::int64_t{-1}}},
                         {I64({2}, {1, -1}), I32({}, {3}), F32({}, {1}), F32({}, {0})});
  EXPECT_EQ(y.shape(), (Sizes{2, 3}));
  EXPECT_THAT(Floats(y), ElementsAre(0, 1, 0, 0, 0, 0));
  EXPECT_THAT(Floats(Apply(OpKind::kOneHot, {{"axis", std::int64_t{0}}},
                           {I64({2}, {1, 0}), I32({}, {2}), F32({}, {5}), F32({}, {2})})),
              ElementsAre(2, 5, 5, 2));
}

}  // namespace
}  // namespace smelt::interp::testing
