#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ::testing::Contains;
using ::testing::ElementsAre;

interp::Tensor Pad(const interp::Tensor& x, const Ints& pads, const char* mode,
                   std::vector<interp::Tensor> rest = {}) {
  OneNode node{"Pad",
               {x, I64({static_cast<std::int64_t>(pads.size())}, pads)},
               {{"mode", mode}},
               {false, true, true, true}};
  node.opset = 19;
  for (auto& tensor : rest) node.inputs.push_back(std::move(tensor));
  return RunNode(node).at(0);
}

TEST(Pad, Constant) {
  const auto x = F32({2, 2}, {1, 2, 3, 4});
  ExpectTensor(Pad(x, {0, 1, 1, 0}, "constant"), F32({3, 3}, {0, 1, 2, 0, 3, 4, 0, 0, 0}));
  ExpectTensor(Pad(x, {0, 1, 0, 0}, "constant", {F32({}, {7})}), F32({2, 3}, {7, 1, 2, 7, 3, 4}));
  ExpectTensor(Pad(MakeTensor(DType::kBool, {1}, {1}), {1, 0}, "constant"),
               MakeTensor(DType::kBool, {2}, {0, 1}));
}

TEST(Pad, NegativeCutsOff) {
  const auto x = F32({4}, {1, 2, 3, 4});
  ExpectTensor(Pad(x, {-1, -2}, "constant"), F32({1}, {2}));
  ExpectTensor(Pad(x, {-1, 2}, "constant"), F32({5}, {2, 3, 4, 0, 0}));
  ExpectTensor(Pad(x, {-2, 1}, "reflect"), F32({3}, {3, 4, 3}));
}

TEST(Pad, ReflectEdgeAndWrap) {
  const auto x = I64({3}, {1, 2, 3});
  ExpectTensor(Pad(x, {2, 1}, "reflect"), I64({6}, {3, 2, 1, 2, 3, 2}));
  ExpectTensor(Pad(x, {4, 0}, "reflect"), I64({7}, {1, 2, 3, 2, 1, 2, 3}));  // longer than the axis
  ExpectTensor(Pad(x, {2, 1}, "edge"), I64({6}, {1, 1, 1, 2, 3, 3}));
  ExpectTensor(Pad(x, {2, 4}, "wrap"), I64({9}, {2, 3, 1, 2, 3, 1, 2, 3, 1}));
}

TEST(Pad, AxesInput) {
  const auto x = F32({1, 2}, {1, 2});
  ExpectTensor(Pad(x, {1, 1}, "constant", {F32({}, {5}), I64({1}, {-1})}),
               F32({1, 4}, {5, 1, 2, 5}));
}

TEST(Pad, AttributesBeforeOpset11) {
  OneNode node{"Pad", {F32({2}, {1, 2})}, {{"pads", Ints{1, 0}}, {"value", 9.0}}};
  node.opset = 10;
  ExpectTensor(RunNode(node).at(0), F32({3}, {9, 1, 2}));
}

TEST(Pad, ComputedPadsOfAnySign) {
  OneNode node{"Pad", {F32({2, 3}, {1, 2, 3, 4, 5, 6}), I64({4}, {1, -1, 0, 1})}};
  ExpectTensor(RunNode(node).at(0), F32({3, 3}, {0, 0, 0, 2, 3, 0, 5, 6, 0}));
}

TEST(Pad, ComputedPadsOfNamedAxesAndReflecting) {
  OneNode axes{"Pad",
               {F32({2, 2}, {1, 2, 3, 4}), I64({2}, {1, 0}), F32({}, {9}), I64({1}, {-1})},
               {},
               {false, false, true, true}};
  axes.opset = 18;
  ExpectTensor(RunNode(axes).at(0), F32({2, 3}, {9, 1, 2, 9, 3, 4}));
  OneNode reflect{"Pad", {F32({3}, {1, 2, 3}), I64({2}, {1, -1})}, {{"mode", "reflect"}}};
  ExpectTensor(RunNode(reflect).at(0), F32({3}, {2, 1, 2}));
}

