// Sequences: what is refused because it is not known while the model is imported.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ::testing::ElementsAre;

// A sequence of "a" and "b", called "s".
OnnxModel Pair() {
  OnnxModel model;
  model.Input("a", DType::kF32, {2}).Input("b", DType::kF32, {2}).Input("n", DType::kI64, {});
  model.Node("SequenceConstruct", {"a", "b"}, {"s"});
  return model;
}

TEST(Sequence, PositionsCountFromBothEnds) {
  OnnxModel model = Pair();
  model.Init("last", I64({}, {-1})).Init("first", I64({}, {0}));
  model.Node("SequenceErase", {"s", "last"}, {"t"}).Node("SequenceAt", {"t", "first"}, {"y"});
  model.Output("y", DType::kF32, {2});
  const auto y = model.Run({F32({2}, {1, 2}), F32({2}, {3, 4}), I64({}, {0})});
  ASSERT_EQ(y.size(), 1u);
  ExpectTensor(y[0], F32({2}, {1, 2}));
}

TEST(Sequence, AComputedPositionIsRefused) {
  OnnxModel model = Pair();
  model.Node("SequenceAt", {"s", "n"}, {"y"}).Output("y", DType::kF32, {2});
  EXPECT_THAT(model.Refusals(), ElementsAre(Reason::kRequiresConstantInput));
}

TEST(Sequence, APositionOutsideIsRefused) {
  OnnxModel model = Pair();
  model.Init("two", I64({}, {2})).Node("SequenceAt", {"s", "two"}, {"y"});
  model.Output("y", DType::kF32, {2});
  EXPECT_THAT(model.Refusals(), ElementsAre(Reason::kValueOutOfRange));
}

TEST(Sequence, NoOutputIsASequence) {
  OnnxModel model = Pair();
  model.Output("s", DType::kF32, {2});
  EXPECT_THAT(model.Refusals(), ElementsAre(Reason::kUnsupportedType));
}

TEST(Sequence, TensorsOperatorsTakeNone) {
  OnnxModel model = Pair();
  model.Node("Relu", {"s"}, {"y"}).Output("y", DType::kF32, {2});
  EXPECT_THAT(model.Refusals(), ElementsAre(Reason::kUnsupportedType));
}

TEST(Sequence, AnAbsentOptionalHasNoElement) {
  OnnxModel model;
  model.Input("a", DType::kF32, {2}).Node("Optional", {}, {"o"});
  model.Node("OptionalGetElement", {"o"}, {"y"}).Output("y", DType::kF32, {2});
  EXPECT_THAT(model.Refusals(), ElementsAre(Reason::kValueOutOfRange));
}

}  // namespace
}  // namespace smelt::testing
