// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear as the float arithmetic that defines
// them.
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/data_type.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/integer_sum.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

constexpr TypeSet kQuantizedTypes = Types(DType::kU8, DType::kI8, DType::kU16, DType::kI16);

// The axis of one scale a position; the schema's default where the input has it.
int QuantizedAxis(const OnnxNode& node) {
  return ir::NormalizeAxis(node.Int("axis", 1), node.input_rank(0)).value_or(0);
}

std::optional<DType> StatedType(const OnnxNode& node) {
  const std::int64_t number = node.Int("output_dtype", 0);
  if (number <= 0 || number > INT32_MAX) return std::nullopt;
  return DTypeFromOnnx(static_cast<std::int32_t>(number));
}

Status InferQuantize(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  if (node.has_input(2) && !node.knows_input(2)) return Status::Ok();
  const DType type =
      node.has_input(2) ? node.input_dtype(2) : StatedType(node).value_or(DType::kU8);
  node.SetOutputType(0, {type, node.input_shape(0)});
  return Status::Ok();
}

Status InferDequantize(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Status::Ok();
  const DType type = StatedType(node).value_or(node.input_dtype(1));
  node.SetOutputType(0, {type, node.input_shape(0)});
  return Status::Ok();
}

// --- Blocks: one scale for each run of block_size positions of the axis ---

bool IsBlocked(const OnnxNode& node) {
  return node.Int("block_size", 0) > 0 && node.input_rank(1) == node.input_rank(0);
}

// `shape` with the blocked axis as (size / block, block).
Shape Split(const OnnxNode& node, const Shape& shape, std::int64_t block) {
  const int axis = QuantizedAxis(node);
  Shape split;
  for (int i = 0; i < shape.rank(); ++i) {
    if (i != axis) {
      split.push_back(shape.dim(i));
      continue;
    }
    split.push_back(shape.dim(i).value() / block);
    split.push_back(block);
  }
  return split;
}

ValueId InBlocks(OnnxNode& node, Builder& out, ValueId x) {
  if (!IsBlocked(node)) return x;
  return out.Reshape(x, Split(node, node.input_shape(0), node.Int("block_size", 1)));
}

ValueId Whole(OnnxNode& node, Builder& out, ValueId y) {
  return IsBlocked(node) ? out.Reshape(y, node.input_shape(0)) : y;
}

ValueId Parameter(OnnxNode& node, Builder& out, int input) {
  if (!node.has_input(input)) return {};
  if (IsBlocked(node)) {
    const ValueId value = Widened(node, out, input);
    return out.Reshape(value, Split(node, node.input_shape(input), 1));
  }
  return AlongAxis(node, out, input, node.input_rank(0), QuantizedAxis(node));
}

Status TranslateQuantize(OnnxNode& node, Builder& out) {
  const ValueId x = InBlocks(node, out, out.Cast(node.input(0), DType::kF32));
  const ValueId ratio = out.Div(x, Parameter(node, out, 1));
  const DType type = node.output_type(0)->dtype;
  node.SetOutput(0, Whole(node, out, Saturated(out, ratio, Parameter(node, out, 2), type)));
  return out.status();
}

Status TranslateDequantize(OnnxNode& node, Builder& out) {
  ValueId x = InBlocks(node, out, Widened(node, out, 0));
  if (node.has_input(2)) x = out.Sub(x, Parameter(node, out, 2));
  const ValueId y = Whole(node, out, out.Mul(x, Parameter(node, out, 1)));
  node.SetOutput(0, out.Cast(y, node.output_type(0)->dtype));
  return out.status();
}

Status InferDynamic(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  node.SetOutputType(0, {DType::kU8, node.input_shape(0)});
  node.SetOutputType(1, {DType::kF32, Shape{}});
  node.SetOutputType(2, {DType::kU8, Shape{}});
  return Status::Ok();
}

// The range always holds 0. A range of 0 alone has scale 1.
Status TranslateDynamic(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  const ValueId zero = out.Scalar(DType::kF32, 0);
  std::vector<std::int32_t> axes;
  for (int i = 0; i < node.input_rank(0); ++i) axes.push_back(i);
  const auto extreme = [&](OpKind kind) {
    return axes.empty() ? x : out.Emit(kind, {x, out.ConstI32(axes)}, {{"keep_dims", false}});
  };
  const ValueId high = out.Maximum(extreme(OpKind::kReduceMax), zero);
  const ValueId low = out.Minimum(extreme(OpKind::kReduceMin), zero);
  const ValueId width = out.Div(out.Sub(high, low), out.Scalar(DType::kF32, 255));
  const ValueId scale = out.Emit(OpKind::kSelectV2, {out.Emit(OpKind::kEqual, {width, zero}),
                                                     out.Scalar(DType::kF32, 1), width});
  const ValueId zero_point =
      Saturated(out, out.Div(out.Unary(OpKind::kNeg, low), scale), {}, DType::kU8);
  const ValueId wide = out.Cast(zero_point, DType::kF32);
  node.SetOutput(0, Saturated(out, out.Div(x, scale), wide, DType::kU8));
  node.SetOutput(1, scale);
  node.SetOutput(2, zero_point);
  return out.status();
}

// --- Constraints ---

// A scale of the input's rank: blocks of the axis, all of one length.
Verdict BlocksFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const std::int64_t block = node.Int("block_size", 0);
  if (block == 0 && node.input_rank(1) <= 1) return Verdict::kHolds;
  const Shape& shape = node.input_shape(0);
  const Shape& scale = node.input_shape(1);
  const auto axis = ir::NormalizeAxis(node.Int("axis", 1), shape.rank());
  bool fits =
      block > 0 && axis && scale.rank() == shape.rank() && shape.IsStatic() && scale.IsStatic();
  for (int i = 0; fits && i < shape.rank(); ++i) {
    fits = shape.dim(i).value() == scale.dim(i).value() * (i == *axis ? block : 1);
  }
  if (fits && node.knows_input(2)) fits = node.input_shape(2) == scale;
  if (fits) return Verdict::kHolds;
  return Violated(node, 1,
                  node.input_text(1) + " with block_size " + std::to_string(block) + " on " +
                      node.input_text(0),
                  finding);
}

