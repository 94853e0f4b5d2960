// The rewriting of operators whose axes may come in any order, but for rewrite_elementwise.cc and
// the products of rewrite_matmul.cc.
#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "core/passes/layout/constant_order.h"
#include "core/passes/layout/rewrite.h"

namespace smelt::passes::layout {
namespace {

using ir::OpKind;
using ir::ValueId;

std::size_t At(int index) { return static_cast<std::size_t>(index); }

}  // namespace

Status Rewriter::RewriteReduce(const Site& site) {
  const AxisPlan plan = Plan(site, 0);
  SMELT_RETURN_IF_ERROR(TakeOperand(site, 0, OperandAxes(site.choice, plan, 0)));
  const bool keep = op(site).attrs.Bool("keep_dims");
  std::vector<std::int64_t> reduced;
  std::vector<Axis> result;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const PlannedAxis& axis = plan[i];
    const bool reduces =
        !axis.units.empty() &&
        site.choice.relation->axes[At(axis.axis)].results[0] == IterationAxis::kAbsent;
    if (reduces) reduced.push_back(static_cast<std::int64_t>(i));
    if (!reduces || keep) result.push_back(ResultPieces(site.choice, axis, 0));
  }
  const bool scalar = graph_.constant(op(site).input(1))->rank() == 0 && reduced.size() == 1;
  SetInts(site, 1, reduced, scalar);
  MadeResult(site, 0, std::move(result));
  return Status::Ok();
}

Status Rewriter::RewriteConcat(const Site& site) {
  const int count = op(site).input_count();
  const AxisPlan plan = Plan(site, LeadOperand(site));
  const auto& axes = site.choice.relation->axes;
  const auto along = std::ranges::find(axes, true, &IterationAxis::cut);
  const int place = PlaceOf(plan, static_cast<int>(along - axes.begin()));
  for (int k = 0; k < count; ++k) {
    const ValueId value = op(site).input(k);
    if (IsTensor(value)) {
      SMELT_RETURN_IF_ERROR(TakeOperand(site, k, OperandAxes(site.choice, plan, k)));
      continue;
    }
    // A constant has the result's sizes, but along the axis its own.
    const ir::Constant& constant = *graph_.constant(value);
    std::vector<ConstantPiece> pieces(site.choice.units.size());
    std::vector<std::int64_t> shape;
    int at = 0;
    for (const PlannedAxis& axis : plan) {
      std::int64_t size = 1;
      for (const int u : axis.units) {
        const Unit& unit = site.choice.units[At(u)];
        const IterationAxis& walked = axes[At(unit.axis)];
        const std::int64_t own = walked.whole
                                     ? constant.shape()[At(walked.results[0])] / walked.inside
                                     : SizeOf(unit.results[0]).value();
        pieces[At(u)] = {own, at++};
        size *= own;
      }
      shape.push_back(size);
    }
    SetConstant(site, k, Reordered(constant, pieces, shape));
  }
  op(site).attrs.Set("axis", static_cast<std::int64_t>(place));
  MadeResult(site, 0, ResultAxes(site.choice, plan, 0));
  return Status::Ok();
}

// How much of a section's inside stands in the planned axis of the sections themselves.
std::int64_t Rewriter::InsideOf(const Choice& choice, const PlannedAxis& planned) {
  std::int64_t size = 1;
  for (const int u : planned.units) {
    const Unit& unit = choice.units[At(u)];
    if (choice.relation->axes[At(unit.axis)].part == IterationAxis::Part::kInside) {
      size *= SizeOf(unit.operands[0]).value();
    }
  }
  return size;
}

void Rewriter::SetRows(const Site& site, int operand, const AxisPlan& plan,
                       const std::vector<std::int64_t>& fill) {
  const auto old = *graph_.constant(op(site).input(operand))->AsInts();
  std::vector<std::int64_t> rows;
  for (const PlannedAxis& planned : plan) {
    if (planned.axis < 0 || !site.choice.relation->axes[At(planned.axis)].whole) {
      rows.insert(rows.end(), fill.begin(), fill.end());
      continue;
    }
    const IterationAxis& axis = site.choice.relation->axes[At(planned.axis)];
    for (std::size_t i = 0; i < fill.size(); ++i) {
      const std::int64_t number = old[At(axis.operands[0]) * fill.size() + i];
      // Counted in sections, and in what the planned axis has of their inside.
      rows.push_back(axis.part == IterationAxis::Part::kAll || number == fill[i]
                         ? number
                         : number / axis.inside * InsideOf(site.choice, planned));
    }
  }
  SetInts(site, operand, rows, /*scalar=*/false);
}

