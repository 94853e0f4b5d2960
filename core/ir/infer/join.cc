#include <algorithm>

#include "core/ir/infer/rules.h"

namespace smelt::ir::infer {

Result<Types> Concatenation(const InferContext& context) {
  TensorType type = OperandType(context, 0);
  const std::int64_t where = context.attrs.Int("axis");
  const std::optional<int> axis = NormalizeAxis(where, type.shape.rank());
  if (!axis) return BadOperand(context, 0, "has no axis " + std::to_string(where));
  for (int i = 1; i < static_cast<int>(context.operands.size()); ++i) {
    SMELT_RETURN_IF_ERROR(RequireSameType(context, 0, i));
    const Shape& shape = OperandShape(context, i);
    if (shape.rank() != type.shape.rank()) return BadOperand(context, i, "has another rank");
    for (int a = 0; a < shape.rank(); ++a) {
      Dim& dim = type.shape.dim(a);
      if (a == *axis) {
        dim = Add(context.symbols, dim, shape.dim(a));
      } else {
        const Result<Dim> same = SameDim(dim, shape.dim(a));
        if (!same.ok()) return BadOperand(context, i, "differs on an axis that is not joined");
        dim = *same;
      }
    }
  }
  return Types{std::move(type)};
}

Result<Types> Pack(const InferContext& context) {
  TensorType type = OperandType(context, 0);
  const auto count = static_cast<int>(context.operands.size());
  const std::int64_t where = context.attrs.Int("axis");
  const std::optional<int> axis = NormalizeAxis(where, type.shape.rank() + 1);
  if (!axis) return BadOperand(context, 0, "has no place for axis " + std::to_string(where));
  for (int i = 1; i < count; ++i) {
    SMELT_RETURN_IF_ERROR(RequireSameType(context, 0, i));
    const Shape& shape = OperandShape(context, i);
    if (shape.rank() != type.shape.rank()) return BadOperand(context, i, "has another rank");
    for (int a = 0; a < shape.rank(); ++a) {
      const Result<Dim> same = SameDim(type.shape.dim(a), shape.dim(a));
      if (!same.ok()) return BadOperand(context, i, "has another shape");
      type.shape.dim(a) = *same;
    }
  }
  type.shape.dims().insert(type.shape.dims().begin() + *axis, Dim(count));
  return Types{std::move(type)};
}

Result<Types> Unpack(const InferContext& context) {
  TensorType type = OperandType(context, 0);
  const std::int64_t where = context.attrs.Int("axis");
  const std::int64_t count = context.attrs.Int("num");
  const std::optional<int> axis = NormalizeAxis(where, type.shape.rank());
  if (!axis) return BadOperand(context, 0, "has no axis " + std::to_string(where));
  if (count < 0 || count > INT16_MAX || !SameDim(type.shape.dim(*axis), count).ok()) {
    return BadOperand(context, 0, "does not hold " + std::to_string(count) + " parts");
  }
  type.shape.dims().erase(type.shape.dims().begin() + *axis);
  return Types(static_cast<std::size_t>(count), type);
}

// Operands (axis, value): equal parts.
Result<Types> Split(const InferContext& context) {
  TensorType type = OperandType(context, 1);
  const std::int64_t count = context.attrs.Int("num_splits");
  if (count < 1 || count > INT16_MAX) return BadOperand(context, 1, "is split into no parts");
  const auto where = OperandInt(context, 0);
  if (!where) {
    return Types(static_cast<std::size_t>(count), {type.dtype, UnknownShape(type.shape.rank())});
  }
  const std::optional<int> axis = NormalizeAxis(*where, type.shape.rank());
  if (!axis) return BadOperand(context, 1, "has no axis " + std::to_string(*where));
  Dim& dim = type.shape.dim(*axis);
  if (dim.is_static() && dim.value() % count != 0) {
    return BadOperand(context, 1, "is not divisible into " + std::to_string(count) + " parts");
  }
  dim = FloorDiv(context.symbols, dim, count);
  return Types(static_cast<std::size_t>(count), type);
}

namespace {

// One size of -1 is what the others leave.
Result<std::vector<Dim>> PartSizes(const InferContext& context, std::span<const std::int64_t> sizes,
                                   Dim whole) {
  std::vector<Dim> parts(sizes.begin(), sizes.end());
  Dim rest = whole;
  int free_part = -1;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < -1 || (sizes[i] == -1 && free_part >= 0)) {
      return BadOperand(context, 1, "holds more than one unknown size");
    }
    if (sizes[i] == -1) free_part = static_cast<int>(i);
    if (sizes[i] >= 0) rest = Sub(context.symbols, rest, sizes[i]);
  }
  if (rest.is_static() && (rest.value() < 0 || (free_part < 0 && rest.value() != 0))) {
    return BadOperand(context, 0, "does not have the sum of the parts");
  }
  if (free_part >= 0) parts[static_cast<std::size_t>(free_part)] = rest;
  return parts;
}

}  // namespace

// Operands (value, sizes, axis).
Result<Types> SplitV(const InferContext& context) {
  const TensorType& type = OperandType(context, 0);
  const std::int64_t count = context.attrs.Int("num_splits");
  if (count < 1 || count > INT16_MAX) return BadOperand(context, 0, "is split into no parts");
  const auto where = OperandInt(context, 2);
  if (!where) {
    return Types(static_cast<std::size_t>(count), {type.dtype, UnknownShape(type.shape.rank())});
  }
  const std::optional<int> axis = NormalizeAxis(*where, type.shape.rank());
  if (!axis) return BadOperand(context, 0, "has no axis " + std::to_string(*where));
  std::vector<Dim> parts(static_cast<std::size_t>(count), Dim::Unknown());
  const auto sizes = OperandInts(context, 1);
  if (sizes && sizes->size() != parts.size()) {
    return BadOperand(context, 1, "must have num_splits elements");
  }
  if (sizes) {
    SMELT_ASSIGN_OR_RETURN(parts, PartSizes(context, *sizes, type.shape.dim(*axis)));
  }
  Types types(parts.size(), type);
  for (std::size_t i = 0; i < parts.size(); ++i) types[i].shape.dim(*axis) = parts[i];
  return types;
}

}  // namespace smelt::ir::infer
