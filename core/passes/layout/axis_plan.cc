#include "core/passes/layout/axis_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace smelt::passes::layout {
namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }

AxisPlan Joined(const Choice& choice, int label) {
  AxisPlan plan;
  int before = -2;
  for (const int u : choice.labels[At(label)]) {
    const int axis = choice.units[At(u)].axis;
    if (u != before + 1 || !choice.relation->GoesOn(axis, choice.units[At(before)].axis)) {
      plan.push_back({axis, {}});
    }
    plan.back().units.push_back(u);
    before = u;
  }
  return plan;
}

// The planned axes laid over those of the leading operand; nothing when they differ by more than
// axes of size 1.
std::optional<AxisPlan> FitTo(const Choice& choice, AxisPlan plan, int operand,
                              const std::vector<Axis>& lead) {
  AxisPlan fitted;
  std::size_t at = 0;
  for (const Axis& own : lead) {
    const bool next_is_absent =
        at < plan.size() && OperandPieces(choice, plan[at], operand).empty();
    if (own.empty()) {
      fitted.push_back(next_is_absent ? std::move(plan[at++]) : PlannedAxis{});
      continue;
    }
    if (at == plan.size() || OperandPieces(choice, plan[at], operand) != own) return std::nullopt;
    fitted.push_back(std::move(plan[at++]));
  }
  if (at != plan.size()) return std::nullopt;
  return fitted;
}

// Axes without units, where the source has them.
AxisPlan WithSourceOnes(const Choice& choice, AxisPlan plan) {
  const auto count = static_cast<int>(choice.relation->axes.size());
  int source = -1;  // the axis of the source's ports
  for (int axis = 0; axis < count; ++axis) {
    if (choice.relation->axes[At(axis)].part == IterationAxis::Part::kInside) continue;
    ++source;
    const bool has_units =
        std::ranges::any_of(choice.units, [&](const Unit& unit) { return unit.axis == axis; });
    if (has_units) continue;
    const std::size_t place = std::min(At(source), plan.size());
    plan.insert(plan.begin() + static_cast<std::ptrdiff_t>(place), PlannedAxis{axis, {}});
  }
  return plan;
}

bool EndsAsItMust(const Choice& choice, const AxisPlan& plan) {
  if (choice.relation->freedom != Freedom::kLastStays) return true;
  return plan.back().axis == static_cast<int>(choice.relation->axes.size()) - 1;
}

}  // namespace

AxisPlan PlanAxes(const Choice& choice, int label, int lead_operand,
                  const std::vector<Axis>& lead) {
  AxisPlan plan = Joined(choice, label);
  if (auto fitted = FitTo(choice, plan, lead_operand, lead);
      fitted && EndsAsItMust(choice, *fitted)) {
    return *std::move(fitted);
  }
  return WithSourceOnes(choice, std::move(plan));
}

std::vector<int> UnitsOf(const Choice& choice, int label, int axis) {
  std::vector<int> units;
  for (const int u : choice.labels[At(label)]) {
    if (choice.units[At(u)].axis == axis) units.push_back(u);
  }
  return units;
}

Axis OperandPieces(const Choice& choice, const PlannedAxis& axis, int operand) {
  Axis pieces;
  for (const int u : axis.units) {
    const Axis& own = choice.units[At(u)].operands[At(operand)];
    pieces.insert(pieces.end(), own.begin(), own.end());
  }
  return pieces;
}

Axis ResultPieces(const Choice& choice, const PlannedAxis& axis, int result) {
  Axis pieces;
  for (const int u : axis.units) {
    const Axis& own = choice.units[At(u)].results[At(result)];
    pieces.insert(pieces.end(), own.begin(), own.end());
  }
  return pieces;
}

std::vector<Axis> OperandAxes(const Choice& choice, const AxisPlan& plan, int operand) {
  std::vector<Axis> axes;
  for (const PlannedAxis& axis : plan) axes.push_back(OperandPieces(choice, axis, operand));
  return axes;
}

std::vector<Axis> ResultAxes(const Choice& choice, const AxisPlan& plan, int result) {
  std::vector<Axis> axes;
  for (const PlannedAxis& axis : plan) axes.push_back(ResultPieces(choice, axis, result));
  return axes;
}

}  // namespace smelt::passes::layout
