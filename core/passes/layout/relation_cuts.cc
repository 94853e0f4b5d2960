// What cuts tensors along an axis or joins them: CONCATENATION, SPLIT, SLICE, PAD and their like.
#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "core/passes/layout/relation_families.h"

namespace smelt::passes::layout {
namespace {

using ir::Dim;
using ir::Dims;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

const Shape& ShapeOf(const ir::Graph& graph, ValueId value) { return graph.type(value).shape; }

std::optional<std::vector<std::int64_t>> Ints(const ir::Graph& graph, ValueId value) {
  const ir::Constant* constant = graph.constant(value);
  return constant != nullptr ? constant->AsInts() : std::nullopt;
}

// Puts the axis, whole so far, down as sections when all of `sizes` are multiples of one size.
void AddWhole(Relation& relation, IterationAxis axis, std::span<const Dim> sizes) {
  std::int64_t inside = 0;
  for (const Dim size : sizes) {
    inside = size.is_static() && size != Dim(0) ? std::gcd(inside, size.value()) : 1;
    if (inside == 1) break;
  }
  axis.whole = true;
  if (inside <= 1) {
    relation.axes.push_back(std::move(axis));
    return;
  }
  axis.inside = inside;
  axis.part = IterationAxis::Part::kSections;
  IterationAxis within = axis;
  within.part = IterationAxis::Part::kInside;
  within.whole = false;
  within.cut = false;
  relation.axes.push_back(std::move(axis));
  relation.axes.push_back(std::move(within));
}

}  // namespace

std::optional<Relation> RelateConcat(const ir::Graph& graph, const ir::Op& op) {
  const Shape& result = ShapeOf(graph, op.result());
  const auto axis = ir::NormalizeAxis(op.attrs.Int("axis"), result.rank());
  if (!axis || result.dim(*axis) == Dim(1)) return std::nullopt;
  Relation relation{Family::kConcat, Freedom::kAny, {}};
  for (int i = 0; i < result.rank(); ++i) {
    IterationAxis one = NewAxis(op);
    std::ranges::fill(one.operands, i);
    one.results[0] = i;
    Dims sizes = {result.dim(i)};
    for (int k = 0; k < op.input_count(); ++k) {  // equal at run time, whatever is known of them
      sizes.push_back(ShapeOf(graph, op.input(k)).dim(i));
      if (sizes.back() != result.dim(i)) one.whole = true;
    }
    if (i == *axis) {
      one.cut = true;
      AddWhole(relation, std::move(one), sizes);
    } else {
      relation.axes.push_back(std::move(one));
    }
  }
  return relation;
}

// SLICE, STRIDED_SLICE, PAD, TILE, REVERSE and so on: an axis is free when the operator leaves it
// alone. GATHER where a row of indices takes the place of the axis.
std::optional<Relation> RelateAxisRows(const ir::Graph& graph, const ir::Op& op) {
  for (int k = 1; k < op.input_count(); ++k) {
    if (graph.constant(op.input(k)) == nullptr) return std::nullopt;
  }
  for (const char* mask : {"ellipsis_mask", "new_axis_mask", "shrink_axis_mask"}) {
    if (op.kind == OpKind::kStridedSlice && op.attrs.Int(mask) != 0) return std::nullopt;
  }
  if (op.kind == OpKind::kStridedSlice && op.attrs.Bool("offset")) return std::nullopt;
  Relation relation = SameAxes(graph, op, Family::kAxisRows, Freedom::kAny);
  const Shape& before = ShapeOf(graph, op.input(0));
  const Shape& after = ShapeOf(graph, op.result());
  if (before.rank() != after.rank()) return std::nullopt;
  const bool lists_axes = op.kind == OpKind::kReverseV2 || op.kind == OpKind::kCumsum;
  const bool names_axes = lists_axes || op.kind == OpKind::kGather;
  std::optional<std::vector<int>> touched;
  if (lists_axes) {
    touched = AxesIn(graph, op.input(1), before.rank());
  } else if (names_axes && op.attrs.Int("batch_dims") == 0) {
    const auto axis = ir::NormalizeAxis(op.attrs.Int("axis"), before.rank());
    if (axis && ShapeOf(graph, op.input(1)).rank() == 1) touched = {*axis};
  }
  if (names_axes && !touched) return std::nullopt;
  if (touched) {
    // An axis of size 1 has no place of its own.
    for (const int axis : *touched) {
      if (before.dim(axis) == Dim(1)) return std::nullopt;
    }
  }
  std::optional<std::vector<std::int64_t>> begins;
  if (op.kind == OpKind::kSlice) begins = Ints(graph, op.input(1));
  std::optional<std::vector<std::int64_t>> strides;
  if (op.kind == OpKind::kStridedSlice) strides = Ints(graph, op.input(3));
  std::vector<IterationAxis> axes = std::exchange(relation.axes, {});
  for (int i = 0; i < before.rank(); ++i) {
    IterationAxis& axis = axes[static_cast<std::size_t>(i)];
    axis.whole = before.dim(i) != after.dim(i);
    if (touched) axis.whole = std::ranges::find(*touched, i) != touched->end();
    if (strides) axis.whole = axis.whole || (*strides)[static_cast<std::size_t>(i)] != 1;
    if (axis.whole && begins) {
      // The part in front of it, itself, and all of them.
      const std::int64_t begin = (*begins)[static_cast<std::size_t>(i)];
      const Dim sizes[] = {before.dim(i), after.dim(i), begin == 0 ? after.dim(i) : Dim(begin)};
      AddWhole(relation, std::move(axis), sizes);
    } else {
      relation.axes.push_back(std::move(axis));
    }
  }
  return relation;
}

// Index of the axis operand: SPLIT has it first.
std::optional<Relation> RelateSplit(const ir::Graph& graph, const ir::Op& op) {
  const int data = op.kind == OpKind::kSplit ? 1 : 0;
  const int where = op.kind == OpKind::kSplit ? 0 : 2;
  const Shape& shape = ShapeOf(graph, op.input(data));
  const auto axes = AxesIn(graph, op.input(where), shape.rank());
  if (!axes || axes->size() != 1 || shape.dim(axes->front()) == Dim(1)) return std::nullopt;
  Relation relation{Family::kSplit, Freedom::kAny, {}};
  for (int i = 0; i < shape.rank(); ++i) {
    IterationAxis axis = NewAxis(op);
    axis.operands[static_cast<std::size_t>(data)] = i;
    std::ranges::fill(axis.results, i);
    if (i == axes->front()) {
      Dims sizes = {shape.dim(i)};
      axis.cut = true;
      for (const ValueId part : op.results) sizes.push_back(ShapeOf(graph, part).dim(i));
      AddWhole(relation, std::move(axis), sizes);
    } else {
      relation.axes.push_back(std::move(axis));
    }
  }
  return relation;
}

}  // namespace smelt::passes::layout
