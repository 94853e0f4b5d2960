#include <array>

#include "core/ir/infer/rules.h"

namespace smelt::ir::infer {
namespace {

constexpr std::array<const char*, 3> kStrides = {"stride_d", "stride_h", "stride_w"};
constexpr std::array<const char*, 3> kDilations = {"dilation_d_factor", "dilation_h_factor",
                                                   "dilation_w_factor"};

Result<bool> IsSame(const InferContext& context) {
  for (const auto& names : {kStrides, kDilations}) {
    for (const char* name : names) {
      const std::int64_t value = context.attrs.Int(name, 1);
      if (value > 0 && value <= INT32_MAX) continue;
      return {Reason::kUnsupportedAttributeValue,
              std::string(name) + " is not a positive 32-bit int"};
    }
  }
  const std::string padding = context.attrs.String("padding");
  if (padding == "SAME" || padding == "VALID") return padding == "SAME";
  return {Reason::kUnsupportedAttributeValue, "padding is \"" + padding + "\""};
}

Status CheckOperands(const InferContext& context, int input, int filter_channels, int bias,
                     Dim outputs) {
  const Dim channels = OperandShape(context, input).dim(4);
  if (!SameDim(OperandShape(context, 1).dim(filter_channels), channels).ok()) {
    return BadOperand(context, 1, "must have the input's channels");
  }
  if (!HasOperand(context, bias)) return {};
  SMELT_RETURN_IF_ERROR(RequireRank(context, bias, 1, 1));
  if (SameDim(OperandShape(context, bias).dim(0), outputs).ok()) return {};
  return BadOperand(context, bias, "must have one element for each output channel");
}

}  // namespace

// Filter (d, h, w, in, out).
Result<Types> Conv3d(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 5, 5));
  SMELT_RETURN_IF_ERROR(RequireRank(context, 1, 5, 5));
  SMELT_ASSIGN_OR_RETURN(const bool same, IsSame(context));
  const Shape& input = OperandShape(context, 0);
  const Shape& filter = OperandShape(context, 1);
  SMELT_RETURN_IF_ERROR(CheckOperands(context, 0, 3, 2, filter.dim(4)));
  Shape shape{input.dim(0)};
  for (int i = 0; i < 3; ++i) {
    const auto at = static_cast<std::size_t>(i);
    shape.push_back(WindowPositions(context.symbols, input.dim(i + 1), filter.dim(i),
                                    context.attrs.Int(kStrides[at]),
                                    context.attrs.Int(kDilations[at], 1), same));
  }
  shape.push_back(filter.dim(4));
  return Types{{OperandType(context, 0).dtype, std::move(shape)}};
}

// Operands (output shape, filter (d, h, w, out, in), input, bias).
Result<Types> Conv3dTranspose(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 1, 5, 5));
  SMELT_RETURN_IF_ERROR(RequireRank(context, 2, 5, 5));
  SMELT_RETURN_IF_ERROR(IsSame(context).status());
  const Dim outputs = OperandShape(context, 1).dim(3);
  SMELT_RETURN_IF_ERROR(CheckOperands(context, 2, 4, 3, outputs));
  const TensorType& input = OperandType(context, 2);
  Shape shape{input.shape.dim(0), Dim::Unknown(), Dim::Unknown(), Dim::Unknown(), outputs};
  const auto sizes = OperandInts(context, 0);
  if (!sizes) return Types{{input.dtype, std::move(shape)}};
  if (sizes->size() != 5) return BadOperand(context, 0, "must have 5 elements");
  for (int axis = 0; axis < 5; ++axis) {
    const std::int64_t size = (*sizes)[static_cast<std::size_t>(axis)];
    if (size < 0) return BadOperand(context, 0, "holds a negative size");
    SMELT_ASSIGN_OR_RETURN(shape.dim(axis), SameDim(size, shape.dim(axis)));
  }
  return Types{{input.dtype, std::move(shape)}};
}

}  // namespace smelt::ir::infer