Status Rewriter::RewriteAxisRows(const Site& site) {
  const AxisPlan plan = Plan(site, 0);
  SMELT_RETURN_IF_ERROR(TakeOperand(site, 0, OperandAxes(site.choice, plan, 0)));
  const auto& axes = site.choice.relation->axes;
  const auto touched = [&](const PlannedAxis& axis) {
    return axis.axis >= 0 && axes[At(axis.axis)].whole;
  };
  switch (op(site).kind) {
    case OpKind::kSlice:
      SetRows(site, 1, plan, {0});
      SetRows(site, 2, plan, {-1});  // to the end
      break;
    case OpKind::kStridedSlice: {
      std::int64_t begin_mask = 0;
      std::int64_t end_mask = 0;
      for (std::size_t i = 0; i < plan.size(); ++i) {
        const std::int64_t bit = std::int64_t{1} << i;
        const auto old = [&](const char* mask) {
          return (op(site).attrs.Int(mask) >> plan[i].axis & 1) != 0;
        };
        if (!touched(plan[i]) || old("begin_mask")) begin_mask |= bit;
        if (!touched(plan[i]) || old("end_mask")) end_mask |= bit;
      }
      op(site).attrs.Set("begin_mask", begin_mask);
      op(site).attrs.Set("end_mask", end_mask);
      SetRows(site, 1, plan, {0});
      SetRows(site, 2, plan, {0});
      SetRows(site, 3, plan, {1});
      break;
    }
    case OpKind::kPad:
    case OpKind::kPadv2:
    case OpKind::kMirrorPad:
      SetRows(site, 1, plan, {0, 0});
      break;
    case OpKind::kTile:
      SetRows(site, 1, plan, {1});
      break;
    case OpKind::kBroadcastTo: {
      std::vector<std::int64_t> sizes;
      for (const Axis& axis : ResultAxes(site.choice, plan, 0)) {
        sizes.push_back(SizeOf(axis).value());
      }
      SetInts(site, 1, sizes, /*scalar=*/false);
      break;
    }
    case OpKind::kGather: {
      const auto along = std::ranges::find_if(plan, touched);
      op(site).attrs.Set("axis", static_cast<std::int64_t>(along - plan.begin()));
      break;
    }
    default: {  // REVERSE_V2, CUMSUM: the axes by number
      std::vector<std::int64_t> named;
      for (std::size_t i = 0; i < plan.size(); ++i) {
        if (touched(plan[i])) named.push_back(static_cast<std::int64_t>(i));
      }
      SetInts(site, 1, named, graph_.constant(op(site).input(1))->rank() == 0);
    }
  }
  MadeResult(site, 0, ResultAxes(site.choice, plan, 0));
  return Status::Ok();
}

Status Rewriter::RewriteSplit(const Site& site) {
  SMELT_RETURN_IF_ERROR(TakeSideOperands(site));
  const bool is_split = op(site).kind == OpKind::kSplit;
  const int data = is_split ? 1 : 0;
  const AxisPlan plan = Plan(site, data);
  const auto& axes = site.choice.relation->axes;
  const auto along = std::ranges::find(axes, true, &IterationAxis::cut);
  const int place = PlaceOf(plan, static_cast<int>(along - axes.begin()));
  SMELT_RETURN_IF_ERROR(TakeOperand(site, data, OperandAxes(site.choice, plan, data)));
  const int where = is_split ? 0 : 2;
  SetInts(site, where, {place}, graph_.constant(op(site).input(where))->rank() == 0);
  if (!is_split && along->part == IterationAxis::Part::kSections) {
    std::vector<std::int64_t> sizes;
    for (int r = 0; r < static_cast<int>(op(site).results.size()); ++r) {
      sizes.push_back(SizeOf(ResultPieces(site.choice, plan[At(place)], r)).value());
    }
    SetInts(site, 1, sizes, /*scalar=*/false);
  }
  for (int r = 0; r < static_cast<int>(op(site).results.size()); ++r) {
    MadeResult(site, r, ResultAxes(site.choice, plan, r));
  }
  return Status::Ok();
}

Status Rewriter::RewriteLastAxis(const Site& site) {
  const AxisPlan plan = Plan(site, 0);
  SMELT_RETURN_IF_ERROR(TakeOperand(site, 0, OperandAxes(site.choice, plan, 0)));
  MadeResult(site, 0, ResultAxes(site.choice, plan, 0));
  return Status::Ok();
}

// The shape of the tensor as it is stored, its entries picked in the source's order. Where an entry
// has no axis of its own the tensor must come as the source has it.
Status Rewriter::RewriteShape(const Site& site) {
  const ValueId value = op(site).input(0);
  const std::vector<Axis> wanted = forms_.LeafAxes(value);
  const int tensor = forms_.form(value).tensor;
  const std::vector<Axis>& made = store_.made_axes(tensor);
  std::vector<std::int32_t> places;
  for (const Axis& axis : wanted) {
    const auto found = std::ranges::find(made, axis);
    if (found == made.end()) return RewriteBarrier(site);
    places.push_back(static_cast<std::int32_t>(found - made.begin()));
  }
  KeepOrigin(site.id, forms_.form(value));
  graph_.SetOperand({site.id, 0}, store_.made_value(tensor));
  const ValueId result = op(site).result();
  std::vector<std::int32_t> in_order(made.size());
  std::iota(in_order.begin(), in_order.end(), 0);
  ValueId entries = result;
  if (places != in_order) {
    graph_.value(result).type.shape = {ir::Dim(static_cast<std::int64_t>(made.size()))};
    ir::Builder builder(module_, graph_id_, op(site).origin, graph_.op(site.id).next);
    entries = builder.Emit(OpKind::kGather, {result, builder.ConstI32(places)},
                           {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
    SMELT_RETURN_IF_ERROR(builder.status());
  }
  store_.Made(forms_.form(result).tensor, choices_.SourceOrder(result), entries,
              forms_.LeafAxes(result));
  return Status::Ok();
}

}  // namespace smelt::passes::layout
