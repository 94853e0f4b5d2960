#include "core/ir/infer.h"

namespace smelt::ir::infer {

const TensorType& OperandType(const InferContext& context, int operand) {
  return *context.operands[static_cast<std::size_t>(operand)].type;
}

const Shape& OperandShape(const InferContext& context, int operand) {
  return OperandType(context, operand).shape;
}

bool HasOperand(const InferContext& context, int operand) {
  const auto index = static_cast<std::size_t>(operand);
  return index < context.operands.size() && context.operands[index].type != nullptr;
}

std::optional<std::vector<std::int64_t>> OperandInts(const InferContext& context, int operand) {
  if (!HasOperand(context, operand)) return std::nullopt;
  const Constant* constant = context.operands[static_cast<std::size_t>(operand)].constant;
  return constant == nullptr ? std::nullopt : constant->AsInts();
}

std::optional<std::int64_t> OperandInt(const InferContext& context, int operand) {
  const auto values = OperandInts(context, operand);
  if (!values || values->size() != 1) return std::nullopt;
  return values->front();
}

Result<int> OperandLength(const InferContext& context, int operand) {
  const Shape& shape = OperandShape(context, operand);
  if (shape.rank() == 0) return 1;
  if (shape.rank() > 1) return BadOperand(context, operand, "must have rank 0 or 1");
  if (!shape.dim(0).is_static() || shape.dim(0).value() > INT16_MAX) {
    return {Reason::kUnknownRank, "the result's rank depends on the length of operand " +
                                      std::to_string(operand) + ", which is not known"};
  }
  return static_cast<int>(shape.dim(0).value());
}

Status RequireRank(const InferContext& context, int operand, int low, int high) {
  const int rank = OperandShape(context, operand).rank();
  if (rank >= low && rank <= high) return {};
  return {Reason::kUnsupportedRank, "operand " + std::to_string(operand) + " has rank " +
                                        std::to_string(rank) + ", not " + std::to_string(low) +
                                        (low == high ? "" : " to " + std::to_string(high))};
}

Status RequireSameType(const InferContext& context, int a, int b) {
  const DType left = OperandType(context, a).dtype;
  const DType right = OperandType(context, b).dtype;
  if (left == right) return {};
  return {Reason::kTypeMismatch, "operands " + std::to_string(a) + " and " + std::to_string(b) +
                                     " have element types " + std::string(DTypeName(left)) +
                                     " and " + std::string(DTypeName(right))};
}

Result<DType> NamedResult(const InferContext& context) {
  const std::string name = context.attrs.String("out_data_type");
  const std::optional<DType> dtype = DTypeFromName(name);
  if (!dtype) return {Reason::kTypeMismatch, "there is no element type \"" + name + "\""};
  return *dtype;
}

Shape UnknownShape(int rank) { return Shape(Dims(static_cast<std::size_t>(rank), Dim::Unknown())); }

Status BadOperand(const InferContext& context, int operand, const std::string& why) {
  return {Reason::kShapeMismatch, "operand " + std::to_string(operand) + " of type " +
                                      context.symbols.Text(OperandType(context, operand)) + " " +
                                      why};
}

}  // namespace smelt::ir::infer
