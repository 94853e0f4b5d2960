// What the problem of a graph says: the costs of labels and of copies.
#include "core/passes/layout/choices.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "core/ir/builder.h"

namespace smelt::passes::layout {
namespace {

using ir::OpKind;
using ir::Shape;
using ir::ValueId;

class ChoicesTest : public testing::Test {
 protected:
  ValueId Input(const Shape& shape) {
    return module_.graph(graph_).AddInput({ir::DType::kF32, shape}, "x");
  }
  ValueId Concat(std::initializer_list<ValueId> parts, std::int64_t axis) {
    return b_.Emit(OpKind::kConcatenation, parts,
                   {{"axis", axis}, {"fused_activation_function", std::string("NONE")}});
  }
  // The graph with this output as a problem.
  Choices Of(ValueId output) {
    module_.graph(graph_).SetOutputs({&output, 1});
    forms_.emplace(module_, graph_);
    return Choices(module_, module_.graph(graph_), *forms_);
  }
  ir::Dim Size(const char* name) { return module_.symbols().Named(name, {}); }

  ir::Module module_;
  ir::GraphId graph_ = module_.AddGraph("main");
  ir::Builder b_{module_, graph_, ir::kNoOrigin};
  std::optional<Forms> forms_;
};

// Rows that are equal at run time only are no axis that is joined.
TEST_F(ChoicesTest, AJoinCostsByThePlaceOfItsOwnAxis) {
  const ValueId x = b_.Transpose(Input({Size("N"), 6, 4}), {0, 2, 1});
  const ValueId y = b_.Transpose(Input({Size("M"), 6, 5}), {0, 2, 1});
  const Choices choices = Of(b_.Transpose(Concat({x, y}, 1), {0, 2, 1}));
  ASSERT_TRUE(b_.status().ok()) << b_.status().ToString();
  const auto is_join = [](const Choice& choice) {
    return choice.relation != nullptr && choice.relation->family == Family::kConcat;
  };
  const auto join = std::ranges::find_if(choices.nodes(), is_join);
  ASSERT_NE(join, choices.nodes().end());
  EXPECT_EQ(join->labels, (std::vector<Label>{{0, 1, 2}, {0, 2, 1}}));
  const auto node = static_cast<std::size_t>(join - choices.nodes().begin());
  EXPECT_EQ(choices.problem().nodes[node].costs[0], 1);
  EXPECT_EQ(choices.problem().nodes[node].costs[1], 2);
}

// All ties of a graph together weigh less than one byte of one copy.
TEST_F(ChoicesTest, TiesNeverOutweighAByte) {
  ValueId x = Input({1, 8, 6});
  for (int i = 0; i < 2000; ++i) {
    x = Concat({b_.Transpose(x, {0, 2, 1}), b_.Transpose(x, {0, 2, 1})}, 1);
    x = b_.Emit(OpKind::kSlice, {x, b_.ConstI32({0, 0, 0}), b_.ConstI32({1, 6, 8})});
    x = b_.Unary(OpKind::kRelu, b_.Transpose(x, {0, 2, 1}));
  }
  const Choices choices = Of(x);
  ASSERT_TRUE(b_.status().ok()) << b_.status().ToString();
  std::int64_t ties = 0;
  std::int64_t byte = INT64_MAX;
  for (const Problem::Node& node : choices.problem().nodes) {
    ties += *std::ranges::max_element(node.costs);
  }
  const std::int64_t bytes = 2 * 8 * 6 * 4 + 8192;
  for (const Problem::Tensor& tensor : choices.problem().tensors) {
    ties += 2 * static_cast<std::int64_t>(tensor.consumers.size());
    byte = std::min(byte, tensor.weight / bytes);
  }
  EXPECT_GT(ties, 2 * bytes);
  EXPECT_GT(byte, ties);
}

}  // namespace
}  // namespace smelt::passes::layout