// As exporters write it: pairs from the last axis on, turned round. What is not padded keeps its
// size, and sums are as they are known.
TEST(Pad, PairsOfComputedAmounts) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 3, "L"})
      .Input("n", DType::kI64, {1})
      .Init("one", I64({1}, {1}))
      .Init("zeros", I64({4}, {0, 0, 0, 0}))
      .Init("pairs", I64({2}, {-1, 2}))
      .Init("last", I64({1}, {-1}))
      .Init("end", I64({1}, {-100}))
      .Init("axis", I64({1}, {0}))
      .Node("Concat", {"one", "n", "zeros"}, {"row"}, {{"axis", 0}})
      .Node("Reshape", {"row", "pairs"}, {"table"})
      .Node("Slice", {"table", "last", "end", "axis", "last"}, {"turned"})
      .Node("Transpose", {"turned"}, {"halves"}, {{"perm", Ints{1, 0}}})
      .Node("Reshape", {"halves", "last"}, {"pads"})
      .Node("Pad", {"x", "pads"}, {"y"}, {{"mode", "constant"}})
      .Output("y");
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  const ir::Graph& graph = imported->module.main();
  const ir::Shape& shape = graph.type(graph.outputs()[0]).shape;
  EXPECT_EQ(shape.dim(0), ir::Dim(1));
  EXPECT_EQ(shape.dim(1), ir::Dim(3));
  EXPECT_FALSE(shape.dim(2).is_static());
  ExpectTensor(model.Run({F32({1, 3, 1}, {1, 2, 3}), I64({1}, {2})}).at(0),
               F32({1, 3, 4}, {0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0}));
}

TEST(Pad, EdgeOfSymbolicSize) {
  OnnxModel model;
  model.Input("x", DType::kF32, {"N"})
      .Init("p", I64({2}, {2, 1}))
      .Node("Pad", {"x", "p"}, {"y"}, {{"mode", "edge"}})
      .Output("y");
  ExpectTensor(model.Run({F32({2}, {1, 2})}).at(0), F32({5}, {1, 1, 1, 2, 2}));
}

TEST(Pad, Refusals) {
  const auto refused = [](OneNode node) {
    node.opset = 19;
    return MakeModel(node).Refusals();
  };
  const auto x = F32({2}, {1, 2});
  EXPECT_THAT(refused({"Pad", {x, I64({2}, {1, 1})}, {{"mode", "mirror"}}, {false, true}}),
              ElementsAre(Reason::kUnsupportedAttributeValue));
  EXPECT_THAT(refused({"Pad", {x, I64({3}, {1, 1, 1})}, {}, {false, true}}),
              ElementsAre(Reason::kValueOutOfRange));
  EXPECT_THAT(refused({"Pad", {x, I64({2}, {-2, -1})}, {}, {false, true}}),
              ElementsAre(Reason::kValueOutOfRange));
  EXPECT_THAT(refused({"Pad", {x, I64({2}, {1, 1}), F32({2}, {1, 2})}, {}, {false, true}}),
              ElementsAre(Reason::kShapeMismatch));
  EXPECT_THAT(refused({"Pad", {F32({0}, {}), I64({2}, {1, 1})}, {{"mode", "edge"}}, {false, true}}),
              ElementsAre(Reason::kDynamicDimensionUnsupported));
  EXPECT_THAT(refused({"Pad", {F32({}, {1}), I64({0}, {})}, {}, {false, true}}),
              Contains(Reason::kUnsupportedRank));
}

TEST(Pad, ComputedPadsRepeatAndCut) {
  const auto run = [](const char* mode, const Ints& pads) {
    OneNode node{"Pad", {F32({3}, {1, 2, 3}), I64({2}, pads)}, {{"mode", mode}}};
    node.opset = 19;
    return RunNode(node).at(0);
  };
  ExpectTensor(run("edge", {2, 1}), F32({6}, {1, 1, 1, 2, 3, 3}));
  ExpectTensor(run("wrap", {2, 4}), F32({9}, {2, 3, 1, 2, 3, 1, 2, 3, 1}));
  ExpectTensor(run("edge", {-1, 2}), F32({4}, {2, 3, 3, 3}));
  ExpectTensor(run("wrap", {-1, 1}), F32({3}, {2, 3, 2}));
}

TEST(Pad, ComputedAxes) {
  OneNode node{"Pad", {F32({1, 2}, {1, 2}), I64({2}, {1, 0}), F32({}, {7}), I64({1}, {-1})}, {}};
  node.opset = 19;
  ExpectTensor(RunNode(node).at(0), F32({1, 3}, {7, 1, 2}));
}

}  // namespace
}  // namespace smelt::testing
