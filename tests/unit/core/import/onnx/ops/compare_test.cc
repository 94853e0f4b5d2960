#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;

interp::Tensor Bools(std::vector<std::int64_t> shape, const std::vector<double>& values) {
  return MakeTensor(DType::kBool, std::move(shape), values);
}

interp::Tensor Run1(OneNode node) {
  auto got = RunNode(node);
  return got.empty() ? interp::Tensor() : got[0];
}

TEST(ImportCompare, ComparesWithBroadcasting) {
  const auto a = F32({3}, {1, 2, 3});
  const auto b = F32({1}, {2});
  ExpectTensor(Run1({.op = "Equal", .inputs = {a, b}}), Bools({3}, {0, 1, 0}));
  ExpectTensor(Run1({.op = "Greater", .inputs = {a, b}}), Bools({3}, {0, 0, 1}));
  ExpectTensor(Run1({.op = "GreaterOrEqual", .inputs = {a, b}}), Bools({3}, {0, 1, 1}));
  ExpectTensor(Run1({.op = "Less", .inputs = {a, b}}), Bools({3}, {1, 0, 0}));
  ExpectTensor(Run1({.op = "LessOrEqual", .inputs = {a, b}}), Bools({3}, {1, 1, 0}));
}

// What `op` says of 2 * N + plus and `number`, where the import can tell; N is the size of an axis.
std::optional<bool> Told(const std::string& op, std::int64_t plus, std::int64_t number) {
  OnnxModel model;
  model.Input("x", DType::kF32, {"N"})
      .Init("two", I64({1}, {2}))
      .Init("plus", I64({1}, {plus}))
      .Init("number", I64({1}, {number}))
      .Node("Shape", {"x"}, {"n"})
      .Node("Mul", {"n", "two"}, {"twice"})
      .Node("Add", {"twice", "plus"}, {"size"})
      .Node(op, {"size", "number"}, {"y"})
      .Output("y", DType::kBool, {1});
  auto imported = model.Import();
  if (!imported.ok()) return std::nullopt;
  const ir::Graph& graph = imported->module.main();
  const ir::Constant* known = graph.constant(graph.outputs().at(0));
  if (known == nullptr) return std::nullopt;
  return known->AsInts()->at(0) != 0;
}

// Operands that don't fit each other are refused; nothing is read beyond the shorter one.
TEST(ImportCompare, OperandsOfOtherLengthsAreRefused) {
  for (const std::vector<std::int64_t>& numbers :
       {std::vector<std::int64_t>{}, std::vector<std::int64_t>{1, 2}}) {
    OnnxModel model(6);
    model.Input("x", DType::kI64, {3})
        .Init("c", I64({static_cast<std::int64_t>(numbers.size())}, numbers))
        .Node("Equal", {"x", "c"}, {"y"}, {{"broadcast", 1}})
        .Output("y", DType::kBool, {3});
    EXPECT_FALSE(model.Refusals().empty());
  }
}

// No dimension holds such numbers.
TEST(ImportCompare, ExtremeNumbersAreNotTakenForTheirNeighbours) {
  OnnxModel model;
  model.Init("a", I64({1}, {std::numeric_limits<std::int64_t>::min()}))
      .Init("b", I64({1}, {std::numeric_limits<std::int64_t>::min() + 1}))
      .Node("Equal", {"a", "b"}, {"y"})
      .Output("y", DType::kBool, {1});
  ExpectTensor(model.Run({}).at(0), Bools({1}, {0}));
}

TEST(ImportCompare, TellsWhatHoldsForEverySize) {
  EXPECT_EQ(Told("Equal", 0, 1), false);  // an even number
  EXPECT_EQ(Told("Equal", 3, 1), false);
  EXPECT_EQ(Told("Equal", 0, 4), std::nullopt);
  EXPECT_EQ(Told("Less", 1, 1), false);
  EXPECT_EQ(Told("Less", 0, 1), std::nullopt);
  EXPECT_EQ(Told("Greater", 2, 1), true);
  EXPECT_EQ(Told("Greater", 1, 1), std::nullopt);
  EXPECT_EQ(Told("GreaterOrEqual", 1, 1), true);
  EXPECT_EQ(Told("LessOrEqual", 2, 1), false);
}

