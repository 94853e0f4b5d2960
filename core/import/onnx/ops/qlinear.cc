// ONNX Runtime's operators on 8-bit tensors with one scale and zero point each: what the numbers
// stand for, the operator on floats, and back.
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/indices.h"
#include "core/import/onnx/ops/integer_sum.h"
#include "core/import/onnx/ops/matrix_product.h"
#include "core/import/onnx/ops/quantized_operand.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// y in steps of the scale at input `scale`, zero point behind it.
Status Finish(OnnxNode& node, Builder& out, ValueId steps, int scale, DType type) {
  node.SetOutput(0, ToQuantized(node, out, steps, scale, type));
  return out.status();
}

// --- QLinearAdd and QLinearMul ---

Status InferBinary(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(3)) return Status::Ok();
  SMELT_ASSIGN_OR_RETURN(Shape shape,
                         BroadcastShapes(node.symbols(), node.input_shape(0), node.input_shape(3)));
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

Status TranslateAdd(OnnxNode& node, Builder& out) {
  const ValueId scale = OneNumber(node, out, 6);
  const auto part = [&](int x) {
    return out.Mul(WithoutZero(node, out, x), out.Div(OneNumber(node, out, x + 1), scale));
  };
  return Finish(node, out, out.Add(part(0), part(3)), 6, node.input_dtype(0));
}

Status TranslateMul(OnnxNode& node, Builder& out) {
  const ValueId ratio =
      out.Div(out.Mul(OneNumber(node, out, 1), OneNumber(node, out, 4)), OneNumber(node, out, 6));
  const ValueId product = out.Mul(WithoutZero(node, out, 0), WithoutZero(node, out, 3));
  return Finish(node, out, out.Mul(product, ratio), 6, node.input_dtype(0));
}

// --- QLinearWhere: (condition, X, scale, zero point, Y, scale, zero point, scale, zero point) ---

Status InferWhere(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1) || !node.knows_input(4)) return Status::Ok();
  SMELT_ASSIGN_OR_RETURN(Shape shape,
                         BroadcastShapes(node.symbols(), node.input_shape(1), node.input_shape(4)));
  SMELT_ASSIGN_OR_RETURN(shape, BroadcastShapes(node.symbols(), node.input_shape(0), shape));
  node.SetOutputType(0, {node.input_dtype(1), std::move(shape)});
  return Status::Ok();
}

Status TranslateWhere(OnnxNode& node, Builder& out) {
  const ValueId scale = OneNumber(node, out, 7);
  const ValueId chosen =
      out.Emit(OpKind::kSelectV2, {node.input(0), out.Div(RealNumbers(node, out, 1), scale),
                                   out.Div(RealNumbers(node, out, 4), scale)});
  return Finish(node, out, chosen, 7, node.input_dtype(1));
}

// --- One input ---

Status TranslateSigmoid(OnnxNode& node, Builder& out) {
  const ValueId y = out.Unary(OpKind::kLogistic, RealNumbers(node, out, 0));
  return Finish(node, out, out.Div(y, OneNumber(node, out, 3)), 3, node.input_dtype(0));
}

Status TranslateLeakyRelu(OnnxNode& node, Builder& out) {
  constexpr double kAlpha = 0.009999999776482582;  // 0.01 as a float
  const ValueId y = out.Emit(OpKind::kLeakyRelu, {RealNumbers(node, out, 0)},
                             {{"alpha", node.Float("alpha", kAlpha)}});
  return Finish(node, out, out.Div(y, OneNumber(node, out, 3)), 3, node.input_dtype(0));
}

// Of one axis as last, or, with the rules of opsets before 13, of that axis and all behind it.
Status TranslateSoftmax(OnnxNode& node, Builder& out) {
  const Shape& shape = node.input_shape(0);
  const int axis = *ir::NormalizeAxis(node.Int("axis", -1), shape.rank());
  const bool merges = node.Int("opset", 13) < 13 && axis + 1 < shape.rank();
  ValueId x = RealNumbers(node, out, 0);
  std::vector<int> swap(static_cast<std::size_t>(shape.rank()));
  std::iota(swap.begin(), swap.end(), 0);
  std::swap(swap[static_cast<std::size_t>(axis)], swap.back());
  x = merges ? MergeAxes(out, x, axis, shape.rank() - axis) : out.Transpose(x, swap);
  ValueId y = out.Emit(OpKind::kSoftmax, {x}, {{"beta", 1.0}});
  y = merges ? out.Reshape(y, shape) : out.Transpose(y, swap);
  return Finish(node, out, out.Div(y, OneNumber(node, out, 3)), 3, node.input_dtype(0));
}

// The spatial axes: behind the channels, or between batch and channels.
std::vector<std::int32_t> SpatialAxes(const OnnxNode& node) {
  const int first = node.Int("channels_last", 0) != 0 ? 1 : 2;
  std::vector<std::int32_t> axes;
  for (int i = 0; i < node.input_rank(0) - 2; ++i) axes.push_back(first + i);
  return axes;
}

