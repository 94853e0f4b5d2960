#include <algorithm>

#include "core/ir/infer/rules.h"

namespace smelt::ir::infer {
namespace {

// The element counts must agree where both are known.
Status CheckCount(const InferContext& context, const Shape& from, const Shape& to) {
  const Dim before = Product(context.symbols, from.dims());
  const Dim after = Product(context.symbols, to.dims());
  if (SameDim(before, after).ok()) return {};
  return BadOperand(
      context, 0,
      "does not have the " + context.symbols.Text(after) + " elements of the new shape");
}

}  // namespace

// The target is operand 1 when it is there, else the attribute new_shape. One -1 is computed.
Result<Types> Reshape(const InferContext& context) {
  TensorType type = OperandType(context, 0);
  std::optional<std::vector<std::int64_t>> target = context.attrs.Ints("new_shape");
  if (HasOperand(context, 1)) target = OperandInts(context, 1);
  if (!target) {
    SMELT_ASSIGN_OR_RETURN(const int rank, OperandLength(context, 1));
    // One unknown dimension is the quotient; here all are unknown but a rank of 0 or 1.
    Shape shape =
        rank == 1 ? Shape{Product(context.symbols, type.shape.dims())} : UnknownShape(rank);
    return Types{{type.dtype, std::move(shape)}};
  }
  Shape shape;
  int free_axis = -1;
  Dim known = 1;
  for (std::size_t axis = 0; axis < target->size(); ++axis) {
    const std::int64_t size = (*target)[axis];
    if (size < -1 || (size == -1 && free_axis >= 0)) {
      return BadOperand(context, 0, "has a target shape with more than one unknown size");
    }
    if (size == -1) free_axis = static_cast<int>(axis);
    if (size >= 0) known = Mul(context.symbols, known, size);
    shape.push_back(size);
  }
  if (free_axis >= 0) {
    const Dim count = Product(context.symbols, type.shape.dims());
    if (known == Dim(0)) return BadOperand(context, 0, "leaves the size -1 undetermined");
    if (count.is_static() && known.is_static() && count.value() % known.value() != 0) {
      return BadOperand(context, 0, "is not divisible into the new shape");
    }
    shape.dim(free_axis) = FloorDiv(context.symbols, count, known);
  } else {
    SMELT_RETURN_IF_ERROR(CheckCount(context, type.shape, shape));
  }
  return Types{{type.dtype, std::move(shape)}};
}

Result<Types> Transpose(const InferContext& context) {
  const TensorType& type = OperandType(context, 0);
  const int rank = type.shape.rank();
  const auto permutation = OperandInts(context, 1);
  if (!permutation) return Types{{type.dtype, UnknownShape(rank)}};
  SMELT_ASSIGN_OR_RETURN(const std::vector<int> axes, NormalizeAxes(*permutation, rank));
  if (permutation->size() != static_cast<std::size_t>(rank) ||
      axes.size() != static_cast<std::size_t>(rank)) {
    return BadOperand(context, 1, "is not a permutation of the axes");
  }
  Shape shape;
  for (const std::int64_t axis : *permutation) {
    shape.push_back(type.shape.dim(*NormalizeAxis(axis, rank)));
  }
  return Types{{type.dtype, std::move(shape)}};
}

Result<Types> ExpandDims(const InferContext& context) {
  TensorType type = OperandType(context, 0);
  const auto value = OperandInt(context, 1);
  if (!value) return Types{{type.dtype, UnknownShape(type.shape.rank() + 1)}};
  const std::optional<int> axis = NormalizeAxis(*value, type.shape.rank() + 1);
  if (!axis) return BadOperand(context, 0, "has no place for axis " + std::to_string(*value));
  type.shape.dims().insert(type.shape.dims().begin() + *axis, Dim(1));
  return Types{std::move(type)};
}

// Without squeeze_dims every axis of size 1 goes, which needs every size known.
Result<Types> Squeeze(const InferContext& context) {
  const TensorType& type = OperandType(context, 0);
  const std::vector<std::int64_t> dims = context.attrs.Ints("squeeze_dims");
  SMELT_ASSIGN_OR_RETURN(const std::vector<int> axes, NormalizeAxes(dims, type.shape.rank()));
  if (axes.empty() && !type.shape.IsStatic()) {
    return {Reason::kUnknownRank, "the rank after SQUEEZE depends on sizes known at run time"};
  }
  Shape shape;
  for (int axis = 0; axis < type.shape.rank(); ++axis) {
    const Dim dim = type.shape.dim(axis);
    const bool goes =
        axes.empty() ? dim == Dim(1) : std::binary_search(axes.begin(), axes.end(), axis);
    if (!goes) shape.push_back(dim);
    if (goes && !SameDim(dim, 1).ok()) return BadOperand(context, 0, "has a squeezed size above 1");
  }
  return Types{{type.dtype, std::move(shape)}};
}

Result<Types> ShapeOf(const InferContext& context) {
  const std::string name = context.attrs.String("out_type");
  const std::optional<DType> dtype = DTypeFromName(name);
  if (dtype != DType::kI32 && dtype != DType::kI64) {
    return {Reason::kTypeMismatch, "out_type is \"" + name + "\", not i32 or i64"};
  }
  return Types{{*dtype, Shape{OperandShape(context, 0).rank()}}};
}

Result<Types> RankOf(const InferContext&) { return Types{{DType::kI32, Shape{}}}; }

Result<Types> DepthToSpace(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 4, 4));
  const std::int64_t block = context.attrs.Int("block_size");
  TensorType type = OperandType(context, 0);
  const Dim channels = type.shape.dim(3);
  if (block < 1 || block > INT16_MAX ||
      (channels.is_static() && channels.value() % (block * block) != 0)) {
    return BadOperand(context, 0, "has no multiple of block_size * block_size channels");
  }
  type.shape.dim(1) = Mul(context.symbols, type.shape.dim(1), block);
  type.shape.dim(2) = Mul(context.symbols, type.shape.dim(2), block);
  type.shape.dim(3) = FloorDiv(context.symbols, channels, block * block);
  return Types{std::move(type)};
}

Result<Types> SpaceToDepth(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 4, 4));
  const std::int64_t block = context.attrs.Int("block_size");
  TensorType type = OperandType(context, 0);
  for (int axis = 1; axis <= 2; ++axis) {
    Dim& dim = type.shape.dim(axis);
    if (block < 1 || block > INT16_MAX || (dim.is_static() && dim.value() % block != 0)) {
      return BadOperand(context, 0, "has rows or columns that block_size does not divide");
    }
    dim = FloorDiv(context.symbols, dim, block);
  }
  type.shape.dim(3) = Mul(context.symbols, type.shape.dim(3), block * block);
  return Types{std::move(type)};
}

}  // namespace smelt::ir::infer
