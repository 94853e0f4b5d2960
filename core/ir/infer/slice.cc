#include <algorithm>

#include "core/ir/infer/rules.h"

namespace smelt::ir::infer {

// Operands (input, begin, size); a size of -1 is the rest of the axis.
Result<Types> Slice(const InferContext& context) {
  TensorType type = OperandType(context, 0);
  const int rank = type.shape.rank();
  const auto begin = OperandInts(context, 1);
  const auto size = OperandInts(context, 2);
  for (const auto& values : {begin, size}) {
    if (values && values->size() != static_cast<std::size_t>(rank)) {
      return BadOperand(context, 0, "needs one begin and one size for each axis");
    }
  }
  for (int axis = 0; axis < rank; ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    Dim& dim = type.shape.dim(axis);
    const std::int64_t first = begin ? (*begin)[i] : 0;
    const bool rest = size && (*size)[i] == -1;
    if (first < 0 || (size && (*size)[i] < -1) || (dim.is_static() && first > dim.value())) {
      return BadOperand(context, 0, "is sliced outside of its axes");
    }
    if (!size || (rest && !begin)) {
      dim = Dim::Unknown();
      continue;
    }
    const Dim taken = rest ? Sub(context.symbols, dim, first) : Dim((*size)[i]);
    if (dim.is_static() && taken.value() > dim.value() - first) {
      return BadOperand(context, 0, "is sliced outside of its axes");
    }
    dim = taken;
  }
  return Types{std::move(type)};
}

namespace {

// The specification of STRIDED_SLICE: one entry for each element of begin, end and strides.
struct StridedSpec {
  std::optional<std::vector<std::int64_t>> begin, end, strides;
  int length = 0;
  std::int64_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
  bool offset = false;
};

Result<StridedSpec> ReadSpec(const InferContext& context) {
  StridedSpec spec;
  SMELT_ASSIGN_OR_RETURN(spec.length, OperandLength(context, 3));
  spec.begin = OperandInts(context, 1);
  spec.end = OperandInts(context, 2);
  spec.strides = OperandInts(context, 3);
  for (const auto& values : {spec.begin, spec.end, spec.strides}) {
    if (values && values->size() != static_cast<std::size_t>(spec.length)) {
      return BadOperand(context, 3, "must be as long as begin and end");
    }
  }
  const Attributes& attrs = context.attrs;
  spec.begin_mask = attrs.Int("begin_mask");
  spec.end_mask = attrs.Int("end_mask");
  spec.ellipsis_mask = attrs.Int("ellipsis_mask");
  spec.new_axis_mask = attrs.Int("new_axis_mask");
  spec.shrink_axis_mask = attrs.Int("shrink_axis_mask");
  spec.offset = attrs.Bool("offset");
  return spec;
}

// The size of one sliced axis; entry `i` of the specification.
Result<Dim> StridedDim(const InferContext& context, const StridedSpec& spec, int i, Dim dim) {
  const auto at = static_cast<std::size_t>(i);
  const bool from_start = (spec.begin_mask >> i & 1) != 0;
  const bool to_end = (spec.end_mask >> i & 1) != 0;
  if (!spec.strides || (!from_start && !spec.begin) || (!to_end && !spec.end)) {
    return Dim::Unknown();
  }
  const std::int64_t stride = ClampIndex((*spec.strides)[at]);
  if (stride == 0) return BadOperand(context, 3, "holds a stride of 0");
  std::optional<std::int64_t> begin, end;
  if (!from_start) begin = ClampIndex((*spec.begin)[at]);
  if (!to_end) end = ClampIndex((*spec.end)[at]);
  if (end && spec.offset) {
    if (!begin) begin = 0;
    *end += *begin;
  }
  return SliceSize(context.symbols, dim, begin, end, stride);
}

Status CheckShrink(const InferContext& context, const StridedSpec& spec, int i, Dim dim) {
  if (!spec.begin || !dim.is_static()) return {};
  const std::int64_t at = (*spec.begin)[static_cast<std::size_t>(i)];
  if (at >= -dim.value() && at < dim.value()) return {};
  return BadOperand(context, 0, "has no element " + std::to_string(at) + " on an axis");
}

}  // namespace

// Operands (input, begin, end, strides). The ellipsis stands for all axes that the others leave.
Result<Types> StridedSlice(const InferContext& context) {
  SMELT_ASSIGN_OR_RETURN(const StridedSpec spec, ReadSpec(context));
  const TensorType& type = OperandType(context, 0);
  if (spec.length > 63) return BadOperand(context, 3, "is too long");
  int sliced = 0;
  for (int i = 0; i < spec.length; ++i) {
    const bool other = ((spec.ellipsis_mask | spec.new_axis_mask) >> i & 1) != 0;
    if (!other) ++sliced;
  }
  if (sliced > type.shape.rank()) return BadOperand(context, 0, "has fewer axes than are sliced");
  Shape shape;
  int axis = 0;
  for (int i = 0; i < spec.length; ++i) {
    if ((spec.ellipsis_mask >> i & 1) != 0) {
      for (int n = type.shape.rank() - sliced; n > 0; --n) shape.push_back(type.shape.dim(axis++));
      sliced = type.shape.rank();  // a second ellipsis stands for nothing
    } else if ((spec.new_axis_mask >> i & 1) != 0) {
      shape.push_back(1);
    } else if ((spec.shrink_axis_mask >> i & 1) != 0) {
      SMELT_RETURN_IF_ERROR(CheckShrink(context, spec, i, type.shape.dim(axis++)));
    } else {
      SMELT_ASSIGN_OR_RETURN(Dim dim, StridedDim(context, spec, i, type.shape.dim(axis++)));
      shape.push_back(dim);
    }
  }
  while (axis < type.shape.rank()) shape.push_back(type.shape.dim(axis++));
  return Types{{type.dtype, std::move(shape)}};
}

Result<Types> Reverse(const InferContext& context) {
  const auto axes = OperandInts(context, 1);
  if (axes) {
    const auto checked = NormalizeAxes(*axes, OperandShape(context, 0).rank());
    if (!checked.ok()) return checked.status();
  }
  return Types{OperandType(context, 0)};
}

// params[: axis] + indices[batch_dims :] + params[axis + 1 :].
Result<Types> Gather(const InferContext& context) {
  const TensorType& params = OperandType(context, 0);
  const Shape& indices = OperandShape(context, 1);
  const std::int64_t where = context.attrs.Int("axis");
  const std::optional<int> axis = NormalizeAxis(where, params.shape.rank());
  if (!axis) return BadOperand(context, 0, "has no axis " + std::to_string(where));
  std::int64_t batch = context.attrs.Int("batch_dims");
  if (batch < 0) batch += indices.rank();
  if (batch < 0 || batch > indices.rank() || batch > *axis) {
    return BadOperand(context, 1, "does not have the batch dimensions that are asked for");
  }
  Shape shape;
  for (int i = 0; i < *axis; ++i) {
    Dim dim = params.shape.dim(i);
    if (i < batch) {
      SMELT_ASSIGN_OR_RETURN(dim, SameDim(dim, indices.dim(i)));
    }
    shape.push_back(dim);
  }
  for (int i = static_cast<int>(batch); i < indices.rank(); ++i) shape.push_back(indices.dim(i));
  for (int i = *axis + 1; i < params.shape.rank(); ++i) shape.push_back(params.shape.dim(i));
  return Types{{params.dtype, std::move(shape)}};
}

// The operand's type; the update is no larger along any axis.
Result<Types> DynamicUpdateSlice(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireSameType(context, 0, 1));
  const Shape& operand = OperandShape(context, 0);
  const Shape& update = OperandShape(context, 1);
  SMELT_RETURN_IF_ERROR(RequireRank(context, 1, operand.rank(), operand.rank()));
  SMELT_RETURN_IF_ERROR(RequireRank(context, 2, 1, 1));
  for (int i = 0; i < operand.rank(); ++i) {
    if (operand.dim(i).is_static() && update.dim(i).is_static() &&
        update.dim(i).value() > operand.dim(i).value()) {
      return BadOperand(context, 1, "is larger than what it updates");
    }
  }
  return Types{OperandType(context, 0)};
}

