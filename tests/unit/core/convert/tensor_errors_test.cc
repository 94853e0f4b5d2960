// Two tensors compared as the reals that they stand for.
#include "core/convert/tensor_errors.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace smelt