// One known side is enough where it decides.
TEST(ImportLogic, OneSideMayDecide) {
  OnnxModel model;
  model.Input("x", DType::kF32, {"N"})
      .Input("c", DType::kBool, {1})
      .Init("zero", I64({1}, {0}))
      .Node("Shape", {"x"}, {"n"})
      .Node("Less", {"n", "zero"}, {"never"})
      .Node("And", {"c", "never"}, {"neither"})
      .Node("Not", {"neither"}, {"y"})
      .Output("y", DType::kBool, {1});
  auto imported = model.Import();
  ASSERT_TRUE(imported.ok());
  const ir::Graph& graph = imported->module.main();
  EXPECT_NE(graph.constant(graph.outputs().at(0)), nullptr);
}

TEST(ImportLogic, FollowsTruthTables) {
  const auto a = Bools({4}, {0, 0, 1, 1});
  const auto b = Bools({4}, {0, 1, 0, 1});
  ExpectTensor(Run1({.op = "And", .inputs = {a, b}}), Bools({4}, {0, 0, 0, 1}));
  ExpectTensor(Run1({.op = "Or", .inputs = {a, b}}), Bools({4}, {0, 1, 1, 1}));
  ExpectTensor(Run1({.op = "Xor", .inputs = {a, b}}), Bools({4}, {0, 1, 1, 0}));
  ExpectTensor(Run1({.op = "Not", .inputs = {a}}), Bools({4}, {1, 1, 0, 0}));
}

TEST(ImportWhere, SelectsFromBroadcastOperands) {
  ExpectTensor(
      Run1({.op = "Where", .inputs = {Bools({2, 1}, {1, 0}), I64({3}, {1, 2, 3}), I64({1}, {9})}}),
      I64({2, 3}, {1, 2, 3, 9, 9, 9}));
}

TEST(ImportIsInf, DetectsTheSignsAskedFor) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto x = F32({4}, {-infinity, 0, infinity, nan});
  ExpectTensor(Run1({.op = "IsInf", .inputs = {x}}), Bools({4}, {1, 0, 1, 0}));
  ExpectTensor(Run1({.op = "IsInf", .inputs = {x}, .attrs = {{"detect_negative", 0}}}),
               Bools({4}, {0, 0, 1, 0}));
  ExpectTensor(Run1({.op = "IsInf", .inputs = {x}, .attrs = {{"detect_positive", 0}}}),
               Bools({4}, {1, 0, 0, 0}));
  ExpectTensor(Run1({.op = "IsInf",
                     .inputs = {x},
                     .attrs = {{"detect_positive", 0}, {"detect_negative", 0}}}),
               Bools({4}, {0, 0, 0, 0}));
  ExpectTensor(Run1({.op = "IsNaN", .inputs = {x}}), Bools({4}, {0, 0, 0, 1}));
}

TEST(ImportCast, ConvertsAndCarriesOn) {
  ExpectTensor(Run1({.op = "Cast", .inputs = {F32({3}, {-1.7, 0, 2.9})}, .attrs = {{"to", 7}}}),
               I64({3}, {-1, 0, 2}));
  ExpectTensor(Run1({.op = "Cast", .inputs = {F32({3}, {-0.5, 0, 2})}, .attrs = {{"to", 9}}}),
               Bools({3}, {1, 0, 1}));
  ExpectTensor(Run1({.op = "CastLike", .inputs = {I64({2}, {3, 4}), F32({1}, {0})}}),
               F32({2}, {3, 4}));
}

TEST(ImportCast, RefusesTypesThatAreNoNumbers) {
  EXPECT_EQ(MakeModel({.op = "Cast", .inputs = {F32({1}, {1})}, .attrs = {{"to", 8}}}).Refusals(),
            std::vector{Reason::kUnsupportedType});
}

TEST(ImportDropout, PassesInputOnAndFillsTheMask) {
  const auto got =
      RunNode({.op = "Dropout", .inputs = {F32({2}, {3, -4})}, .outputs = 2, .opset = 13});
  ASSERT_EQ(got.size(), 2u);
  ExpectTensor(got[0], F32({2}, {3, -4}));
  ExpectTensor(got[1], Bools({2}, {1, 1}));
  EXPECT_EQ(MakeModel({.op = "Dropout",
                       .inputs = {F32({1}, {1}), F32({}, {0.5}), Bools({}, {1})},
                       .constant = {false, true, true},
                       .opset = 13})
                .Refusals(),
            std::vector{Reason::kUnsupportedAttributeValue});
}

}  // namespace
}  // namespace smelt::testing
