// AxisPlan: the axes with which a rewritten operator walks over its operands.
#pragma once

#include <vector>

#include "core/passes/layout/choices.h"

namespace smelt::passes::layout {

// One axis of the rewritten operator: neighbouring units of one axis of the old one.
struct PlannedAxis {
  static constexpr int kNew = -1;
  int axis = kNew;         // of Relation::axes; kNew: an axis of size 1 on all operands
  std::vector<int> units;  // outermost first; none for an axis of size 1 on all operands
};
using AxisPlan = std::vector<PlannedAxis>;

// Units in the label's order, joined where they were neighbours. If it can be, the plan has the
// `lead` axes (those that operand `lead_operand` has without a RESHAPE); else axes of size 1 stand
// where they stood in the source.
AxisPlan PlanAxes(const Choice& choice, int label, int lead_operand, const std::vector<Axis>& lead);

// The units of one axis in the label's order.
std::vector<int> UnitsOf(const Choice& choice, int label, int axis);

// The pieces that an operand or a result has of a planned axis.
Axis OperandPieces(const Choice& choice, const PlannedAxis& axis, int operand);
Axis ResultPieces(const Choice& choice, const PlannedAxis& axis, int result);
// Of all planned axes.
std::vector<Axis> OperandAxes(const Choice& choice, const AxisPlan& plan, int operand);
std::vector<Axis> ResultAxes(const Choice& choice, const AxisPlan& plan, int result);

}  // namespace smelt::passes::layout
