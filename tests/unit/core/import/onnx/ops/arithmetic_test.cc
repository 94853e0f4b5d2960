#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;

interp::Tensor RunBinary(const std::string& op, const interp::Tensor& a, const interp::Tensor& b,
                         std::vector<Attr> attrs = {}, int opset = 17) {
  auto got = RunNode({.op = op, .inputs = {a, b}, .attrs = std::move(attrs), .opset = opset});
  return got.empty() ? interp::Tensor() : got[0];
}

TEST(ImportArithmetic, Broadcasts) {
  const auto a = F32({2, 1}, {1, 2});
  const auto b = F32({3}, {10, 20, 40});
  ExpectTensor(RunBinary("Add", a, b), F32({2, 3}, {11, 21, 41, 12, 22, 42}));
  ExpectTensor(RunBinary("Sub", a, b), F32({2, 3}, {-9, -19, -39, -8, -18, -38}));
  ExpectTensor(RunBinary("Mul", a, b), F32({2, 3}, {10, 20, 40, 20, 40, 80}));
  ExpectTensor(RunBinary("Div", b, a), F32({2, 3}, {10, 20, 40, 5, 10, 20}));
}

TEST(ImportDiv, TruncatesIntegers) {
  ExpectTensor(RunBinary("Div", I64({4}, {7, -7, 7, -7}), I64({4}, {2, 2, -2, -2})),
               I64({4}, {3, -3, -3, 3}));
}

TEST(ImportMod, TakesTheSignThatFmodSays) {
  const auto a = MakeTensor(DType::kI32, {4}, {7, -7, 7, -7});
  const auto b = MakeTensor(DType::kI32, {4}, {3, 3, -3, -3});
  ExpectTensor(RunBinary("Mod", a, b), MakeTensor(DType::kI32, {4}, {1, 2, -2, -1}));
  ExpectTensor(RunBinary("Mod", a, b, {{"fmod", 1}}), MakeTensor(DType::kI32, {4}, {1, -1, 1, -1}));
  ExpectTensor(RunBinary("Mod", F32({2}, {5.5, -5.5}), F32({2}, {2, 2}), {{"fmod", 1}}),
               F32({2}, {1.5, -1.5}));
  EXPECT_EQ(MakeModel({.op = "Mod", .inputs = {F32({1}, {1}), F32({1}, {1})}}).Refusals(),
            std::vector{Reason::kUnsupportedAttributeValue});
}

TEST(ImportPow, TakesExponentsOfAnotherType) {
  ExpectTensor(RunBinary("Pow", F32({3}, {2, 3, 4}), MakeTensor(DType::kI32, {3}, {3, 2, 0})),
               F32({3}, {8, 9, 1}));
  auto squared = RunNode(
      {.op = "Pow", .inputs = {F32({2}, {-3, 5}), F32({}, {2})}, .constant = {false, true}});
  ASSERT_EQ(squared.size(), 1u);
  ExpectTensor(squared[0], F32({2}, {9, 25}));
}

TEST(ImportVariadic, FoldsAllOperands) {
  const std::vector<interp::Tensor> three = {F32({2}, {1, 8}), F32({1}, {4}), F32({2}, {7, 0})};
  ExpectTensor(RunNode({.op = "Sum", .inputs = three})[0], F32({2}, {12, 12}));
  ExpectTensor(RunNode({.op = "Mean", .inputs = three})[0], F32({2}, {4, 4}));
  ExpectTensor(RunNode({.op = "Max", .inputs = three})[0], F32({2}, {7, 8}));
  ExpectTensor(RunNode({.op = "Min", .inputs = three})[0], F32({2}, {1, 0}));
  ExpectTensor(RunNode({.op = "Max", .inputs = {F32({2}, {1, 8})}})[0], F32({2}, {1, 8}));
}

TEST(ImportUnary, FollowsDefinitions) {
  const auto run = [](const std::string& op, const interp::Tensor& x) {
    auto got = RunNode({.op = op, .inputs = {x}});
    return got.empty() ? interp::Tensor() : got[0];
  };
  const auto x = F32({4}, {-2.5, -0.5, 0.5, 1.5});
  ExpectTensor(run("Abs", x), F32({4}, {2.5, 0.5, 0.5, 1.5}));
  ExpectTensor(run("Neg", x), F32({4}, {2.5, 0.5, -0.5, -1.5}));
  ExpectTensor(run("Ceil", x), F32({4}, {-2, -0.0, 1, 2}));
  ExpectTensor(run("Floor", x), F32({4}, {-3, -1, 0, 1}));
  ExpectTensor(run("Round", x), F32({4}, {-2, -0.0, 0, 2}));  // half to even
  ExpectTensor(run("Reciprocal", x), F32({4}, {-0.4, -2, 2, 1 / 1.5}));
  ExpectTensor(run("Sign", x), F32({4}, {-1, -1, 1, 1}));
  ExpectTensor(run("Sign", I64({3}, {-9, 0, 4})), I64({3}, {-1, 0, 1}));
  ExpectTensor(run("Abs", I64({2}, {-9, 4})), I64({2}, {9, 4}));
  ExpectTensor(run("Sqrt", F32({2}, {4, 2.25})), F32({2}, {2, 1.5}));
  ExpectTensor(run("Exp", F32({2}, {0, 1})), F32({2}, {1, std::exp(1.0)}));
  ExpectTensor(run("Log", F32({2}, {1, 10})), F32({2}, {0, std::log(10.0)}));
}

TEST(ImportTrigonometry, FollowsDefinitions) {
  struct Case {
    const char* op;
    double (*function)(double);
    std::vector<double> points;
  };
  const Case cases[] = {
      {"Sin", std::sin, {-2, 0, 1}},
      {"Cos", std::cos, {-2, 0, 1}},
      {"Tan", std::tan, {-1, 0, 1.2}},
      {"Asin", std::asin, {-1, -0.999, 0, 0.5, 1}},
      {"Acos", std::acos, {-1, -0.5, 0, 1}},
      {"Atan", std::atan, {-50, 0, 0.1, 3}},
      {"Sinh", std::sinh, {-3, -1e-4, 0, 5}},
      {"Cosh", std::cosh, {-3, 0, 5}},
      {"Asinh", std::asinh, {-9, -1e-4, 0, 2}},
      {"Acosh", std::acosh, {1, 1.0001, 7}},
      {"Atanh", std::atanh, {-0.9, 1e-4, 0, 0.5}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.op);
    std::vector<double> expected;
    for (double x : one.points) {
      expected.push_back(one.function(static_cast<double>(static_cast<float>(x))));
    }
    const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(one.points.size())};
    const auto got = RunNode({.op = one.op, .inputs = {F32(shape, one.points)}});
    ASSERT_EQ(got.size(), 1u);
    ExpectTensor(got[0], F32(shape, expected), 1e-5, 1e-6);
  }
}

}  // namespace
}  // namespace smelt::testing
