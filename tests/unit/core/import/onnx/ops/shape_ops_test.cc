#include <gtest/gtest.h>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;

interp::Tensor Run1(OneNode node) {
  auto got = RunNode(node);
  return got.empty() ? interp::Tensor() : got[0];
}

interp::Tensor Count(std::vector<std::int64_t> shape) {
  std::int64_t count = 1;
  for (std::int64_t size : shape) count *= size;
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<double>(i));
  return F32(std::move(shape), values);
}

TEST(ImportReshape, ResolvesZeroAndMinusOne) {
  const auto x = Count({2, 3, 4});
  ExpectTensor(Run1({.op = "Reshape", .inputs = {x, I64({2}, {0, -1})}, .constant = {false, true}}),
               Count({2, 12}));
  ExpectTensor(Run1({.op = "Reshape", .inputs = {x, I64({2}, {-1, 8})}}), Count({3, 8}));
  ExpectTensor(Run1({.op = "Reshape", .inputs = {x, I64({3}, {0, 4, -1})}}), Count({2, 4, 3}));
  ExpectTensor(Run1({.op = "Reshape",
                     .inputs = {F32({0, 3}, {}), I64({2}, {3, 0})},
                     .attrs = {{"allowzero", 1}},
                     .constant = {false, true}}),
               F32({3, 0}, {}));
}

TEST(ImportSlice, APrefixAsLongAsAnAxisIsThatLong) {
  OnnxModel model;
  model.Input("x", ir::DType::kF32, {"n"}).Init("table", Count({8, 2}));
  model.Init("zero", I64({1}, {0})).Node("Shape", {"x"}, {"n"});
  model.Node("Slice", {"table", "zero", "n"}, {"y"}).Output("y");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  const ir::Graph& graph = imported->module.main();
  EXPECT_EQ(imported->module.symbols().Text(graph.type(graph.outputs()[0])), "f32[min(8, n),2]");
}

TEST(ImportReshape, RefusesOtherElementCounts) {
  EXPECT_EQ(
      MakeModel(
          {.op = "Reshape", .inputs = {Count({2, 3}), I64({1}, {5})}, .constant = {false, true}})
          .Refusals(),
      std::vector{Reason::kShapeMismatch});
  EXPECT_EQ(MakeModel({.op = "Reshape",
                       .inputs = {Count({2, 3}), I64({2}, {-1, -1})},
                       .constant = {false, true}})
                .Refusals(),
            std::vector{Reason::kShapeMismatch});
}

TEST(ImportReshape, KeepsSymbolicBatch) {
  OnnxModel model(13);
  model.Input("x", DType::kF32, {"N", std::int64_t{2}, std::int64_t{3}})
      .Init("shape", I64({2}, {-1, 6}))
      .Node("Reshape", {"x", "shape"}, {"y"})
      .Output("y");
  const auto got = model.Run({Count({4, 2, 3})});
  ASSERT_EQ(got.size(), 1u);
  ExpectTensor(got[0], Count({4, 6}));
}

TEST(ImportReshape, FollowsShapeArithmetic) {
  OnnxModel model(13);
  model.Input("x", DType::kF32, {"N", "C", std::int64_t{3}})
      .Init("zero", I64({}, {0}))
      .Init("axes", I64({1}, {0}))
      .Init("rest", I64({1}, {-1}))
      .Node("Shape", {"x"}, {"s"})
      .Node("Gather", {"s", "zero"}, {"n"})
      .Node("Unsqueeze", {"n", "axes"}, {"n1"})
      .Node("Concat", {"n1", "rest"}, {"target"}, {{"axis", 0}})
      .Node("Reshape", {"x", "target"}, {"y"})
      .Output("y");
  const auto got = model.Run({Count({2, 5, 3})});
  ASSERT_EQ(got.size(), 1u);
  ExpectTensor(got[0], Count({2, 15}));
}

TEST(ImportFlatten, SplitsAtTheAxis) {
  ExpectTensor(Run1({.op = "Flatten", .inputs = {Count({2, 3, 4})}}), Count({2, 12}));
  ExpectTensor(Run1({.op = "Flatten", .inputs = {Count({2, 3, 4})}, .attrs = {{"axis", 0}}}),
               Count({1, 24}));
  ExpectTensor(Run1({.op = "Flatten", .inputs = {Count({2, 3, 4})}, .attrs = {{"axis", -1}}}),
               Count({6, 4}));
  EXPECT_EQ(MakeModel({.op = "Flatten", .inputs = {Count({2})}, .attrs = {{"axis", 2}}}).Refusals(),
            std::vector{Reason::kUnsupportedAttributeValue});
}

TEST(ImportSqueeze, RemovesAndAddsAxes) {
  ExpectTensor(Run1({.op = "Squeeze", .inputs = {Count({1, 3, 1})}, .opset = 11}), Count({3}));
  ExpectTensor(Run1({.op = "Squeeze",
                     .inputs = {Count({1, 3, 1}), I64({1}, {-1})},
                     .constant = {false, true}}),
               Count({1, 3}));
  ExpectTensor(Run1({.op = "Unsqueeze",
                     .inputs = {Count({3})},
                     .attrs = {{"axes", Ints{0, 2}}},
                     .opset = 11}),
               Count({1, 3, 1}));
  ExpectTensor(
      Run1({.op = "Unsqueeze", .inputs = {Count({3}), I64({1}, {-1})}, .constant = {false, true}}),
      Count({3, 1}));
  EXPECT_EQ(
      MakeModel(
          {.op = "Squeeze", .inputs = {Count({2, 3}), I64({1}, {0})}, .constant = {false, true}})
          .Refusals(),
      std::vector{Reason::kShapeMismatch});
  // Computed axes.
  ExpectTensor(Run1({.op = "Unsqueeze", .inputs = {F32({2}, {1, 2}), I64({2}, {-1, 0})}}),
               F32({1, 2, 1}, {1, 2}));
  ExpectTensor(Run1({.op = "Squeeze", .inputs = {F32({1, 2, 1}, {1, 2}), I64({1}, {-1})}}),
               F32({1, 2}, {1, 2}));
}

