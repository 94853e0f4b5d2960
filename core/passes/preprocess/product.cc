#include "core/passes/preprocess/product.h"

#include <algorithm>
#include <cmath>

namespace smelt::passes {
namespace {

using ir::OpKind;
using ir::ValueId;

constexpr int kMostOps = 6;

// Adds `value` to the product `times` times.
void Collect(const ir::Graph& graph, ValueId value, int times, bool inner, ProductForm& form) {
  if (const auto number = ScalarOf(graph, value)) {
    form.scale *= std::pow(*number, times);
    return;
  }
  const auto find = [&](OpKind kind) {
    return inner ? InnerBy(graph, value, kind) : MadeBy(graph, value, kind);
  };
  const bool small = static_cast<int>(form.ops.size()) < kMostOps;
  const ir::OpId producer = graph.value(value).producer;
  if (const ir::Op* op = find(OpKind::kMul); small && op != nullptr) {
    form.ops.push_back(producer);
    const ValueId left = op->input(0), right = op->input(1);
    Collect(graph, left, times, true, form);
    Collect(graph, right, times, true, form);
    return;
  }
  if (const ir::Op* op = find(OpKind::kDiv); small && op != nullptr) {
    const auto divisor = ScalarOf(graph, op->input(1));
    if (divisor && *divisor != 0) {
      form.ops.push_back(producer);
      form.scale /= std::pow(*divisor, times);
      Collect(graph, op->input(0), times, true, form);
      return;
    }
  }
  if (const ir::Op* op = find(OpKind::kSquare); small && op != nullptr && times == 1) {
    form.ops.push_back(producer);
    Collect(graph, op->input(0), 2, true, form);
    return;
  }
  if (const ir::Op* op = find(OpKind::kPow); small && op != nullptr && times == 1) {
    const auto exponent = ScalarOf(graph, op->input(1));
    if (exponent == 2.0 || exponent == 3.0) {
      form.ops.push_back(producer);
      Collect(graph, op->input(0), static_cast<int>(*exponent), true, form);
      return;
    }
  }
  form.factors.insert(form.factors.end(), static_cast<std::size_t>(times), value);
}

}  // namespace

bool ProductForm::Is(std::vector<ValueId> wanted) const {
  std::ranges::sort(wanted);
  return wanted == factors;
}

std::optional<double> ScalarOf(const ir::Graph& graph, ValueId value) {
  const ir::Constant* constant = graph.constant(value);
  if (constant == nullptr || constant->element_count() != 1) return std::nullopt;
  const auto values = constant->AsDoubles();
  return values ? std::optional(values->front()) : std::nullopt;
}

const ir::Op* MadeBy(const ir::Graph& graph, ValueId value, OpKind kind) {
  const ir::Value& made = graph.value(value);
  if (!made.producer.valid() || made.type.dtype != ir::DType::kF32) return nullptr;
  const ir::Op& op = graph.op(made.producer);
  const bool plain = op.attrs.String("fused_activation_function", "NONE") == "NONE";
  return op.kind == kind && plain ? &op : nullptr;
}

const ir::Op* InnerBy(const ir::Graph& graph, ValueId value, OpKind kind) {
  return graph.HasOneUse(value) ? MadeBy(graph, value, kind) : nullptr;
}

bool OnlyUsedBy(const ir::Graph& graph, ValueId value, std::span<const ir::OpId> ops) {
  for (ir::Use use = graph.value(value).first_use; use.valid();
       use = graph.op(use.op).operands[use.operand].next) {
    if (std::ranges::find(ops, use.op) == ops.end()) return false;
  }
  return true;
}

ProductForm ProductOf(const ir::Graph& graph, ValueId value) {
  ProductForm form;
  Collect(graph, value, 1, false, form);
  std::ranges::sort(form.factors);
  return form;
}

std::optional<ShiftedForm> ShiftedOf(const ir::Graph& graph, ValueId value) {
  const ir::Op* add = InnerBy(graph, value, OpKind::kAdd);
  if (add == nullptr) return std::nullopt;
  for (int side = 0; side < 2; ++side) {
    const auto number = ScalarOf(graph, add->input(side));
    if (number) return ShiftedForm{add->input(1 - side), *number, graph.value(value).producer};
  }
  return std::nullopt;
}

bool IsClose(double value, double wanted) {
  return std::abs(value - wanted) <= 2e-6 * std::abs(wanted);
}

}  // namespace smelt::passes
