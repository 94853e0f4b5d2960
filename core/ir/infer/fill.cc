#include <cmath>

#include "core/ir/infer/rules.h"

namespace smelt::ir::infer {
namespace {

// The shape that an integer operand spells out.
Result<Shape> SpelledShape(const InferContext& context, int operand) {
  const auto sizes = OperandInts(context, operand);
  if (!sizes) {
    SMELT_ASSIGN_OR_RETURN(const int rank, OperandLength(context, operand));
    return UnknownShape(rank);
  }
  for (const std::int64_t size : *sizes) {
    if (size < 0) return BadOperand(context, operand, "holds a negative size");
  }
  return Shape::Of(*sizes);
}

}  // namespace

Result<Types> BroadcastTo(const InferContext& context) {
  SMELT_ASSIGN_OR_RETURN(Shape target, SpelledShape(context, 1));
  const TensorType& type = OperandType(context, 0);
  const int added = target.rank() - type.shape.rank();
  if (added < 0) return BadOperand(context, 0, "has a higher rank than the target shape");
  for (int axis = 0; axis < type.shape.rank(); ++axis) {
    const Dim from = type.shape.dim(axis);
    Dim& to = target.dim(added + axis);
    if (from == Dim(1)) continue;
    if (!SameDim(from, to).ok()) return BadOperand(context, 0, "does not broadcast to the target");
    if (to.is_unknown() && from.is_static()) to = from;
  }
  return Types{{type.dtype, std::move(target)}};
}

Result<Types> Tile(const InferContext& context) {
  TensorType type = OperandType(context, 0);
  SMELT_ASSIGN_OR_RETURN(const Shape multiples, SpelledShape(context, 1));
  if (multiples.rank() != type.shape.rank()) {
    return BadOperand(context, 1, "must have one multiple for each axis");
  }
  for (int axis = 0; axis < type.shape.rank(); ++axis) {
    type.shape.dim(axis) = Mul(context.symbols, type.shape.dim(axis), multiples.dim(axis));
  }
  return Types{std::move(type)};
}

Result<Types> Fill(const InferContext& context) {
  SMELT_ASSIGN_OR_RETURN(Shape shape, SpelledShape(context, 0));
  return Types{{OperandType(context, 1).dtype, std::move(shape)}};
}

Result<Types> Range(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireSameType(context, 0, 1));
  SMELT_RETURN_IF_ERROR(RequireSameType(context, 0, 2));
  const DType dtype = OperandType(context, 0).dtype;
  double values[3] = {};
  for (int i = 0; i < 3; ++i) {
    SMELT_RETURN_IF_ERROR(RequireRank(context, i, 0, 0));
    const Constant* constant = context.operands[static_cast<std::size_t>(i)].constant;
    const auto value = constant == nullptr ? std::nullopt : constant->AsDoubles();
    if (!value) return Types{{dtype, UnknownShape(1)}};
    values[i] = value->front();
  }
  const double steps = std::ceil((values[1] - values[0]) / values[2]);
  if (values[2] == 0 || !std::isfinite(steps) || steps > 1e15) {
    return {Reason::kShapeMismatch, "RANGE has no finite number of elements"};
  }
  return Types{{dtype, Shape{steps > 0 ? static_cast<std::int64_t>(steps) : 0}}};
}

// Operands (indices, depth, on value, off value); axis -1 is the last of the result.
Result<Types> OneHot(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireSameType(context, 2, 3));
  Shape shape = OperandShape(context, 0);
  const std::int64_t where = context.attrs.Int("axis");
  const std::optional<int> axis = NormalizeAxis(where, shape.rank() + 1);
  if (!axis) return BadOperand(context, 0, "has no place for axis " + std::to_string(where));
  const auto depth = OperandInt(context, 1);
  if (depth && *depth < 0) return BadOperand(context, 1, "holds a negative depth");
  shape.dims().insert(shape.dims().begin() + *axis, depth ? Dim(*depth) : Dim::Unknown());
  return Types{{OperandType(context, 2).dtype, std::move(shape)}};
}

// Operand 1 holds (before, after) for each axis.
Result<Types> Pad(const InferContext& context) {
  TensorType type = OperandType(context, 0);
  const int rank = type.shape.rank();
  const Shape& shape = OperandShape(context, 1);
  if (shape.rank() != 2 || !SameDim(shape.dim(0), rank).ok() || !SameDim(shape.dim(1), 2).ok()) {
    return BadOperand(context, 1, "must have two columns and a row for each axis");
  }
  if (HasOperand(context, 2)) SMELT_RETURN_IF_ERROR(RequireSameType(context, 0, 2));
  const auto pads = OperandInts(context, 1);
  if (!pads) return Types{{type.dtype, UnknownShape(rank)}};
  for (int axis = 0; axis < rank; ++axis) {
    const std::int64_t before = (*pads)[static_cast<std::size_t>(2 * axis)];
    const std::int64_t after = (*pads)[static_cast<std::size_t>(2 * axis + 1)];
    if (before < 0 || after < 0) return BadOperand(context, 1, "holds a negative padding");
    Dim& dim = type.shape.dim(axis);
    dim = Add(context.symbols, Add(context.symbols, dim, before), after);
  }
  return Types{std::move(type)};
}

}  // namespace smelt::ir::infer