TEST(ImportTranspose, PermutesOrReverses) {
  ExpectTensor(Run1({.op = "Transpose", .inputs = {Count({2, 3})}}),
               F32({3, 2}, {0, 3, 1, 4, 2, 5}));
  ExpectTensor(
      Run1({.op = "Transpose", .inputs = {Count({1, 2, 2})}, .attrs = {{"perm", Ints{2, 0, 1}}}}),
      F32({2, 1, 2}, {0, 2, 1, 3}));
}

// PyTorch's exporter writes negative axes.
TEST(ImportTranspose, CountsNegativeAxesFromTheEnd) {
  ExpectTensor(
      Run1({.op = "Transpose", .inputs = {Count({1, 2, 2})}, .attrs = {{"perm", Ints{-1, 0, -2}}}}),
      F32({2, 1, 2}, {0, 2, 1, 3}));
}

TEST(ImportTranspose, RefusesWhatIsNoPermutation) {
  for (const Ints& perm : {Ints{0, 0}, Ints{0, -2}, Ints{0, 2}, Ints{-3, 1}, Ints{1}}) {
    EXPECT_EQ(MakeModel({.op = "Transpose", .inputs = {Count({2, 3})}, .attrs = {{"perm", perm}}})
                  .Refusals(),
              std::vector{Reason::kUnsupportedAttributeValue});
  }
}

TEST(ImportConcat, JoinsAndSplits) {
  ExpectTensor(
      Run1({.op = "Concat", .inputs = {Count({1, 2}), Count({2, 2})}, .attrs = {{"axis", 0}}}),
      F32({3, 2}, {0, 1, 0, 1, 2, 3}));
  auto parts = RunNode({.op = "Split",
                        .inputs = {Count({5}), I64({2}, {2, 3})},
                        .constant = {false, true},
                        .outputs = 2});
  ASSERT_EQ(parts.size(), 2u);
  ExpectTensor(parts[0], F32({2}, {0, 1}));
  ExpectTensor(parts[1], F32({3}, {2, 3, 4}));
  parts = RunNode({.op = "Split",
                   .inputs = {Count({5})},
                   .attrs = {{"num_outputs", 2}},
                   .outputs = 2,
                   .opset = 18});
  ASSERT_EQ(parts.size(), 2u);
  ExpectTensor(parts[0], F32({3}, {0, 1, 2}));
  ExpectTensor(parts[1], F32({2}, {3, 4}));
  EXPECT_EQ(
      MakeModel({.op = "Concat", .inputs = {Count({1, 2}), Count({1, 3})}, .attrs = {{"axis", 0}}})
          .Refusals(),
      std::vector{Reason::kShapeMismatch});
  EXPECT_EQ(MakeModel({.op = "Split",
                       .inputs = {Count({5}), I64({2}, {2, 2})},
                       .constant = {false, true},
                       .outputs = 2})
                .Refusals(),
            std::vector{Reason::kShapeMismatch});
}

// The contents are known here, and the sizes are no part of them.
TEST(ImportConcat, SplitSizesMayBeAnything) {
  constexpr std::int64_t kHuge = INT64_MAX - 2;
  using Pair = std::pair<std::int64_t, std::int64_t>;
  for (const auto& [first, second] :
       {Pair{3, -2}, Pair{-1, 5}, Pair{3, kHuge}, Pair{kHuge, kHuge}}) {
    EXPECT_EQ(MakeModel({.op = "Split",
                         .inputs = {I64({4}, {1, 2, 3, 4}), I64({2}, {first, second})},
                         .constant = {true, true},
                         .outputs = 2})
                  .Refusals(),
              std::vector{Reason::kShapeMismatch})
        << first << " " << second;
  }
}

TEST(ImportExpand, BroadcastsBothWays) {
  ExpectTensor(Run1({.op = "Expand",
                     .inputs = {Count({2, 1}), I64({3}, {2, 1, 3})},
                     .constant = {false, true}}),
               F32({2, 2, 3}, {0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1}));
  ExpectTensor(Run1({.op = "Expand", .inputs = {Count({2, 1}), I64({2}, {1, 2})}}),
               F32({2, 2}, {0, 0, 1, 1}));  // shape computed at run time
  ExpectTensor(Run1({.op = "Tile", .inputs = {Count({1, 2}), I64({2}, {2, 2})}}),
               F32({2, 4}, {0, 1, 0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(
      MakeModel({.op = "Expand", .inputs = {Count({2}), I64({1}, {3})}, .constant = {false, true}})
          .Refusals(),
      std::vector{Reason::kShapeMismatch});
  EXPECT_EQ(
      MakeModel({.op = "Tile", .inputs = {Count({2}), I64({2}, {1, 1})}, .constant = {false, true}})
          .Refusals(),
      std::vector{Reason::kShapeMismatch});
}

}  // namespace
}  // namespace smelt::testing
