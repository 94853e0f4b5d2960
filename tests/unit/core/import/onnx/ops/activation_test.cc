#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;

const std::vector<double> kPoints = {-30, -3, -1, -0.25, 0, 0.25, 1, 3, 30};

// Runs `op` on kPoints and compares with `expected` point by point.
void ExpectPointwise(OneNode node, double (*expected)(double), double relative = 1e-5) {
  const std::int64_t count = static_cast<std::int64_t>(kPoints.size());
  node.inputs = {F32({count}, kPoints)};
  std::vector<double> values;
  for (double x : kPoints) values.push_back(expected(x));
  const auto got = RunNode(node);
  ASSERT_EQ(got.size(), 1u);
  ExpectTensor(got[0], F32({count}, values), relative);
}

double Softplus(double x) { return std::log1p(std::exp(x)); }

TEST(ImportActivation, FollowsDefinitions) {
  ExpectPointwise({.op = "Relu"}, [](double x) { return std::fmax(x, 0.0); });
  ExpectPointwise({.op = "LeakyRelu", .attrs = {{"alpha", 0.1}}},
                  [](double x) { return x < 0 ? 0.1 * x : x; });
  ExpectPointwise({.op = "Elu", .attrs = {{"alpha", 2.0}}},
                  [](double x) { return x < 0 ? 2 * std::expm1(x) : x; });
  ExpectPointwise({.op = "Celu", .attrs = {{"alpha", 2.0}}},
                  [](double x) { return x < 0 ? 2 * std::expm1(x / 2) : x; });
  ExpectPointwise({.op = "Selu"}, [](double x) {
    return 1.05070102214813232 * (x < 0 ? 1.67326319217681885 * std::expm1(x) : x);
  });
  ExpectPointwise({.op = "HardSigmoid"},
                  [](double x) { return std::fmin(1, std::fmax(0, 0.2 * x + 0.5)); });
  ExpectPointwise({.op = "HardSwish"},
                  [](double x) { return x * std::fmin(1, std::fmax(0, x / 6 + 0.5)); });
  ExpectPointwise({.op = "Sigmoid"}, [](double x) { return 1 / (1 + std::exp(-x)); });
  ExpectPointwise({.op = "Softplus"}, Softplus);
  ExpectPointwise({.op = "Softsign"}, [](double x) { return x / (1 + std::fabs(x)); });
  ExpectPointwise({.op = "Mish", .opset = 18}, [](double x) { return x * std::tanh(Softplus(x)); });
  ExpectPointwise({.op = "Swish", .attrs = {{"alpha", 2.0}}, .opset = 24},
                  [](double x) { return x / (1 + std::exp(-2 * x)); });
  ExpectPointwise({.op = "ThresholdedRelu", .attrs = {{"alpha", 0.5}}},
                  [](double x) { return x > 0.5 ? x : 0.0; });
  ExpectPointwise({.op = "Erf"}, [](double x) { return std::erf(x); });
  ExpectPointwise({.op = "Gelu", .opset = 20},
                  [](double x) { return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0))); });
}

TEST(ImportClip, TakesBoundsAsAttributesBeforeOpset11) {
  ExpectPointwise({.op = "Clip", .attrs = {{"min", -2.0}, {"max", 2.0}}, .opset = 9},
                  [](double x) { return std::fmin(2, std::fmax(-2, x)); });
  ExpectPointwise({.op = "Clip", .attrs = {{"min", 0.0}, {"max", 6.0}}, .opset = 7},
                  [](double x) { return std::fmin(6, std::fmax(0, x)); });
}

TEST(ImportClip, TakesComputedBounds) {
  const auto got = RunNode(
      {.op = "Clip", .inputs = {F32({3}, {-5, 0, 5}), F32({}, {-1}), F32({}, {2})}, .opset = 13});
  ASSERT_EQ(got.size(), 1u);
  ExpectTensor(got[0], F32({3}, {-1, 0, 2}));
}

TEST(ImportClip, WithoutBoundsPassesInputOn) {
  const auto got = RunNode({.op = "Clip", .inputs = {F32({2}, {-5, 5})}, .opset = 13});
  ASSERT_EQ(got.size(), 1u);
  ExpectTensor(got[0], F32({2}, {-5, 5}));
}

TEST(ImportPRelu, BroadcastsTheSlope) {
  const auto got = RunNode({.op = "PRelu",
                            .inputs = {F32({1, 2, 2}, {-1, -2, -3, 4}), F32({2, 1}, {0.5, 0.25})},
                            .constant = {false, true}});
  ASSERT_EQ(got.size(), 1u);
  ExpectTensor(got[0], F32({1, 2, 2}, {-0.5, -1, -0.75, 4}));
}

TEST(ImportPRelu, ComputesIntegers) {
  const auto got = RunNode(
      {.op = "PRelu",
       .inputs = {MakeTensor(DType::kI32, {3}, {-2, 0, 5}), MakeTensor(DType::kI32, {1}, {3})}});
  ASSERT_EQ(got.size(), 1u);
  ExpectTensor(got[0], MakeTensor(DType::kI32, {3}, {-6, 0, 5}));
}

TEST(ImportActivation, RefusesWithItsReason) {
  EXPECT_EQ(
      MakeModel({.op = "Celu", .inputs = {F32({1}, {1})}, .attrs = {{"alpha", -1.0}}}).Refusals(),
      std::vector{Reason::kUnsupportedAttributeValue});
  EXPECT_EQ(MakeModel({.op = "Gelu",
                       .inputs = {F32({1}, {1})},
                       .attrs = {{"approximate", "fast"}},
                       .opset = 20})
                .Refusals(),
            std::vector{Reason::kUnsupportedAttributeValue});
  EXPECT_EQ(MakeModel({.op = "PRelu", .inputs = {F32({2}, {1, 2}), F32({2, 2}, {1, 1, 1, 1})}})
                .Refusals(),
            std::vector{Reason::kShapeMismatch});
  EXPECT_EQ(MakeModel({.op = "Clip", .inputs = {F32({2}, {1, 2}), F32({2}, {1, 1})}}).Refusals(),
            std::vector{Reason::kShapeMismatch});
  EXPECT_EQ(MakeModel({.op = "Erf", .inputs = {I64({1}, {1})}}).Refusals(),
            std::vector{Reason::kUnsupportedType});
}

}  // namespace
}  // namespace smelt::testing
