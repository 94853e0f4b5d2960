#include "core/ir/graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "core/ir/module.h"
#include "core/ir/verify.h"

namespace smelt::ir {
namespace {

const TensorType kType{DType::kF32, {2}};

ValueId Neg(Graph& graph, ValueId x, OpId before = {}) {
  const OpId op = graph.Insert(OpKind::kNeg, {&x, 1}, {}, {&kType, 1}, kNoOrigin, before);
  return graph.op(op).result();
}

ValueId Sum(Graph& graph, ValueId a, ValueId b, OpId before = {}) {
  const ValueId operands[] = {a, b};
  const OpId op = graph.Insert(OpKind::kAdd, operands, {}, {&kType, 1}, kNoOrigin, before);
  return graph.op(op).result();
}

std::vector<OpId> Order(const Graph& graph) {
  std::vector<OpId> order;
  for (const OpId id : graph) order.push_back(id);
  return order;
}

TEST(Graph, KeepsProgramOrderUnderInsertMoveAndErase) {
  Graph graph("main");
  const ValueId x = graph.AddInput(kType, "x");
  const ValueId a = Neg(graph, x);
  const ValueId c = Neg(graph, x);
  const OpId op_a = graph.value(a).producer;
  const OpId op_c = graph.value(c).producer;
  const ValueId b = Neg(graph, x, op_c);
  const OpId op_b = graph.value(b).producer;
  EXPECT_EQ(Order(graph), (std::vector<OpId>{op_a, op_b, op_c}));
  graph.MoveBefore(op_c, op_a);
  EXPECT_EQ(Order(graph), (std::vector<OpId>{op_c, op_a, op_b}));
  graph.MoveBefore(op_c, {});
  EXPECT_EQ(Order(graph), (std::vector<OpId>{op_a, op_b, op_c}));
  graph.Erase(op_b);
  EXPECT_EQ(Order(graph), (std::vector<OpId>{op_a, op_c}));
  EXPECT_EQ(graph.op_count(), 2U);
  EXPECT_FALSE(graph.op(op_b).alive);
}

TEST(Graph, ErasingWhileIteratingVisitsTheRest) {
  Graph graph("main");
  const ValueId x = graph.AddInput(kType, "x");
  for (int i = 0; i < 5; ++i) Neg(graph, x);
  int visited = 0;
  for (const OpId id : graph) {
    graph.Erase(id);
    ++visited;
  }
  EXPECT_EQ(visited, 5);
  EXPECT_EQ(graph.op_count(), 0U);
  EXPECT_FALSE(graph.first().valid());
  EXPECT_FALSE(graph.HasUses(x));
}

TEST(Graph, OneOperatorMayUseAValueTwice) {
  Graph graph("main");
  const ValueId x = graph.AddInput(kType, "x");
  const ValueId y = Sum(graph, x, x);
  EXPECT_EQ(graph.UsesOf(x).size(), 2U);
  EXPECT_FALSE(graph.HasOneUse(x));
  const ValueId z = graph.AddInput(kType, "z");
  graph.ReplaceAllUses(x, z);
  EXPECT_FALSE(graph.HasUses(x));
  EXPECT_EQ(graph.UsesOf(z).size(), 2U);
  EXPECT_EQ(graph.op(graph.value(y).producer).input(1), z);
}

TEST(Graph, AbsentOperandsAreInNoList) {
  Graph graph("main");
  const ValueId x = graph.AddInput(kType, "x");
  const ValueId operands[] = {x, ValueId{}};
  const OpId op = graph.Insert(OpKind::kComposite, operands, {}, {&kType, 1}, kNoOrigin);
  EXPECT_FALSE(graph.op(op).input(1).valid());
  EXPECT_FALSE(graph.op(op).input(7).valid());
  graph.SetOperand({op, 1}, x);
  EXPECT_EQ(graph.UsesOf(x).size(), 2U);
  graph.SetOperand({op, 0}, {});
  EXPECT_TRUE(graph.HasOneUse(x));
}

TEST(Graph, OutputsAreUses) {
  Graph graph("main");
  const ValueId x = graph.AddInput(kType, "x");
  const ValueId y = Neg(graph, x);
  const ValueId outputs[] = {y, y, x};
  graph.SetOutputs(outputs);
  EXPECT_EQ(graph.outputs(), (std::vector<ValueId>{y, y, x}));
  EXPECT_EQ(graph.UsesOf(y).size(), 2U);
  graph.SetOutputs({});
  EXPECT_FALSE(graph.HasUses(y));
}

TEST(Graph, AComputedValueBecomesAConstant) {
  Graph graph("main");
  const ValueId x = graph.AddInput(kType, "x");
  const ValueId y = Neg(graph, x);
  const OpId op = graph.value(y).producer;
  graph.SetOutputs({&y, 1});
  const float values[] = {1, 2};
  graph.MakeConstant(y, Constant::FromValues(DType::kF32, {2}, std::span<const float>(values)));
  ASSERT_NE(graph.constant(y), nullptr);
  EXPECT_FALSE(graph.value(y).producer.valid());
  EXPECT_NE(graph.op(op).result(), y);
  graph.Erase(op);  // its new result is unused
  EXPECT_EQ(graph.outputs().front(), y);
}

TEST(GraphDeathTest, ErasingAnOperatorInUseIsOurBug) {
  Graph graph("main");
  const ValueId x = graph.AddInput(kType, "x");
  const ValueId y = Neg(graph, x);
  graph.SetOutputs({&y, 1});
  EXPECT_DEATH(graph.Erase(graph.value(y).producer), "");
}

// Random edits: after each the verifier, which walks every list both ways, finds nothing, and the
// uses are those that a scan of all operands finds.
TEST(GraphProperty, UseListsSurviveRandomEdits) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    Module module;
    Graph& graph = module.graph(module.AddGraph("main"));
    std::vector<ValueId> inputs = {graph.AddInput(kType, "x"), graph.AddInput(kType, "y")};
    std::vector<ValueId> values = inputs;
    const auto pick = [&] { return values[random() % values.size()]; };
    for (int step = 0; step < 200; ++step) {
      switch (random() % 6) {
        case 0:
        case 1:
          values.push_back(Sum(graph, pick(), pick()));
          break;
        case 2: {
          const std::vector<ValueId> outputs = {pick(), pick()};
          graph.SetOutputs(outputs);
          break;
        }
        case 3:
          graph.ReplaceAllUses(pick(), inputs[random() % 2]);
          break;
        case 4: {
          const ValueId value = pick();
          if (!graph.value(value).producer.valid()) break;
          graph.SetOperand({graph.value(value).producer, static_cast<std::uint32_t>(random() % 2)},
                           inputs[random() % 2]);
          break;
        }
        case 5: {
          const ValueId value = pick();
          if (!graph.value(value).producer.valid() || graph.HasUses(value)) break;
          graph.Erase(graph.value(value).producer);
          std::erase(values, value);
          break;
        }
      }
      const Status verified = VerifyModule(module, {.require_origins = false});
      ASSERT_TRUE(verified.ok()) << "seed " << seed << " step " << step << ": "
                                 << verified.ToString();
      std::map<ValueId, std::size_t> scanned;
      for (std::uint32_t i = 0; i < graph.op_arena_size(); ++i) {
        for (const Op::Operand& operand : graph.op(OpId{i}).operands) ++scanned[operand.value];
      }
      for (const ValueId value : values) {
        ASSERT_EQ(graph.UsesOf(value).size(), scanned[value]);
        ASSERT_EQ(graph.HasOneUse(value), scanned[value] == 1);
      }
    }
  }
}

}  // namespace
}  // namespace smelt::ir
