#include <gtest/gtest.h>

#include <limits>

#include <cmath>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;

interp::Tensor Run1(OneNode node) {
  auto got = RunNode(node);
  return got.empty() ? interp::Tensor() : got[0];
}

const interp::Tensor kTen = F32({10}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});

// Slice of kTen with constant (or computed) bounds.
interp::Tensor Slice(std::int64_t start, std::int64_t end, std::int64_t step,
                     bool constant = true) {
  return Run1(
      {.op = "Slice",
       .inputs = {kTen, I64({1}, {start}), I64({1}, {end}), I64({1}, {0}), I64({1}, {step})},
       .constant = {false, constant, constant, true, true}});
}

TEST(ImportSlice, FollowsNumpy) {
  for (const bool constant : {true, false}) {
    SCOPED_TRACE(constant);
    ExpectTensor(Slice(2, 5, 1, constant), F32({3}, {2, 3, 4}));
    ExpectTensor(Slice(-3, INT64_MAX, 1, constant), F32({3}, {7, 8, 9}));
    ExpectTensor(Slice(0, -7, 1, constant), F32({3}, {0, 1, 2}));
    ExpectTensor(Slice(1, 100, 4, constant), F32({3}, {1, 5, 9}));
    ExpectTensor(Slice(-1, -11, -4, constant), F32({3}, {9, 5, 1}));
    ExpectTensor(Slice(8, 2, -3, constant), F32({2}, {8, 5}));
    ExpectTensor(Slice(5, 5, 1, constant), F32({0}, {}));
  }
  ExpectTensor(Slice(100, INT64_MIN, -5), F32({2}, {9, 4}));
}

TEST(ImportSlice, TakesAttributesBeforeOpset10) {
  ExpectTensor(Run1({.op = "Slice",
                     .inputs = {F32({2, 3}, {0, 1, 2, 3, 4, 5})},
                     .attrs = {{"starts", Ints{1}}, {"ends", Ints{3}}, {"axes", Ints{1}}},
                     .opset = 9}),
               F32({2, 2}, {1, 2, 4, 5}));
}

TEST(ImportSlice, RefusesWhatIsNoSlice) {
  EXPECT_EQ(MakeModel({.op = "Slice",
                       .inputs = {kTen, I64({1}, {0}), I64({1}, {1}), I64({1}, {1})},
                       .constant = {false, true, true, true}})
                .Refusals(),
            std::vector{Reason::kShapeMismatch});
}

TEST(ImportSlice, TakesComputedAxesAndSteps) {
  const auto x = F32({2, 3}, {0, 1, 2, 3, 4, 5});
  ExpectTensor(
      Run1({.op = "Slice",
            .inputs = {x, I64({1}, {-1}), I64({1}, {INT64_MIN}), I64({1}, {-1}), I64({1}, {-2})}}),
      F32({2, 2}, {2, 0, 5, 3}));
  ExpectTensor(Run1({.op = "Slice",
                     .inputs = {x, I64({2}, {1, 1}), I64({2}, {INT64_MAX, 2}), I64({2}, {1, 0})}}),
               F32({1, 2}, {4, 5}));
}

TEST(ImportGather, WrapsNegativeIndices) {
  const auto data = F32({3, 2}, {0, 1, 10, 11, 20, 21});
  for (const bool constant : {true, false}) {
    ExpectTensor(
        Run1({.op = "Gather", .inputs = {data, I64({2}, {-1, 0})}, .constant = {false, constant}}),
        F32({2, 2}, {20, 21, 0, 1}));
  }
  ExpectTensor(Run1({.op = "Gather",
                     .inputs = {data, I64({}, {1})},
                     .attrs = {{"axis", 1}},
                     .constant = {false, true}}),
               F32({3}, {1, 11, 21}));
  EXPECT_EQ(MakeModel({.op = "Gather", .inputs = {data, I64({1}, {3})}, .constant = {false, true}})
                .Refusals(),
            std::vector{Reason::kValueOutOfRange});
  EXPECT_EQ(MakeModel({.op = "Gather", .inputs = {data, I64({1}, {0})}, .attrs = {{"axis", 2}}})
                .Refusals(),
            std::vector{Reason::kUnsupportedAttributeValue});
}

TEST(ImportSoftmax, MeansWhatItsOpsetSays) {
  const auto x = F32({1, 2, 2}, {0, std::log(2.0), std::log(3.0), std::log(4.0)});
  // Up to opset 12 all axes from `axis` on are one row; since 13 only the axis is.
  ExpectTensor(Run1({.op = "Softmax", .inputs = {x}, .attrs = {{"axis", 1}}, .opset = 11}),
               F32({1, 2, 2}, {0.1, 0.2, 0.3, 0.4}));
  ExpectTensor(Run1({.op = "Softmax", .inputs = {x}, .attrs = {{"axis", 1}}, .opset = 13}),
               F32({1, 2, 2}, {0.25, 2.0 / 6, 0.75, 4.0 / 6}));
  ExpectTensor(Run1({.op = "Softmax", .inputs = {x}, .opset = 13}),
               F32({1, 2, 2}, {1.0 / 3, 2.0 / 3, 3.0 / 7, 4.0 / 7}));
  ExpectTensor(Run1({.op = "LogSoftmax", .inputs = {x}, .attrs = {{"axis", 0}}, .opset = 13}),
               F32({1, 2, 2}, {0, 0, 0, 0}));
  EXPECT_EQ(MakeModel({.op = "Softmax", .inputs = {x}, .attrs = {{"axis", 3}}}).Refusals(),
            std::vector{Reason::kUnsupportedAttributeValue});
}

