// The rewriting of operators that work element by element.
#include <algorithm>
#include <optional>
#include <utility>

#include "core/passes/layout/constant_order.h"
#include "core/passes/layout/rewrite.h"

namespace smelt::passes::layout {
namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }

}  // namespace

// A constant of an elementwise operator: its axes are taken apart as the units are.
Status Rewriter::TakeConstant(const Site& site, int operand, const AxisPlan& plan) {
  const ir::Constant& constant = *graph_.constant(op(site).input(operand));
  if (constant.element_count() == 1) {
    // It must not make the result longer than it is planned.
    if (constant.rank() > static_cast<int>(plan.size())) {
      SetConstant(site, operand, constant.Reshaped(std::vector<std::int64_t>(plan.size(), 1)));
    }
    return Status::Ok();
  }
  const Relation& relation = *site.choice.relation;
  std::vector<std::optional<ConstantPiece>> piece_of(site.choice.units.size());
  std::vector<std::int64_t> shape;
  int places = 0;
  for (const PlannedAxis& planned : plan) {
    std::int64_t size = 1;
    for (const int u : planned.units) {
      const IterationAxis& axis = relation.axes[At(planned.axis)];
      const int own = axis.operands[At(operand)];
      if (own == IterationAxis::kAbsent) continue;
      const std::int64_t piece = axis.whole ? constant.shape()[At(own)]
                                            : SizeOf(site.choice.units[At(u)].results[0]).value();
      piece_of[At(u)] = ConstantPiece{piece, places++};
      size *= piece;
    }
    shape.push_back(size);
  }
  std::vector<ConstantPiece> pieces;
  for (const auto& piece : piece_of) {
    if (piece) pieces.push_back(*piece);
  }
  while (static_cast<int>(shape.size()) > constant.rank() && shape.front() == 1) {
    shape.erase(shape.begin());
  }
  if (shape == constant.shape() && std::ranges::is_sorted(pieces, {}, &ConstantPiece::place)) {
    return Status::Ok();
  }
  SetConstant(site, operand, Reordered(constant, pieces, shape));
  return Status::Ok();
}

Status Rewriter::RewriteElementwise(const Site& site) {
  const int lead = LeadOperand(site);
  const AxisPlan plan = Plan(site, lead);
  for (int k = 0; k < op(site).input_count(); ++k) {
    if (IsTensor(op(site).input(k))) {
      std::vector<Axis> axes = OperandAxes(site.choice, plan, k);
      if (k != lead) axes = WithoutLeadingOnes(site, k, std::move(axes));
      SMELT_RETURN_IF_ERROR(TakeOperand(site, k, axes));
    } else {
      SMELT_RETURN_IF_ERROR(TakeConstant(site, k, plan));
    }
  }
  MadeResult(site, 0, ResultAxes(site.choice, plan, 0));
  return Status::Ok();
}

}  // namespace smelt::passes::layout
