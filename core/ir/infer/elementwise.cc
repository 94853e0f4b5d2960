#include "core/ir/infer/rules.h"

namespace smelt::ir::infer {
namespace {

Status RequireBool(const InferContext& context, int operand) {
  const DType dtype = OperandType(context, operand).dtype;
  if (dtype == DType::kBool) return {};
  return {Reason::kTypeMismatch, "operand " + std::to_string(operand) + " has element type " +
                                     std::string(DTypeName(dtype)) + ", not bool"};
}

Result<Types> BroadcastAs(const InferContext& context, DType dtype) {
  SMELT_RETURN_IF_ERROR(RequireSameType(context, 0, 1));
  SMELT_ASSIGN_OR_RETURN(Shape shape, BroadcastShapes(context.symbols, OperandShape(context, 0),
                                                      OperandShape(context, 1)));
  return Types{{dtype, std::move(shape)}};
}

// The element types of quantized activations.
bool IsQuantized(DType dtype) {
  return dtype == DType::kI8 || dtype == DType::kU8 || dtype == DType::kI16;
}

}  // namespace

Result<Types> Unary(const InferContext& context) { return Types{OperandType(context, 0)}; }

Result<Types> Binary(const InferContext& context) {
  return BroadcastAs(context, OperandType(context, 0).dtype);
}

Result<Types> Comparison(const InferContext& context) { return BroadcastAs(context, DType::kBool); }

Result<Types> Logical(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireBool(context, 0));
  return BroadcastAs(context, DType::kBool);
}

Result<Types> LogicalNot(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireBool(context, 0));
  return Types{OperandType(context, 0)};
}

// The branches have one shape; the condition has it too, or is a scalar, or chooses rows.
Result<Types> Select(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireBool(context, 0));
  SMELT_RETURN_IF_ERROR(RequireSameType(context, 1, 2));
  const Shape& condition = OperandShape(context, 0);
  const Shape& x = OperandShape(context, 1);
  const Shape& y = OperandShape(context, 2);
  if (x.rank() != y.rank()) return BadOperand(context, 2, "must have the shape of operand 1");
  if (condition.rank() > 1 && condition.rank() != x.rank()) {
    return BadOperand(context, 0, "must have the shape of operand 1, or rank 0 or 1");
  }
  Shape shape;
  for (int axis = 0; axis < x.rank(); ++axis) {
    SMELT_ASSIGN_OR_RETURN(Dim dim, SameDim(x.dim(axis), y.dim(axis)));
    if (axis < condition.rank() && !(condition.rank() == 1 && condition.dim(0) == Dim(1))) {
      SMELT_ASSIGN_OR_RETURN(dim, SameDim(dim, condition.dim(axis)));
    }
    shape.push_back(dim);
  }
  return Types{{OperandType(context, 1).dtype, std::move(shape)}};
}

Result<Types> SelectV2(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireBool(context, 0));
  SMELT_RETURN_IF_ERROR(RequireSameType(context, 1, 2));
  SymbolTable& symbols = context.symbols;
  SMELT_ASSIGN_OR_RETURN(
      Shape branches, BroadcastShapes(symbols, OperandShape(context, 1), OperandShape(context, 2)));
  SMELT_ASSIGN_OR_RETURN(Shape shape, BroadcastShapes(symbols, OperandShape(context, 0), branches));
  return Types{{OperandType(context, 1).dtype, std::move(shape)}};
}

// The slope broadcasts to the input, never the other way.
Result<Types> Prelu(const InferContext& context) {
  SMELT_ASSIGN_OR_RETURN(Types types, Binary(context));
  const Shape& input = OperandShape(context, 0);
  if (types[0].shape.rank() != input.rank()) {
    return BadOperand(context, 1, "must broadcast to operand 0");
  }
  for (int axis = 0; axis < input.rank(); ++axis) {
    SMELT_ASSIGN_OR_RETURN(types[0].shape.dim(axis),
                           SameDim(input.dim(axis), types[0].shape.dim(axis)));
  }
  return types;
}

// From float16, or from quantized integers.
Result<Types> Dequantize(const InferContext& context) {
  const DType dtype = OperandType(context, 0).dtype;
  if (dtype != DType::kF16 && !IsQuantized(dtype)) {
    return BadOperand(context, 0, "DEQUANTIZE takes f16, i8, u8 and i16");
  }
  return Types{{DType::kF32, OperandShape(context, 0)}};
}

// From f32, or from integers of other parameters.
Result<Types> Quantize(const InferContext& context) {
  const DType from = OperandType(context, 0).dtype;
  if (from != DType::kF32 && !IsQuantized(from) && from != DType::kI32) {
    return BadOperand(context, 0, "QUANTIZE takes f32, i8, u8, i16 and i32");
  }
  SMELT_ASSIGN_OR_RETURN(const DType to, NamedResult(context));
  const bool wide = from == DType::kI16 || from == DType::kI32;
  const bool narrow = to == DType::kI8 || to == DType::kI16 || (to == DType::kU8 && !wide);
  if (!narrow && !(from == DType::kI16 && to == DType::kI32)) {
    return {Reason::kTypeMismatch, "QUANTIZE gives no " + std::string(DTypeName(to)) + " from " +
                                       std::string(DTypeName(from))};
  }
  return Types{{to, OperandShape(context, 0)}};
}

Result<Types> Cast(const InferContext& context) {
  SMELT_ASSIGN_OR_RETURN(const DType dtype, NamedResult(context));
  return Types{{dtype, OperandShape(context, 0)}};
}

// The element may be split into, or joined from, a last axis.
Result<Types> Bitcast(const InferContext& context) {
  SMELT_ASSIGN_OR_RETURN(Types types, Cast(context));
  const int from = ElementBits(OperandType(context, 0).dtype);
  const int to = ElementBits(types[0].dtype);
  if (from < 8 || to < 8) return {Reason::kTypeMismatch, "elements below a byte can't be recast"};
  Shape& shape = types[0].shape;
  if (from > to) shape.push_back(from / to);
  if (from < to) {
    if (shape.rank() == 0) return BadOperand(context, 0, "is too small for one element");
    const Result<Dim> last = SameDim(shape.dim(shape.rank() - 1), to / from);
    if (!last.ok()) return BadOperand(context, 0, "must end with the parts of one element");
    shape.dims().pop_back();
  }
  return types;
}

}  // namespace smelt::ir::infer