Result<Types> GatherNd(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 1, 1, INT16_MAX));
  const TensorType& params = OperandType(context, 0);
  const Shape& indices = OperandShape(context, 1);
  const Dim depth = indices.dim(indices.rank() - 1);
  if (!depth.is_static()) {
    return {Reason::kUnknownRank, "the result's rank depends on the length of the indices"};
  }
  if (depth.value() > params.shape.rank()) {
    return BadOperand(context, 1, "has longer indices than the parameters have axes");
  }
  Shape shape(Dims(indices.begin(), indices.end() - 1));
  for (int i = static_cast<int>(depth.value()); i < params.shape.rank(); ++i) {
    shape.push_back(params.shape.dim(i));
  }
  return Types{{params.dtype, std::move(shape)}};
}

// Rows of the table: ids (n) and (rows, ...) give (n, ...).
Result<Types> EmbeddingLookup(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 1, 1));
  SMELT_RETURN_IF_ERROR(RequireRank(context, 1, 2, INT16_MAX));
  if (OperandType(context, 0).dtype != DType::kI32) return BadOperand(context, 0, "must be i32");
  const TensorType& table = OperandType(context, 1);
  SMELT_ASSIGN_OR_RETURN(const DType dtype, NamedResult(context));
  if (dtype != table.dtype && dtype != DType::kF32) {
    return BadOperand(context, 1, "gives elements of its own type, or f32");
  }
  Shape shape = table.shape;
  shape.dim(0) = OperandShape(context, 0).dim(0);
  return Types{{dtype, std::move(shape)}};
}

}  // namespace smelt::ir::infer
