#include "core/ir/infer/rules.h"

namespace smelt::ir::infer {

// Filter (out, in). Leading dimensions are kept or flattened into rows of `in` elements.
Result<Types> FullyConnected(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 1, 2, 2));
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 1, INT16_MAX));
  const Shape& input = OperandShape(context, 0);
  const Dim out = OperandShape(context, 1).dim(0);
  const Dim in = OperandShape(context, 1).dim(1);
  if (HasOperand(context, 2)) {
    SMELT_RETURN_IF_ERROR(RequireRank(context, 2, 1, 1));
    if (!SameDim(OperandShape(context, 2).dim(0), out).ok()) {
      return BadOperand(context, 2, "must have one element for each output");
    }
  }
  Shape shape;
  if (context.attrs.Bool("keep_num_dims")) {
    shape = input;
    if (!SameDim(shape.dim(shape.rank() - 1), in).ok()) {
      return BadOperand(context, 1, "must have as many columns as the input's last axis");
    }
    shape.dim(shape.rank() - 1) = out;
  } else {
    const Dim count = Product(context.symbols, input.dims());
    if (count.is_static() && in.is_static() &&
        (in.value() == 0 ? count.value() != 0 : count.value() % in.value() != 0)) {
      return BadOperand(context, 0, "is not a whole number of rows of the filter");
    }
    shape = {in == Dim(0) ? input.dim(0) : FloorDiv(context.symbols, count, in), out};
  }
  return Types{{OperandType(context, 0).dtype, std::move(shape)}};
}

// Matrices in the last two axes, the others broadcast. Of one type, or f32 by quantized i8.
Result<Types> BatchMatmul(const InferContext& context) {
  const bool hybrid =
      OperandType(context, 0).dtype == DType::kF32 && OperandType(context, 1).dtype == DType::kI8;
  if (!hybrid) SMELT_RETURN_IF_ERROR(RequireSameType(context, 0, 1));
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 2, INT16_MAX));
  SMELT_RETURN_IF_ERROR(RequireRank(context, 1, 2, INT16_MAX));
  const auto split = [](const Shape& shape, bool transposed, Dim& rows, Dim& columns) {
    rows = shape.dim(shape.rank() - (transposed ? 1 : 2));
    columns = shape.dim(shape.rank() - (transposed ? 2 : 1));
    return Shape(Dims(shape.begin(), shape.end() - 2));
  };
  Dim rows, inner_x, inner_y, columns;
  const Shape batch_x = split(OperandShape(context, 0), context.attrs.Bool("adj_x"), rows, inner_x);
  const Shape batch_y =
      split(OperandShape(context, 1), context.attrs.Bool("adj_y"), inner_y, columns);
  if (!SameDim(inner_x, inner_y).ok()) {
    return BadOperand(context, 1, "does not fit the inner size " + context.symbols.Text(inner_x));
  }
  SMELT_ASSIGN_OR_RETURN(Shape shape, BroadcastShapes(context.symbols, batch_x, batch_y));
  shape.push_back(rows);
  shape.push_back(columns);
  return Types{{OperandType(context, 0).dtype, std::move(shape)}};
}

}  // namespace smelt::ir::infer
