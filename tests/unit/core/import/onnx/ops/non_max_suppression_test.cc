#include <gtest/gtest.h>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;

OnnxModel Suppress(std::vector<DimSpec> boxes, std::vector<DimSpec> scores, std::int64_t most) {
  OnnxModel model(11);
  model.Input("boxes", DType::kF32, std::move(boxes))
      .Input("scores", DType::kF32, std::move(scores))
      .Init("most", I64({1}, {most}))
      .Init("overlap", F32({1}, {0.5}))
      .Node("NonMaxSuppression", {"boxes", "scores", "most", "overlap"}, {"chosen"})
      .Output("chosen");
  return model;
}

// Two that overlap and one apart.
const std::vector<double> kCorners = {0, 0, 1, 1, 0, 0.1, 1, 1.1, 5, 5, 6, 6};

TEST(ImportNonMaxSuppression, TakesSizesOfTheRun) {
  const OnnxModel model = Suppress({1, "n", 4}, {1, 1, "n"}, 10);
  const auto got = model.Run({F32({1, 3, 4}, kCorners), F32({1, 1, 3}, {1, 3, 2})});
  ASSERT_EQ(got.size(), 1u);
  ExpectTensor(got[0], I64({2, 3}, {0, 0, 1, 0, 0, 2}));
  const auto none = model.Run({F32({1, 0, 4}, {}), F32({1, 1, 0}, {})});
  ASSERT_EQ(none.size(), 1u);
  ExpectTensor(none[0], I64({0, 3}, {}));
}

TEST(ImportNonMaxSuppression, LoopsOverBatchesAndClassesOfTheRun) {
  std::vector<double> boxes = kCorners;
  boxes.insert(boxes.end(), kCorners.begin(), kCorners.end());
  const auto got =
      Suppress({"batch", "n", 4}, {"batch", "classes", "n"}, 1)
          .Run({F32({2, 3, 4}, boxes), F32({2, 2, 3}, {1, 2, 3, 3, 2, 1, 1, 3, 2, 2, 1, 3})});
  ASSERT_EQ(got.size(), 1u);
  ExpectTensor(got[0], I64({4, 3}, {0, 0, 2, 0, 1, 0, 1, 0, 1, 1, 1, 2}));
}

TEST(ImportNonMaxSuppression, RefusesWhatDoesNotFit) {
  EXPECT_EQ(Suppress({1, "n", 5}, {1, 1, "n"}, 1).Refusals(), std::vector{Reason::kShapeMismatch});
  EXPECT_EQ(Suppress({1, 3, 4}, {1, 1, 4}, 1).Refusals(), std::vector{Reason::kShapeMismatch});
  EXPECT_EQ(Suppress({1, "n", 4}, {1, 0, "n"}, 1).Refusals(), std::vector{Reason::kShapeMismatch});
  EXPECT_EQ(Suppress({1, "n", 4}, {1, 1, "n"}, 0).Refusals(),
            std::vector{Reason::kValueOutOfRange});
}

}  // namespace
}  // namespace smelt::testing