TEST(ImportConstant, TakesEveryDenseForm) {
  ExpectTensor(Run1({.op = "Constant", .attrs = {{"value_float", 1.5}}}), F32({}, {1.5}));
  ExpectTensor(Run1({.op = "Constant", .attrs = {{"value_floats", Doubles{1, 2}}}}),
               F32({2}, {1, 2}));
  ExpectTensor(Run1({.op = "Constant", .attrs = {{"value_int", 7}}}), I64({}, {7}));
  ExpectTensor(Run1({.op = "Constant", .attrs = {{"value_ints", Ints{7, 8}}}}), I64({2}, {7, 8}));
  ExpectTensor(Run1({.op = "Constant", .attrs = {{"value", F32({1, 2}, {3, 4})}}}),
               F32({1, 2}, {3, 4}));
  EXPECT_EQ(MakeModel({.op = "Constant", .attrs = {{"value_string", "text"}}}).Refusals(),
            std::vector{Reason::kUnsupportedAttributeValue});
}

TEST(ImportShape, TakesARange) {
  const auto x = F32({2, 3, 1}, {0, 0, 0, 0, 0, 0});
  ExpectTensor(Run1({.op = "Shape", .inputs = {x}}), I64({3}, {2, 3, 1}));
  ExpectTensor(Run1({.op = "Shape", .inputs = {x}, .attrs = {{"start", 1}, {"end", -1}}}),
               I64({1}, {3}));
  ExpectTensor(Run1({.op = "Size", .inputs = {x}}), I64({}, {6}));
}

TEST(ImportShape, IsComputedWhereItIsSymbolic) {
  OnnxModel model(15);
  model.Input("x", DType::kF32, {"N", std::int64_t{3}})
      .Node("Shape", {"x"}, {"s"})
      .Node("Size", {"x"}, {"n"})
      .Node("ConstantOfShape", {"s"}, {"z"})
      .Output("s")
      .Output("n")
      .Output("z");
  const auto got = model.Run({F32({2, 3}, {1, 2, 3, 4, 5, 6})});
  ASSERT_EQ(got.size(), 3u);
  ExpectTensor(got[0], I64({2}, {2, 3}));
  ExpectTensor(got[1], I64({}, {6}));
  ExpectTensor(got[2], F32({2, 3}, {0, 0, 0, 0, 0, 0}));
}

TEST(ImportConstantOfShape, FillsWithItsValue) {
  ExpectTensor(Run1({.op = "ConstantOfShape",
                     .inputs = {I64({2}, {2, 2})},
                     .attrs = {{"value", I64({1}, {5})}},
                     .constant = {true}}),
               I64({2, 2}, {5, 5, 5, 5}));
  EXPECT_EQ(MakeModel({.op = "ConstantOfShape", .inputs = {I64({1}, {-1})}, .constant = {true}})
                .Refusals(),
            std::vector{Reason::kValueOutOfRange});
}

TEST(ImportRange, CountsUpAndDown) {
  ExpectTensor(Run1({.op = "Range",
                     .inputs = {I64({}, {1}), I64({}, {10}), I64({}, {4})},
                     .constant = {true, true, true}}),
               I64({3}, {1, 5, 9}));
  ExpectTensor(Run1({.op = "Range", .inputs = {I64({}, {5}), I64({}, {0}), I64({}, {-2})}}),
               I64({3}, {5, 3, 1}));
  ExpectTensor(Run1({.op = "Range",
                     .inputs = {F32({}, {0}), F32({}, {1}), F32({}, {0.3})},
                     .constant = {true, true, true}}),
               F32({4}, {0, 0.3, 0.6, 0.9}));
  ExpectTensor(Run1({.op = "Range",
                     .inputs = {I64({}, {5}), I64({}, {5}), I64({}, {1})},
                     .constant = {true, true, true}}),
               I64({0}, {}));
  EXPECT_EQ(MakeModel({.op = "Range",
                       .inputs = {I64({}, {0}), I64({}, {5}), I64({}, {0})},
                       .constant = {true, true, true}})
                .Refusals(),
            std::vector{Reason::kValueOutOfRange});
}

// An update is no broadcast: it has the cache's sizes, and as many axes.
TEST(ImportTensorScatter, RefusesUpdatesOfOtherSizes) {
  for (const auto& update : {F32({2, 2, 4}, std::vector<double>(16, 1)),
                             F32({1, 2, 1}, std::vector<double>(2, 1)), F32({2}, {1, 2})}) {
    EXPECT_EQ(MakeModel({.op = "TensorScatter",
                         .inputs = {F32({2, 4, 1}, std::vector<double>(8, 0)), update},
                         .opset = 24})
                  .Refusals(),
              std::vector{Reason::kShapeMismatch});
  }
}

TEST(OneHot, ADepthThatIsNoNumberIsRefused) {
  for (const float depth : {std::numeric_limits<float>::quiet_NaN(), 1e30F, -1.0F}) {
    OnnxModel model;
    model.Input("i", DType::kI64, {2}).Init("d", F32({}, {depth})).Init("v", F32({2}, {0, 1}));
    model.Node("OneHot", {"i", "d", "v"}, {"y"}).Output("y");
    EXPECT_EQ(model.Refusals(), std::vector{Reason::kValueOutOfRange}) << depth;
  }
}

}  // namespace
}  // namespace smelt::testing
