#include "core/ir/infer/rules.h"

namespace smelt::ir::infer {

Result<Types> Pool2d(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 4, 4));
  const Attributes& attrs = context.attrs;
  const std::string padding = attrs.String("padding");
  if (padding != "SAME" && padding != "VALID") {
    return {Reason::kUnsupportedAttributeValue, "padding is \"" + padding + "\""};
  }
  for (const char* name : {"stride_h", "stride_w", "filter_height", "filter_width"}) {
    if (attrs.Int(name) < 1 || attrs.Int(name) > INT32_MAX) {
      return {Reason::kUnsupportedAttributeValue,
              std::string(name) + " is not a positive 32-bit int"};
    }
  }
  const bool same = padding == "SAME";
  TensorType type = OperandType(context, 0);
  type.shape.dim(1) = WindowPositions(context.symbols, type.shape.dim(1),
                                      attrs.Int("filter_height"), attrs.Int("stride_h"), 1, same);
  type.shape.dim(2) = WindowPositions(context.symbols, type.shape.dim(2), attrs.Int("filter_width"),
                                      attrs.Int("stride_w"), 1, same);
  return Types{std::move(type)};
}

// Operands (input NHWC, size (height, width)).
Result<Types> Resize(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 4, 4));
  if (context.attrs.Bool("align_corners") && context.attrs.Bool("half_pixel_centers")) {
    return {Reason::kUnsupportedAttributeValue,
            "align_corners and half_pixel_centers exclude each other"};
  }
  TensorType type = OperandType(context, 0);
  const auto size = OperandInts(context, 1);
  if (size && (size->size() != 2 || (*size)[0] < 0 || (*size)[1] < 0)) {
    return BadOperand(context, 1, "must hold a height and a width");
  }
  type.shape.dim(1) = size ? Dim((*size)[0]) : Dim::Unknown();
  type.shape.dim(2) = size ? Dim((*size)[1]) : Dim::Unknown();
  return Types{std::move(type)};
}

Result<Types> ChannelNormalization(const InferContext& context) {
  SMELT_RETURN_IF_ERROR(RequireRank(context, 0, 4, 4));
  return Types{OperandType(context, 0)};
}

}  // namespace smelt::ir::infer