// Scale and zero point: one value, or one for each position of the axis.
Verdict ParametersFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  for (int i = 1; i <= 2; ++i) {
    if (!node.has_input(i)) continue;
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    const Shape& shape = node.input_shape(i);
    if (shape.rank() != 1 || shape.dim(0) == Dim(1)) continue;
    const auto axis = ir::NormalizeAxis(node.Int("axis", 1), node.input_rank(0));
    const bool fits =
        axis && (node.input_shape(0).dim(*axis) == shape.dim(0) || !shape.dim(0).is_static() ||
                 !node.input_shape(0).dim(*axis).is_static());
    if (!fits) return Violated(node, i, node.input_text(i), finding);
  }
  return Verdict::kHolds;
}

// The zero point has the shape of the scale; of one element each may be a scalar.
Verdict ZeroPointFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(2)) return Verdict::kHolds;
  if (!node.knows_input(1) || !node.knows_input(2)) return Verdict::kNotChecked;
  const Shape& scale = node.input_shape(1);
  const Shape& zero = node.input_shape(2);
  bool fits = scale.rank() == zero.rank();
  for (int i = 0; fits && i < scale.rank(); ++i) {
    fits = scale.dim(i) == zero.dim(i) || !scale.dim(i).is_static() || !zero.dim(i).is_static();
  }
  const bool single = scale.rank() <= 1 && zero.rank() <= 1 && scale.ElementCount() == 1 &&
                      zero.ElementCount() == 1;
  return fits || single ? Verdict::kHolds : Violated(node, 2, node.input_text(2), finding);
}

Verdict QuantizesToInteger(const OnnxNode& node, Bounds, Finding& finding) {
  if (node.has_input(2)) return CheckTypeIn(node, 2, kQuantizedTypes, finding);
  const std::int64_t stated = node.Int("output_dtype", 0);
  const auto type = StatedType(node);
  if (stated == 0 || (type && Contains(kQuantizedTypes, *type))) return Verdict::kHolds;
  return Violated("output_dtype = " + std::to_string(stated), finding);
}

// No kernel takes integers of 4 bits; constants are read at conversion.
Verdict DequantizesFromInteger(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  constexpr TypeSet kSmall = Types(DType::kI4, DType::kU4);
  const bool small = Contains(kSmall, node.input_dtype(0));
  const bool constant = node.input_constant(0) != nullptr &&
                        (!node.has_input(2) || node.input_constant(2) != nullptr);
  if (small && constant) return Verdict::kHolds;
  return CheckTypeIn(node, 0, kQuantizedTypes | Types(DType::kI32), finding);
}

Verdict DequantizesToFloat(const OnnxNode& node, Bounds, Finding& finding) {
  const std::int64_t stated = node.Int("output_dtype", 0);
  const auto type = StatedType(node);
  if (stated == 0 || (type && Contains(kFloatTypes, *type))) return Verdict::kHolds;
  return Violated("output_dtype = " + std::to_string(stated), finding);
}

constexpr OnnxConstraint kBlocks = {Reason::kQuantizationUnsupported,
                                    BlocksFit,
                                    {},
                                    "one scale for the tensor, for each position of an axis or for "
                                    "each block of block_size positions of a static axis"};
constexpr OnnxConstraint kParameters = {
    Reason::kShapeMismatch, ParametersFit, {}, "scale and zero point are as long as the axis"};
constexpr OnnxConstraint kZeroPoint = {
    Reason::kShapeMismatch, ZeroPointFits, {}, "the zero point has the shape of the scale"};
constexpr OnnxConstraint kQuantize[] = {
    {Reason::kUnsupportedType,
     TypeIn<0, kFloatTypes | Types(DType::kI32)>,
     {},
     "floats or i32 as input"},
    {Reason::kUnsupportedType, TypeIn<1, kFloatTypes>, {}, "a float scale"},
    {Reason::kUnsupportedType, QuantizesToInteger, {}, "u8, i8, u16 or i16 as result"},
    kBlocks,
    kParameters,
    kZeroPoint,
};
constexpr OnnxConstraint kDequantize[] = {
    {Reason::kUnsupportedType,
     DequantizesFromInteger,
     {},
     "u8, i8, u16, i16 or i32 as input, or constants of 4 bits"},
    {Reason::kUnsupportedType, TypeIn<1, kFloatTypes>, {}, "a float scale"},
    {Reason::kUnsupportedType, DequantizesToFloat, {}, "a float result"},
    kBlocks,
    kParameters,
    kZeroPoint,
};

constexpr OnnxRule kRules[] = {
    {"", "QuantizeLinear", 10, 28, kQuantize, InferQuantize, TranslateQuantize},
    {"", "DequantizeLinear", 10, 28, kDequantize, InferDequantize, TranslateDequantize},
    {kContribDomain, "QuantizeLinear", 1, 1, kQuantize, InferQuantize, TranslateQuantize},
    {kContribDomain, "DequantizeLinear", 1, 1, kDequantize, InferDequantize, TranslateDequantize},
    {"", "DynamicQuantizeLinear", 11, 11, {}, InferDynamic, TranslateDynamic},
};

}  // namespace

std::span<const OnnxRule> QuantizeRules() { return kRules; }

}  // namespace smelt::onnx_import
