// Two tensors compared as the reals that they stand for.
#include "core/convert/tensor_errors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/onnx_model.h"

namespace smelt {
namespace {

using ir::DType;
using testing::F32;
using testing::MakeTensor;

TEST(CompareTensors, IntegersWithScalesAreReals) {
  interp::Tensor stored = MakeTensor(DType::kI8, {2, 2}, {-10, 10, 20, 127});
  stored.set_quant(ir::QuantParams{{0.5f, 2}, {0, 10}, 1});
  const auto errors = CompareTensors(F32({2, 2}, {-5, 0, 10, 235}), stored, {});
  ASSERT_TRUE(errors.has_value());
  EXPECT_FALSE(errors->exact);
  EXPECT_EQ(errors->metrics.max_abs, 1);  // (127 - 10) * 2 is 234
  EXPECT_EQ(errors->metrics.different, 1u);
}

TEST(CompareTensors, ADeclaredOrderSaysWhichAxisIsWhich) {
  const interp::Tensor reference = F32({1, 2, 3}, {0, 1, 2, 3, 4, 5});
  const interp::Tensor stored = F32({3, 2, 1}, {0, 3, 1, 4, 2, 5});
  const int order[] = {2, 1, 0};
  const auto errors = CompareTensors(reference, stored, order);
  ASSERT_TRUE(errors.has_value());
  EXPECT_EQ(errors->metrics.different, 0u);
  EXPECT_FALSE(CompareTensors(reference, stored, {}).has_value());
}

// Not a permutation that is its own inverse.
TEST(CompareTensors, OrdersAreReadFromTheFileToTheSource) {
  const interp::Tensor reference = F32({2, 1, 3}, {0, 1, 2, 3, 4, 5});
  const interp::Tensor stored = F32({1, 3, 2}, {0, 3, 1, 4, 2, 5});  // axes 1, 2, 0 of the source
  const int order[] = {1, 2, 0};
  const auto errors = CompareTensors(reference, stored, order);
  ASSERT_TRUE(errors.has_value());
  EXPECT_EQ(errors->metrics.different, 0u);
}

TEST(CompareTensors, LargeTensorsAreReadInBlocks) {
  const std::vector<std::int64_t> shape = {3, 20'000};
  const interp::Tensor a = testing::RandomTensor(DType::kF32, shape, 1);
  const interp::Tensor b = testing::RandomTensor(DType::kF32, shape, 2);
  report::ErrorSums pool, expected;
  const std::vector<double> left = testing::ToDoubles(a), right = testing::ToDoubles(b);
  expected.Add(left, right);
  const auto errors = CompareTensors(a, b, {}, &pool);
  ASSERT_TRUE(errors.has_value());
  EXPECT_EQ(errors->metrics.rmse, expected.Metrics().rmse);
  EXPECT_EQ(pool.Metrics().elements, 60'000u);
}

TEST(CompareTensors, OtherElementTypesCompareByValue) {
  const auto errors = CompareTensors(MakeTensor(DType::kI64, {2}, {1, -7}),
                                     MakeTensor(DType::kI32, {2}, {1, -7}), {});
  ASSERT_TRUE(errors.has_value());
  EXPECT_TRUE(errors->exact);
  EXPECT_EQ(errors->metrics.different, 0u);
}

TEST(CompareTop1, CountsRowsWithTheLargestElementInOnePlace) {
  const auto top1 = CompareTop1(F32({3, 2}, {1, 2, 5, 4, 3, 3}), F32({3, 2}, {2, 1, 5, 4, 3, 3}));
  ASSERT_TRUE(top1.has_value());
  EXPECT_EQ(top1->rows, 3u);
  EXPECT_EQ(top1->agreeing, 2u);
}

TEST(CompareTop1, IsForLogitsAlone) {
  const auto applies = [](const interp::Tensor& tensor) {
    return CompareTop1(tensor, tensor).has_value();
  };
  EXPECT_TRUE(applies(F32({2}, {1, 2})));
  EXPECT_FALSE(applies(F32({2, 1}, {1, 2})));
  EXPECT_FALSE(applies(F32({}, {1})));
  EXPECT_FALSE(applies(F32({1, 1, 1, 2}, {1, 2})));
  EXPECT_FALSE(applies(testing::I64({2}, {1, 2})));
}

TEST(CompareTop1, ReadsRowsInPiecesAndSkipsThoseWithoutALargest) {
  std::vector<double> row(40'000, 0);
  row[39'999] = 1;
  std::vector<double> other = row;
  other[1] = 2;
  const auto top1 = CompareTop1(F32({1, 40'000}, row), F32({1, 40'000}, row));
  EXPECT_EQ(top1->agreeing, 1u);
  EXPECT_EQ(CompareTop1(F32({1, 40'000}, row), F32({1, 40'000}, other))->agreeing, 0u);
  const auto partly = CompareTop1(F32({2, 2}, {std::nan(""), 1, 3, 4}), F32({2, 2}, {5, 3, 3, 4}));
  EXPECT_EQ(partly->rows, 1u);
  EXPECT_EQ(partly->agreeing, 1u);
}

// Doubles would take them for equal.
TEST(CompareTensors, TellsLargeIntegersApart) {
  interp::Tensor a = interp::Tensor::Zeros(DType::kI64, {2});
  interp::Tensor b = interp::Tensor::Zeros(DType::kI64, {2});
  a.mutable_values<std::int64_t>()[1] = 9'007'199'254'740'993;
  b.mutable_values<std::int64_t>()[1] = 9'007'199'254'740'992;
  EXPECT_EQ(CompareTensors(a, b, {})->metrics.different, 1u);
  EXPECT_EQ(CompareTensors(a, a, {})->metrics.different, 0u);
}

// One that all scores are next to nothing beside; what is measured is the scores.
TEST(CompareTensors, LeavesMasksOut) {
  const interp::Tensor scores = F32({3}, {-3.4e38, 1, 2});
  const auto errors = CompareTensors(scores, F32({3}, {-3.3e38, 1, 3}), {});
  EXPECT_EQ(errors->metrics.reference_max_abs, 2);
  EXPECT_EQ(errors->metrics.max_abs, 1);
  EXPECT_EQ(errors->metrics.non_finite_mismatches, 0u);
  const auto unmasked = CompareTensors(scores, F32({3}, {0, 1, 2}), {});
  EXPECT_EQ(unmasked->metrics.non_finite_mismatches, 1u);
  EXPECT_EQ(CompareTensors(scores, F32({3}, {3.4e38, 1, 2}), {})->metrics.non_finite_mismatches,
            1u);
}

}  // namespace
}  // namespace smelt
