#include <limits>

#include "tests/unit/core/interp/apply_op.h"

namespace smelt::interp::testing {
namespace {

TEST(ScatterNd, AddsWhereRowsAreEqual) {
  const Tensor indices = I32({3, 1}, {2, 0, 2});
  const Tensor y = Apply(OpKind::kScatterNd, {}, {indices, F32({3}, {1, 2, 4}), I32({1}, {4})});
  EXPECT_THAT(Floats(y), ElementsAre(2, 0, 5, 0));
  EXPECT_EQ(WhyNot(OpKind::kScatterNd, {}, {indices, F32({3}, {1, 2, 4}), I32({1}, {2})}),
            Reason::kValueOutOfRange);
}

TEST(ScatterNd, WritesSlices) {
  const Tensor y =
      Apply(OpKind::kScatterNd, {}, {I32({1, 1}, {1}), F32({1, 2}, {7, 8}), I32({2}, {2, 2})});
  EXPECT_EQ(y.shape(), (Sizes{2, 2}));
  EXPECT_THAT(Floats(y), ElementsAre(0, 0, 7, 8));
}

TEST(UnsortedSegment, LeavesTheNeutralElementInEmptySegments) {
  const auto apply = [](OpKind kind) {
    return Floats(Apply(kind, {}, {F32({3}, {2, -3, 5}), I32({3}, {1, 1, -1}), I32({}, {2})}));
  };
  EXPECT_THAT(apply(OpKind::kUnsortedSegmentSum), ElementsAre(0, -1));
  EXPECT_THAT(apply(OpKind::kUnsortedSegmentProd), ElementsAre(1, -6));
  EXPECT_THAT(apply(OpKind::kUnsortedSegmentMax),
              ElementsAre(std::numeric_limits<float>::lowest(), 2));
  EXPECT_THAT(apply(OpKind::kUnsortedSegmentMin),
              ElementsAre(std::numeric_limits<float>::max(), -3));
}

TEST(Where, ListsCoordinates) {
  const Tensor y = Apply(OpKind::kWhere, {}, {F32({2, 2}, {0, 3, -1, 0})});
  EXPECT_EQ(y.shape(), (Sizes{2, 2}));
  EXPECT_THAT(ValuesOf<std::int64_t>(y), ElementsAre(0, 1, 1, 0));
  EXPECT_EQ(Apply(OpKind::kWhere, {}, {F32({2}, {0, 0})}).shape(), (Sizes{0, 1}));
}

TEST(ReverseSequence, TurnsTheStartOfEachRow) {
  const Attributes rows = {{"seq_dim", std::int64_t{1}}, {"batch_dim", std::int64_t{0}}};
  EXPECT_THAT(Floats(Apply(OpKind::kReverseSequence, rows, {Ramp({2, 3}), I32({2}, {2, 3})})),
              ElementsAre(1, 0, 2, 5, 4, 3));
}

TEST(Bits, AndXorAndShift) {
  const Tensor a = U8({3}, {12, 255, 128}), b = U8({3}, {10, 15, 9});
  EXPECT_THAT(ValuesOf<std::uint8_t>(Apply(OpKind::kStablehloAnd, {}, {a, b})),
              ElementsAre(8, 15, 0));
  EXPECT_THAT(ValuesOf<std::uint8_t>(Apply(OpKind::kBitwiseXor, {}, {a, b})),
              ElementsAre(6, 240, 137));
  EXPECT_THAT(ValuesOf<std::uint8_t>(Apply(OpKind::kRightShift, {}, {a, b})),
              ElementsAre(0, 1, 1));  // counts end at the width less one
  EXPECT_THAT(Ints(Apply(OpKind::kRightShift, {}, {I32({1}, {-8}), I32({1}, {1})})),
              ElementsAre(-4));
}

}  // namespace
}  // namespace smelt::interp::testing
