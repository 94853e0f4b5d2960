#include <algorithm>

#include "core/ir/infer/rules.h"

namespace smelt::ir::infer {
namespace {

// Which axes go is told at run time: of a kept rank each size is its own or 1.
Result<Shape> ReducedUnknown(const InferContext& context, const Shape& input, bool keep) {
  if (!keep) {
    SMELT_ASSIGN_OR_RETURN(const int count, OperandLength(context, 1));
    return UnknownShape(std::max(input.rank() - count, 0));
  }
  Shape shape = input;
  for (Dim& dim : shape.dims()) {
    if (dim != Dim(1)) dim = Dim::Unknown();
  }
  return shape;
}

Result<Shape> Reduced(const InferContext& context) {
  const Shape& input = OperandShape(context, 0);
  const bool keep = context.attrs.Bool("keep_dims");
  const auto values = OperandInts(context, 1);
  if (!values) return ReducedUnknown(context, input, keep);
  SMELT_ASSIGN_OR_RETURN(const std::vector<int> axes, NormalizeAxes(*values, input.rank()));
  Shape shape;
  for (int axis = 0; axis < input.rank(); ++axis) {
    const bool reduced = std::binary_search(axes.begin(), axes.end(), axis);
    if (!reduced) shape.push_back(input.dim(axis));
    if (reduced && keep) shape.push_back(1);
  }
  return shape;
}

}  // namespace

Result<Types> Reduce(const InferContext& context) {
  SMELT_ASSIGN_OR_RETURN(Shape shape, Reduced(context));
  return Types{{OperandType(context, 0).dtype, std::move(shape)}};
}

Result<Types> ReduceBool(const InferContext& context) {
  if (OperandType(context, 0).dtype != DType::kBool) {
    return {Reason::kTypeMismatch, "operand 0 is not bool"};
  }
  return Reduce(context);
}

Result<Types> ArgReduce(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 1, INT16_MAX));
  const std::string name = context.attrs.String("output_type");
  const std::optional<DType> dtype = DTypeFromName(name);
  if (dtype != DType::kI32 && dtype != DType::kI64) {
    return {Reason::kTypeMismatch, "output_type is \"" + name + "\", not i32 or i64"};
  }
  const Shape& input = OperandShape(context, 0);
  const auto value = OperandInt(context, 1);
  if (!value) return Types{{*dtype, UnknownShape(input.rank() - 1)}};
  const std::optional<int> axis = NormalizeAxis(*value, input.rank());
  if (!axis) return BadOperand(context, 0, "has no axis " + std::to_string(*value));
  Shape shape = input;
  shape.dims().erase(shape.dims().begin() + *axis);
  return Types{{*dtype, std::move(shape)}};
}

Result<Types> LastAxis(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 1, INT16_MAX));
  return Types{OperandType(context, 0)};
}

Result<Types> Cumsum(const InferContext& context) {
  const auto value = OperandInt(context, 1);
  if (value && !NormalizeAxis(*value, OperandShape(context, 0).rank())) {
    return BadOperand(context, 0, "has no axis " + std::to_string(*value));
  }
  return Types{OperandType(context, 0)};
}

// Values and i32 indices of the k largest of the last axis.
Result<Types> TopkV2(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 1, INT16_MAX));
  TensorType values = OperandType(context, 0);
  Dim& last = values.shape.dim(values.shape.rank() - 1);
  const auto k = OperandInt(context, 1);
  if (k && (*k < 0 || (last.is_static() && *k > last.value()))) {
    return BadOperand(context, 0, "does not hold " + std::to_string(*k) + " elements in its rows");
  }
  last = k ? Dim(*k) : Dim::Unknown();
  TensorType indices{DType::kI32, values.shape};
  return Types{std::move(values), std::move(indices)};
}

}  // namespace smelt::ir::infer
