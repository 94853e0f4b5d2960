#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;

interp::Tensor Run1(OneNode node) {
  auto got = RunNode(node);
  return got.empty() ? interp::Tensor() : got[0];
}

const interp::Tensor kMatrix = F32({2, 3}, {1, -2, 3, 4, 5, -6});

TEST(ImportReduce, ReducesNamedAxes) {
  const auto run = [](const std::string& op) {
    return Run1({.op = op,
                 .inputs = {kMatrix},
                 .attrs = {{"axes", Ints{-1}}, {"keepdims", 0}},
                 .opset = 12});
  };
  ExpectTensor(run("ReduceSum"), F32({2}, {2, 3}));
  ExpectTensor(run("ReduceMean"), F32({2}, {2.0 / 3, 1}));
  ExpectTensor(run("ReduceMax"), F32({2}, {3, 5}));
  ExpectTensor(run("ReduceMin"), F32({2}, {-2, -6}));
  ExpectTensor(run("ReduceProd"), F32({2}, {-6, -120}));
  ExpectTensor(run("ReduceL1"), F32({2}, {6, 15}));
  ExpectTensor(run("ReduceL2"), F32({2}, {std::sqrt(14.0), std::sqrt(77.0)}));
  ExpectTensor(run("ReduceSumSquare"), F32({2}, {14, 77}));
  ExpectTensor(run("ReduceLogSum"), F32({2}, {std::log(2.0), std::log(3.0)}));
  ExpectTensor(run("ReduceLogSumExp"),
               F32({2}, {std::log(std::exp(1.0) + std::exp(-2.0) + std::exp(3.0)),
                         std::log(std::exp(4.0) + std::exp(5.0) + std::exp(-6.0))}));
}

TEST(ImportReduce, TakesAxesAsInput) {
  ExpectTensor(Run1({.op = "ReduceSum",
                     .inputs = {kMatrix, I64({1}, {0})},
                     .constant = {false, true},
                     .opset = 13}),
               F32({1, 3}, {5, 3, -3}));
  ExpectTensor(Run1({.op = "ReduceMax", .inputs = {kMatrix, I64({1}, {1})}, .opset = 18}),
               F32({2, 1}, {3, 5}));  // axes computed at run time
}

TEST(ImportReduce, WithoutAxesReducesAllOrNothing) {
  ExpectTensor(
      Run1({.op = "ReduceSum", .inputs = {kMatrix}, .attrs = {{"keepdims", 0}}, .opset = 13}),
      F32({}, {5}));
  ExpectTensor(Run1({.op = "ReduceSum",
                     .inputs = {kMatrix},
                     .attrs = {{"noop_with_empty_axes", 1}},
                     .opset = 13}),
               kMatrix);
}

TEST(ImportReduce, LogSumExpSurvivesInfinity) {
  const double infinity = std::numeric_limits<double>::infinity();
  ExpectTensor(Run1({.op = "ReduceLogSumExp",
                     .inputs = {F32({2, 2}, {-infinity, -infinity, 200, 200})},
                     .attrs = {{"axes", Ints{1}}, {"keepdims", 0}},
                     .opset = 13}),
               F32({2}, {-infinity, 200 + std::log(2.0)}));
}

TEST(ImportReduce, MeanOfIntegersTruncates) {
  ExpectTensor(Run1({.op = "ReduceMean",
                     .inputs = {MakeTensor(DType::kI32, {2, 2}, {1, 2, -1, -2})},
                     .attrs = {{"axes", Ints{1}}, {"keepdims", 0}},
                     .opset = 13}),
               MakeTensor(DType::kI32, {2}, {1, -1}));
}

TEST(ImportReduce, RefusesAxesOutOfRange) {
  EXPECT_EQ(
      MakeModel({.op = "ReduceMax", .inputs = {kMatrix}, .attrs = {{"axes", Ints{2}}}, .opset = 13})
          .Refusals(),
      std::vector{Reason::kValueOutOfRange});
}

TEST(ImportArg, TakesFirstOrLastOfEquals) {
  const auto x = F32({2, 3}, {5, 1, 5, 0, 0, -1});
  ExpectTensor(Run1({.op = "ArgMax", .inputs = {x}, .attrs = {{"axis", 1}}}), I64({2, 1}, {0, 0}));
  ExpectTensor(Run1({.op = "ArgMax",
                     .inputs = {x},
                     .attrs = {{"axis", -1}, {"keepdims", 0}, {"select_last_index", 1}}}),
               I64({2}, {2, 1}));
  ExpectTensor(Run1({.op = "ArgMin", .inputs = {x}, .attrs = {{"axis", 0}, {"keepdims", 0}}}),
               I64({3}, {1, 1, 1}));
  EXPECT_EQ(MakeModel({.op = "ArgMax", .inputs = {x}, .attrs = {{"axis", 2}}}).Refusals(),
            std::vector{Reason::kUnsupportedAttributeValue});
}

}  // namespace
}  // namespace smelt::testing