Status InferGlobal(OnnxNode& node) {
  if (!node.knows_input(0) || node.input_rank(0) < 3) return Status::Ok();
  ir::TensorType type = node.input_type(0);
  for (const std::int32_t axis : SpatialAxes(node)) type.shape.dim(axis) = Dim(1);
  node.SetOutputType(0, std::move(type));
  return Status::Ok();
}

Status TranslateGlobal(OnnxNode& node, Builder& out) {
  const ValueId mean =
      out.Emit(OpKind::kMean, {WithoutZero(node, out, 0), out.ConstI32(SpatialAxes(node))},
               {{"keep_dims", true}});
  const ValueId ratio = out.Div(OneNumber(node, out, 1), OneNumber(node, out, 3));
  return Finish(node, out, out.Mul(mean, ratio), 3, node.input_dtype(0));
}

// --- QLinearConcat: (scale, zero point), then (x, scale, zero point) for each part ---

Status InferConcat(OnnxNode& node) {
  Shape shape;
  Dim total(0);
  for (int i = 2; i < node.input_count(); i += 3) {
    if (!node.knows_input(i)) return Status::Ok();
    if (i == 2) shape = node.input_shape(i);
    const auto axis = ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(i));
    if (!axis || node.input_rank(i) != shape.rank()) return Status::Ok();
    total = node.symbols().Add(total, node.input_shape(i).dim(*axis));
    shape.dim(*axis) = total;
  }
  if (node.knows_input(1)) node.SetOutputType(0, {node.input_dtype(1), std::move(shape)});
  return Status::Ok();
}

Status TranslateConcat(OnnxNode& node, Builder& out) {
  const ValueId scale = OneNumber(node, out, 0);
  std::vector<ValueId> parts;
  for (int i = 2; i < node.input_count(); i += 3) {
    parts.push_back(out.Div(RealNumbers(node, out, i), scale));
  }
  const std::int64_t axis = *ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(2));
  const ValueId joined =
      out.Emit(OpKind::kConcatenation, parts,
               {{"axis", axis}, {"fused_activation_function", std::string("NONE")}});
  return Finish(node, out, joined, 0, node.input_dtype(1));
}

Verdict PartsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (node.input_count() < 5 || node.input_count() % 3 != 2) {
    return Violated(std::to_string(node.input_count()) + " inputs", finding);
  }
  for (int i = 2; i < node.input_count(); i += 3) {
    if (!node.knows_input(i) || !node.knows_input(2)) return Verdict::kNotChecked;
    const Shape& first = node.input_shape(2);
    const Shape& shape = node.input_shape(i);
    const auto axis = ir::NormalizeAxis(node.Int("axis", 0), first.rank());
    bool fits = axis.has_value() && shape.rank() == first.rank() &&
                Contains(Types(DType::kU8, DType::kI8), node.input_dtype(i));
    for (int d = 0; fits && d < shape.rank(); ++d) {
      fits = d == *axis || shape.dim(d) == first.dim(d) || !shape.dim(d).is_static() ||
             !first.dim(d).is_static();
    }
    if (!fits) return Violated(node, i, node.input_text(i), finding);
  }
  return Verdict::kHolds;
}

// --- QGemm: (A, scale, zero, B, scale, zero, C, scale, zero); C adds to the integer sums ---

bool Swaps(const OnnxNode& node, int input) {
  return node.Int(input == 0 ? "transA" : "transB", 0) != 0;
}

// Rows and columns of A or B as they are multiplied.
Shape Factor(const OnnxNode& node, int input) {
  const Shape& shape = node.input_shape(input);
  return Swaps(node, input) ? Shape{shape.dim(1), shape.dim(0)} : shape;
}

Status InferGemm(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(3)) return Status::Ok();
  if (node.input_rank(0) != 2 || node.input_rank(3) != 2) return Status::Ok();
  if (node.has_input(8) && !node.knows_input(8)) return Status::Ok();
  node.SetOutputType(0, {node.has_input(8) ? node.input_dtype(8) : DType::kF32,
                         {Factor(node, 0).dim(0), Factor(node, 3).dim(1)}});
  return Status::Ok();
}

