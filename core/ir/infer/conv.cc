#include "core/ir/infer/rules.h"

namespace smelt::ir::infer {
namespace {

Result<bool> IsSame(const InferContext& context) {
  const std::string padding = context.attrs.String("padding");
  if (padding != "SAME" && padding != "VALID") {
    return {Reason::kUnsupportedAttributeValue, "padding is \"" + padding + "\""};
  }
  return padding == "SAME";
}

Status RequirePositive(const InferContext& context, std::string_view name) {
  const std::int64_t value = context.attrs.Int(name);
  if (value > 0 && value <= INT32_MAX) return {};
  return {Reason::kUnsupportedAttributeValue, std::string(name) + " is not a positive 32-bit int"};
}

// Output rows and columns of a convolution with an (any, kh, kw, any) filter.
Result<Shape> Convolved(const InferContext& context, Dim channels) {
  SMELT_ASSIGN_OR_RETURN(const bool same, IsSame(context));
  for (const char* name : {"stride_h", "stride_w", "dilation_h_factor", "dilation_w_factor"}) {
    SMELT_RETURN_IF_ERROR(RequirePositive(context, name));
  }
  const Shape& input = OperandShape(context, 0);
  const Shape& filter = OperandShape(context, 1);
  const Attributes& attrs = context.attrs;
  return Shape{input.dim(0),
               WindowPositions(context.symbols, input.dim(1), filter.dim(1), attrs.Int("stride_h"),
                               attrs.Int("dilation_h_factor"), same),
               WindowPositions(context.symbols, input.dim(2), filter.dim(2), attrs.Int("stride_w"),
                               attrs.Int("dilation_w_factor"), same),
               channels};
}

Status CheckBias(const InferContext& context, int operand, Dim channels) {
  if (!HasOperand(context, operand)) return {};
  SMELT_RETURN_IF_ERROR(RequireRank(context, operand, 1, 1));
  const Result<Dim> length = SameDim(OperandShape(context, operand).dim(0), channels);
  if (length.ok()) return {};
  return BadOperand(context, operand, "must have one element for each output channel");
}

}  // namespace

// Filter (out, kh, kw, in / groups); groups are told by the filter's channels alone.
Result<Types> Conv2d(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 4, 4));
  SMELT_RETURN_IF_ERROR(RequireRank(context, 1, 4, 4));
  const Dim in = OperandShape(context, 0).dim(3);
  const Dim per_group = OperandShape(context, 1).dim(3);
  const Dim out = OperandShape(context, 1).dim(0);
  if (in.is_static() && per_group.is_static() && in != per_group) {
    const std::int64_t size = per_group.value();
    if (size == 0 || in.value() == 0 || in.value() % size != 0 ||
        (out.is_static() && out.value() % (in.value() / size) != 0)) {
      return BadOperand(context, 1, "does not divide the input's channels into groups");
    }
  }
  SMELT_RETURN_IF_ERROR(CheckBias(context, 2, out));
  SMELT_ASSIGN_OR_RETURN(Shape shape, Convolved(context, out));
  return Types{{OperandType(context, 0).dtype, std::move(shape)}};
}

// Filter (1, kh, kw, in * multiplier).
Result<Types> DepthwiseConv2d(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 4, 4));
  SMELT_RETURN_IF_ERROR(RequireRank(context, 1, 4, 4));
  const Dim in = OperandShape(context, 0).dim(3);
  const Dim out = OperandShape(context, 1).dim(3);
  if (in.is_static() && out.is_static() &&
      (in.value() == 0 ? out.value() != 0 : out.value() % in.value() != 0)) {
    return BadOperand(context, 1, "must have a multiple of the input's channels");
  }
  SMELT_RETURN_IF_ERROR(CheckBias(context, 2, out));
  SMELT_ASSIGN_OR_RETURN(Shape shape, Convolved(context, out));
  return Types{{OperandType(context, 0).dtype, std::move(shape)}};
}

// Operands (output shape, filter (out, kh, kw, in), input, bias).
Result<Types> TransposeConv(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 1, 4, 4));
  SMELT_RETURN_IF_ERROR(RequireRank(context, 2, 4, 4));
  SMELT_RETURN_IF_ERROR(RequirePositive(context, "stride_h"));
  SMELT_RETURN_IF_ERROR(RequirePositive(context, "stride_w"));
  SMELT_RETURN_IF_ERROR(IsSame(context).status());
  const Shape& filter = OperandShape(context, 1);
  const Shape& input = OperandShape(context, 2);
  if (!SameDim(filter.dim(3), input.dim(3)).ok()) {
    return BadOperand(context, 1, "must have the input's channels");
  }
  SMELT_RETURN_IF_ERROR(CheckBias(context, 3, filter.dim(0)));
  Shape shape{input.dim(0), Dim::Unknown(), Dim::Unknown(), filter.dim(0)};
  const auto sizes = OperandInts(context, 0);
  if (!sizes) return Types{{OperandType(context, 2).dtype, std::move(shape)}};
  if (sizes->size() != 4) return BadOperand(context, 0, "must have 4 elements");
  for (int axis = 0; axis < 4; ++axis) {
    if ((*sizes)[static_cast<std::size_t>(axis)] < 0) {
      return BadOperand(context, 0, "holds a negative size");
    }
    SMELT_ASSIGN_OR_RETURN(shape.dim(axis),
                           SameDim((*sizes)[static_cast<std::size_t>(axis)], shape.dim(axis)));
  }
  return Types{{OperandType(context, 2).dtype, std::move(shape)}};
}

}  // namespace smelt::ir::infer
