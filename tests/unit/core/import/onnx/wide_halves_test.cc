#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ir::OpKind;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

std::vector<OpKind> KindsOf(const OneNode& node) {
  auto imported = MakeModel(node).Import();
  EXPECT_TRUE(imported.ok());
  std::vector<OpKind> kinds;
  for (const ir::OpId id : imported->module.main()) {
    kinds.push_back(imported->module.main().op(id).kind);
  }
  return kinds;
}

// Rounding each of x / (1 + |x|) to float16 gives another element than rounding the result.
TEST(WideHalves, SeveralStepsAreRoundedOnce) {
  std::vector<double> x, want;
  for (int i = 1; i <= 200; ++i) {
    x.push_back(i / 64.0);
    want.push_back(x.back() / (1 + x.back()));
  }
  const auto y = RunNode({"Softsign", {MakeTensor(DType::kF16, {200}, x)}, {}, {}, 1, 22});
  EXPECT_EQ(y.at(0).dtype(), DType::kF16);
  EXPECT_EQ(ToDoubles(y.at(0)), ToDoubles(MakeTensor(DType::kF16, {200}, want)));
}

TEST(WideHalves, CastsStandAtTheEdgesOnly) {
  EXPECT_THAT(KindsOf({"Softsign", {MakeTensor(DType::kBF16, {2}, {1, 2})}, {}, {}, 1, 22}),
              ElementsAre(OpKind::kCast, OpKind::kAbs, OpKind::kAdd, OpKind::kDiv, OpKind::kCast));
}

TEST(WideHalves, OneRoundingStaysAsItIs) {
  const auto half = MakeTensor(DType::kF16, {1, 4, 2, 2}, std::vector<double>(16, 1.0));
  EXPECT_THAT(KindsOf({"Add", {half, half}}), ElementsAre(OpKind::kAdd));
  EXPECT_THAT(KindsOf({"DepthToSpace", {half}, {{"blocksize", 2}}}), Not(Contains(OpKind::kCast)));
}

TEST(WideHalves, FloatsAreLeftAlone) {
  EXPECT_THAT(KindsOf({"Softsign", {F32({2}, {1, 2})}, {}, {}, 1, 22}),
              ElementsAre(OpKind::kAbs, OpKind::kAdd, OpKind::kDiv));
}

}  // namespace
}  // namespace smelt::testing
