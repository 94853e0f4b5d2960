// The axes in which an operator takes its operands.
#include <algorithm>
#include <utility>

#include "core/ir/broadcasting.h"
#include "core/passes/layout/rewrite.h"

namespace smelt::passes::layout {

using ir::ValueId;

std::vector<Axis> Rewriter::NaturalAxes(const Site& site, int operand) {
  return store_.NaturalAxes(forms_.form(op(site).input(operand)).tensor,
                            choices_.OperandOrder(site.choice, site.label, operand));
}

// The operand whose axes the operator takes over: the tensor with the most pieces, and of those the
// one with the most axes.
int Rewriter::LeadOperand(const Site& site) {
  int lead = -1;
  std::pair<std::size_t, std::size_t> most;
  for (int k = 0; k < op(site).input_count(); ++k) {
    if (!IsTensor(op(site).input(k))) continue;
    const std::vector<Axis> axes = NaturalAxes(site, k);
    const std::pair size(Flat(axes).size(), axes.size());
    if (lead >= 0 && size <= most) continue;
    most = size;
    lead = k;
  }
  return lead;
}

AxisPlan Rewriter::Plan(const Site& site, int lead) {
  std::vector<Axis> axes;
  if (lead >= 0) axes = NaturalAxes(site, lead);
  return PlanAxes(site.choice, site.label, lead, axes);
}

// Where the operator broadcasts, an operand does without the axes of size 1 in front that it does
// not have anyway.
std::vector<Axis> Rewriter::WithoutLeadingOnes(const Site& site, int operand,
                                               std::vector<Axis> axes) {
  if (!ir::BroadcastsOperands(op(site).kind)) return axes;
  std::vector<Axis> own = NaturalAxes(site, operand);
  if (own.size() >= axes.size()) return axes;
  const auto tail = axes.end() - static_cast<std::ptrdiff_t>(own.size());
  const bool fits =
      std::all_of(axes.begin(), tail, [](const Axis& axis) { return axis.empty(); }) &&
      std::equal(own.begin(), own.end(), tail);
  return fits ? own : axes;
}

Status Rewriter::TakeOperand(const Site& site, int operand, const std::vector<Axis>& axes) {
  const ValueId value = op(site).input(operand);
  if (!IsTensor(value)) return Status::Ok();
  const Form& form = forms_.form(value);
  const ir::OriginId origin = form.origin != ir::kNoOrigin ? form.origin : op(site).origin;
  SMELT_ASSIGN_OR_RETURN(const ValueId stored,
                         store_.Get(form.tensor, Flat(axes), axes, origin, site.id, site.node));
  KeepOrigin(site.id, form);
  graph_.SetOperand({site.id, static_cast<std::uint32_t>(operand)}, stored);
  return Status::Ok();
}

Status Rewriter::TakeSideOperands(const Site& site) {
  for (int k = 0; k < op(site).input_count(); ++k) {
    const ValueId value = op(site).input(k);
    if (!IsTensor(value) || !site.choice.relation->IsSideOperand(k)) continue;
    SMELT_RETURN_IF_ERROR(TakeOperand(site, k, forms_.LeafAxes(value)));
  }
  return Status::Ok();
}

}  // namespace smelt::passes::layout
