#include "core/passes/neutral_operand.h"

#include <algorithm>

namespace smelt::passes {
namespace {

using ir::OpKind;

struct Row {
  OpKind kind;
  double neutral;
  bool commutes;
};
constexpr Row kRows[] = {{OpKind::kAdd, 0, true},
                         {OpKind::kDiv, 1, false},
                         {OpKind::kMul, 1, true},
                         {OpKind::kSub, 0, false}};

bool IsAll(const ir::Constant* constant, double value) {
  const auto values = constant != nullptr ? constant->AsDoubles() : std::nullopt;
  return values.has_value() && std::ranges::all_of(*values, [&](double v) { return v == value; });
}

}  // namespace

std::optional<int> OperandThatStays(const ir::Graph& graph, const ir::Op& op) {
  const Row* row = std::ranges::find(kRows, op.kind, &Row::kind);
  if (row == std::end(kRows)) return std::nullopt;
  if (op.attrs.String("fused_activation_function", "NONE") != "NONE") return std::nullopt;
  for (int operand = 0; operand < (row->commutes ? 2 : 1); ++operand) {
    if (graph.type(op.input(operand)) == graph.type(op.result()) &&
        IsAll(graph.constant(op.input(1 - operand)), row->neutral)) {
      return operand;
    }
  }
  return std::nullopt;
}

}  // namespace smelt::passes