Status TranslateGemm(OnnxNode& node, Builder& out) {
  const ValueId a = WithoutZero(node, out, 0);
  const ValueId b = Centered(node, out, 3, 5, Swaps(node, 3) ? 0 : 1);
  const std::int64_t terms = Factor(node, 0).dim(1).value();
  const Shape shape = node.output_type(0)->shape;
  ValueId sum = IntegerSum(out, b, terms, [&](ValueId piece) {
    return EmitProduct(out, {a, piece, Swaps(node, 0), Swaps(node, 3)}, shape);
  });
  if (node.has_input(6)) sum = out.Add(sum, node.input(6));
  ValueId ratio = out.Mul(OneNumber(node, out, 1), AlongAxis(node, out, 4, 2, 1));
  if (const double alpha = node.Float("alpha", 1); alpha != 1) {
    ratio = out.Mul(ratio, out.Scalar(DType::kF32, alpha));
  }
  if (node.has_input(7)) ratio = out.Div(ratio, OneNumber(node, out, 7));
  const ValueId y = out.Mul(out.Cast(sum, DType::kF32), ratio);
  if (node.has_input(8)) return Finish(node, out, y, 7, node.output_type(0)->dtype);
  node.SetOutput(0, y);
  return out.status();
}

Verdict InnerIsStatic(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.output_type(0)) return Verdict::kNotChecked;
  if (Factor(node, 0).dim(1).is_static()) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

Verdict GemmFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.output_type(0)) return Verdict::kNotChecked;
  const Dim left = Factor(node, 0).dim(1), right = Factor(node, 3).dim(0);
  const bool known = left.is_static() && right.is_static();
  const bool fits =
      (!known || left == right) && (!left.is_static() || left.value() <= kMaxIntegerTerms);
  if (!fits) return Violated(node, 3, node.input_text(0) + " by " + node.input_text(3), finding);
  if (node.has_input(7) != node.has_input(8)) {
    return Violated("one of the result's scale and zero point alone", finding);
  }
  for (const int input : {4, 5}) {
    const Verdict verdict = ParameterFits(node, input, Shape{Factor(node, 3).dim(1)}, 0, finding);
    if (verdict != Verdict::kHolds) return verdict;
  }
  if (!node.has_input(6)) return Verdict::kHolds;
  if (!node.knows_input(6)) return Verdict::kNotChecked;
  const auto sum = BroadcastShapes(node.symbols(), node.output_type(0)->shape, node.input_shape(6));
  if (sum.ok() && *sum == node.output_type(0)->shape) return Verdict::kHolds;
  return Violated(node, 6, node.input_text(6), finding);
}

constexpr OnnxConstraint kBinary[] = {
    kOneElement<0b11110110>,
};
constexpr OnnxConstraint kWhere[] = {kOneElement<0b111101100>};
constexpr OnnxConstraint kUnary[] = {kOneElement<0b11110>};
constexpr OnnxConstraint kSoftmax[] = {
    kOneElement<0b11110>,
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 6}, "input of rank {lo} to {hi}"},
    {Reason::kUnsupportedAttributeValue, AxisAttr<"axis", -1>, {}, "axis is an axis of the input"},
};
constexpr OnnxConstraint kGlobal[] = {
    kOneElement<0b11110>,
    {Reason::kUnsupportedRank, RankWithin<0>, {3, 6}, "input of rank {lo} to {hi}"},
};
constexpr OnnxConstraint kConcat[] = {
    kOneElement<0b11>,
    {Reason::kShapeMismatch,
     PartsFit,
     {},
     "parts (x, scale, zero point) of u8 or i8 that differ along the axis alone"},
};
constexpr OnnxConstraint kGemm[] = {
    kOneElement<0b110000110>,
    {Reason::kUnsupportedRank, RankWithin<0>, {2, 2}, "A of rank {lo}"},
    {Reason::kUnsupportedRank, RankWithin<3>, {2, 2}, "B of rank {lo}"},
    {Reason::kShapeMismatch,
     GemmFits,
     {},
     "matrices that fit, with an inner axis of at most 16448 to stay exact; C broadcasts to the "
     "result; the scale and zero point of B are one, or one a column"},
    {Reason::kDynamicDimensionUnsupported, InnerIsStatic, {}, "a static inner axis"},
};

constexpr OnnxRule kRules[] = {
    {kContribDomain, "QGemm", 1, 1, kGemm, InferGemm, TranslateGemm},
    {kContribDomain, "QLinearAdd", 1, 1, kBinary, InferBinary, TranslateAdd},
    {kContribDomain, "QLinearConcat", 1, 1, kConcat, InferConcat, TranslateConcat},
    {kContribDomain, "QLinearGlobalAveragePool", 1, 1, kGlobal, InferGlobal, TranslateGlobal},
    {kContribDomain, "QLinearLeakyRelu", 1, 1, kUnary, SameAsFirst, TranslateLeakyRelu},
    {kContribDomain, "QLinearMul", 1, 1, kBinary, InferBinary, TranslateMul},
    {kContribDomain, "QLinearSigmoid", 1, 1, kUnary, SameAsFirst, TranslateSigmoid},
    {kContribDomain, "QLinearSoftmax", 1, 1, kSoftmax, SameAsFirst, TranslateSoftmax},
    {kContribDomain, "QLinearWhere", 1, 1, kWhere, InferWhere, TranslateWhere},
};

}  // namespace

std::span<const OnnxRule> QLinearRules() { return kRules; }

}  // namespace smelt::onnx_import
