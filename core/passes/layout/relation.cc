#include "core/passes/layout/relation.h"

#include <algorithm>

#include "core/ir/infer.h"
#include "core/passes/layout/relation_families.h"

namespace smelt::passes::layout {

IterationAxis NewAxis(const ir::Op& op) {
  IterationAxis axis;
  axis.operands.assign(op.operands.size(), IterationAxis::kAbsent);
  axis.results.assign(op.results.size(), IterationAxis::kAbsent);
  return axis;
}

using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

std::optional<std::vector<int>> AxesIn(const ir::Graph& graph, ValueId operand, int rank) {
  const ir::Constant* constant = graph.constant(operand);
  const auto values = constant != nullptr ? constant->AsInts() : std::nullopt;
  if (!values) return std::nullopt;
  const auto axes = ir::infer::NormalizeAxes(*values, rank);
  return axes.ok() ? std::optional(*axes) : std::nullopt;
}

Relation SameAxes(const ir::Graph& graph, const ir::Op& op, Family family, Freedom freedom) {
  Relation relation{family, freedom, {}};
  for (int i = 0; i < graph.type(op.input(0)).shape.rank(); ++i) {
    IterationAxis axis = NewAxis(op);
    axis.operands[0] = i;
    std::ranges::fill(axis.results, i);
    relation.axes.push_back(std::move(axis));
  }
  return relation;
}

namespace {

constexpr int kAbsent = IterationAxis::kAbsent;

const Shape& ShapeOf(const ir::Graph& graph, ValueId value) { return graph.type(value).shape; }

// Axes are aligned at the right; an axis of size 1 takes part in none.
std::optional<Relation> Elementwise(const ir::Graph& graph, const ir::Op& op) {
  Relation relation{Family::kElementwise, Freedom::kAny, {}};
  const Shape& result = ShapeOf(graph, op.result());
  for (int i = 0; i < result.rank(); ++i) {
    IterationAxis axis = NewAxis(op);
    axis.results[0] = i;
    for (int k = 0; k < op.input_count(); ++k) {
      const ValueId operand = op.input(k);
      if (!operand.valid()) return std::nullopt;
      const Shape& shape = ShapeOf(graph, operand);
      const int own = i - (result.rank() - shape.rank());
      if (own < 0 || shape.dim(own) == Dim(1)) continue;
      // Sizes that agree, or broadcast, only at run time: the same axis, but not its pieces.
      if (shape.dim(own) != result.dim(i)) axis.whole = true;
      axis.operands[static_cast<std::size_t>(k)] = own;
    }
    relation.axes.push_back(std::move(axis));
  }
  return relation;
}

std::optional<Relation> SameShapeElementwise(const ir::Graph& graph, const ir::Op& op) {
  for (int k = 0; k < op.input_count(); ++k) {
    if (ShapeOf(graph, op.input(k)) != ShapeOf(graph, op.result())) return std::nullopt;
  }
  return Elementwise(graph, op);
}

std::optional<Relation> Reduce(const ir::Graph& graph, const ir::Op& op) {
  const Shape& shape = ShapeOf(graph, op.input(0));
  const auto axes = AxesIn(graph, op.input(1), shape.rank());
  if (!axes) return std::nullopt;
  const bool is_arg = op.kind == OpKind::kArgMax || op.kind == OpKind::kArgMin;
  const bool keep = op.attrs.Bool("keep_dims");
  Relation relation{Family::kReduce, Freedom::kAny, {}};
  bool reduces = false;
  int at = 0;
  for (int i = 0; i < shape.rank(); ++i) {
    IterationAxis axis = NewAxis(op);
    axis.operands[0] = i;
    if (std::ranges::find(*axes, i) != axes->end()) {
      axis.whole = is_arg;  // its index is the result
      reduces = reduces || shape.dim(i) != Dim(1);
      if (keep) ++at;
    } else {
      axis.results[0] = at++;
    }
    relation.axes.push_back(std::move(axis));
  }
  if (!reduces) return std::nullopt;
  return relation;
}

std::optional<Relation> LastAxis(const ir::Graph& graph, const ir::Op& op) {
  const Shape& shape = ShapeOf(graph, op.input(0));
  if (shape.rank() == 0 || shape.dim(shape.rank() - 1) == Dim(1)) return std::nullopt;
  Relation relation = SameAxes(graph, op, Family::kLastAxis, Freedom::kLastStays);
  relation.axes.back().whole = true;
  return relation;
}

// Reads no data: any order will do.
std::optional<Relation> ShapeOnly(const ir::Graph& graph, const ir::Op& op) {
  Relation relation{Family::kShape, Freedom::kAny, {}};
  for (int i = 0; i < ShapeOf(graph, op.input(0)).rank(); ++i) {
    IterationAxis axis = NewAxis(op);
    axis.operands[0] = i;
    axis.whole = true;
    relation.axes.push_back(std::move(axis));
  }
  return relation;
}

// RESHAPE to the operand's own shape: in any order, but each axis comes and goes as a whole.
std::optional<Relation> FreshPieces(const ir::Graph& graph, const ir::Op& op) {
  if (ShapeOf(graph, op.input(0)) != ShapeOf(graph, op.result())) return std::nullopt;
  Relation relation = SameAxes(graph, op, Family::kFreshPieces, Freedom::kAny);
  for (IterationAxis& axis : relation.axes) axis.whole = true;
  return relation;
}

using Maker = std::optional<Relation> (*)(const ir::Graph&, const ir::Op&);
struct Row {
  OpKind kind;
  Maker make;
};

constexpr Row kRows[] = {
    {OpKind::kAdd, Elementwise},
    {OpKind::kSub, Elementwise},
    {OpKind::kMul, Elementwise},
    {OpKind::kDiv, Elementwise},
    {OpKind::kMaximum, Elementwise},
    {OpKind::kMinimum, Elementwise},
    {OpKind::kPow, Elementwise},
    {OpKind::kFloorDiv, Elementwise},
    {OpKind::kFloorMod, Elementwise},
    {OpKind::kSquaredDifference, Elementwise},
    {OpKind::kLess, Elementwise},
    {OpKind::kLessEqual, Elementwise},
    {OpKind::kGreater, Elementwise},
    {OpKind::kGreaterEqual, Elementwise},
    {OpKind::kEqual, Elementwise},
    {OpKind::kNotEqual, Elementwise},
    {OpKind::kLogicalAnd, Elementwise},
    {OpKind::kLogicalOr, Elementwise},
    {OpKind::kLogicalNot, Elementwise},
    {OpKind::kSelectV2, Elementwise},
    {OpKind::kPrelu, Elementwise},
    {OpKind::kFloor, Elementwise},
    {OpKind::kLogistic, Elementwise},
    {OpKind::kRelu, Elementwise},
    {OpKind::kReluN1To1, Elementwise},
    {OpKind::kRelu6, Elementwise},
    {OpKind::kRelu0To1, Elementwise},
    {OpKind::kTanh, Elementwise},
    {OpKind::kExp, Elementwise},
    {OpKind::kCast, Elementwise},
    {OpKind::kNeg, Elementwise},
    {OpKind::kSin, Elementwise},
    {OpKind::kCos, Elementwise},
    {OpKind::kLog, Elementwise},
    {OpKind::kSqrt, Elementwise},
    {OpKind::kRsqrt, Elementwise},
    {OpKind::kSquare, Elementwise},
    {OpKind::kLeakyRelu, Elementwise},
    {OpKind::kAbs, Elementwise},
    {OpKind::kCeil, Elementwise},
    {OpKind::kElu, Elementwise},
    {OpKind::kRound, Elementwise},
    {OpKind::kHardSwish, Elementwise},
    {OpKind::kGelu, Elementwise},
    {OpKind::kSign, Elementwise},
    {OpKind::kAtan2, SameShapeElementwise},
    {OpKind::kSelect, SameShapeElementwise},
    {OpKind::kMean, Reduce},
    {OpKind::kSum, Reduce},
    {OpKind::kReduceProd, Reduce},
    {OpKind::kReduceMax, Reduce},
    {OpKind::kReduceMin, Reduce},
    {OpKind::kReduceAny, Reduce},
    {OpKind::kReduceAll, Reduce},
    {OpKind::kArgMax, Reduce},
    {OpKind::kArgMin, Reduce},
    {OpKind::kConcatenation, RelateConcat},
    {OpKind::kSlice, RelateAxisRows},
    {OpKind::kStridedSlice, RelateAxisRows},
    {OpKind::kPad, RelateAxisRows},
    {OpKind::kPadv2, RelateAxisRows},
    {OpKind::kMirrorPad, RelateAxisRows},
    {OpKind::kTile, RelateAxisRows},
    {OpKind::kBroadcastTo, RelateAxisRows},
    {OpKind::kReverseV2, RelateAxisRows},
    {OpKind::kCumsum, RelateAxisRows},
    {OpKind::kGather, RelateAxisRows},
    {OpKind::kSplit, RelateSplit},
    {OpKind::kSplitV, RelateSplit},
    {OpKind::kSoftmax, LastAxis},
    {OpKind::kLogSoftmax, LastAxis},
    {OpKind::kL2Normalization, LastAxis},
    {OpKind::kShape, ShapeOnly},
    {OpKind::kReshape, FreshPieces},
    {OpKind::kFullyConnected, RelateFullyConnected},
    {OpKind::kBatchMatmul, RelateBatchMatmul},
    {OpKind::kConv2d, RelateConvolution},
    {OpKind::kDepthwiseConv2d, RelateDepthwise},
    {OpKind::kMaxPool2d, RelateImage},
    {OpKind::kAveragePool2d, RelateImage},
    {OpKind::kResizeBilinear, RelateImage},
    {OpKind::kResizeNearestNeighbor, RelateImage},
};

// True when the data that the operator reads is constant: nothing then asks for another order.
bool ReadsConstants(const ir::Graph& graph, const ir::Op& op, const Relation& relation) {
  const auto is_constant = [&](int k) {
    return op.input(k).valid() && graph.constant(op.input(k)) != nullptr;
  };
  switch (relation.family) {
    case Family::kElementwise:
    case Family::kConcat:
    case Family::kBatchMatmul:
      for (int k = 0; k < op.input_count(); ++k) {
        if (!is_constant(k)) return false;
      }
      return true;
    case Family::kSplit:
      return is_constant(op.kind == OpKind::kSplit ? 1 : 0);
    default:
      return op.input_count() > 0 && is_constant(0);
  }
}

}  // namespace

bool Relation::GoesOn(int axis, int before) const {
  return axis == before || (axis == before + 1 && axes[static_cast<std::size_t>(axis)].part ==
                                                      IterationAxis::Part::kInside);
}

bool Relation::HasSections() const {
  return std::ranges::any_of(
      axes, [](const IterationAxis& axis) { return axis.part != IterationAxis::Part::kAll; });
}

void Relation::DropSections() {
  std::erase_if(
      axes, [](const IterationAxis& axis) { return axis.part == IterationAxis::Part::kInside; });
  for (IterationAxis& axis : axes) {
    axis.part = IterationAxis::Part::kAll;
    axis.inside = 1;
  }
}

bool Relation::IsSideOperand(int operand) const {
  return std::ranges::all_of(axes, [operand](const IterationAxis& axis) {
    return axis.operands[static_cast<std::size_t>(operand)] == kAbsent;
  });
}

Relation RelationOf(const ir::Graph& graph, const ir::Op& op) {
  const Row* row = std::ranges::find(kRows, op.kind, &Row::kind);
  if (row == std::end(kRows)) return {};
  std::optional<Relation> relation = row->make(graph, op);
  if (!relation || ReadsConstants(graph, op, *relation)) return {};
  return *std::move(relation);
}

}  // namespace smelt::passes::layout
