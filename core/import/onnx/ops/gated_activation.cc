// Activations with a second operand: a gate, or a bias that is added before. Also ONNX Runtime's
// names for GELU.
#include <string>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/named_activation.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

constexpr double kQuickAlpha = 1.7020000219345093;  // 1.702 as a float

// x * sigmoid(alpha * x)
ValueId Swish(Builder& out, ValueId x, double alpha) {
  const ValueId scaled = alpha == 1.0 ? x : out.Mul(x, Like(out, x, alpha));
  return out.Mul(x, out.Unary(OpKind::kLogistic, scaled));
}

Status TranslateSwiGlu(OnnxNode& node, Builder& out) {
  const ValueId gate = Swish(out, node.input(0), node.Float("alpha", 1.0));
  node.SetOutput(0, out.Mul(gate, node.input(1)));
  return out.status();
}

Status TranslateQuickGelu(OnnxNode& node, Builder& out) {
  node.SetOutput(0, Swish(out, node.input(0), node.Float("alpha", kQuickAlpha)));
  return out.status();
}

// GELU of x, or of x + bias.
template <bool kApproximate>
Status TranslateBiasedGelu(OnnxNode& node, Builder& out) {
  ValueId x = node.input(0);
  if (node.has_input(1)) x = out.Add(x, node.input(1));
  node.SetOutput(0, out.Emit(OpKind::kGelu, {x}, {{"approximate", kApproximate}}));
  return out.status();
}

// --- BiasSplitGelu: the first half of x + bias times GELU of the second ---

Status InferSplitGelu(OnnxNode& node) {
  if (!node.knows_input(0) || node.input_rank(0) < 1) return Status::Ok();
  Shape shape = node.input_shape(0);
  Dim& last = shape.dim(shape.rank() - 1);
  if (!last.is_static()) return Status::Ok();
  last = Dim(last.value() / 2);
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

Status TranslateSplitGelu(OnnxNode& node, Builder& out) {
  const ValueId x = out.Add(node.input(0), node.input(1));
  const ValueId operands[] = {out.ScalarI32(node.input_rank(0) - 1), x};
  const auto halves = out.EmitMany(OpKind::kSplit, operands, {{"num_splits", std::int64_t{2}}});
  SMELT_RETURN_IF_ERROR(out.status());
  const ValueId gate = out.Emit(OpKind::kGelu, {halves[1]}, {{"approximate", false}});
  node.SetOutput(0, out.Mul(halves[0], gate));
  return out.status();
}

// --- Checks ---

Verdict SameShapes(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const Shape& a = node.input_shape(0);
  const Shape& b = node.input_shape(1);
  bool same = a.rank() == b.rank();
  for (int i = 0; same && i < a.rank(); ++i) {
    same = a.dim(i) == b.dim(i) || !a.dim(i).is_static() || !b.dim(i).is_static();
  }
  return same ? Verdict::kHolds : Violated(node, 1, node.input_text(1), finding);
}

Verdict BiasFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(1)) return Verdict::kHolds;
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const Shape& x = node.input_shape(0);
  const Shape& bias = node.input_shape(1);
  const bool fits = x.rank() > 0 && bias.rank() == 1 &&
                    (bias.dim(0) == x.dim(x.rank() - 1) || !bias.dim(0).is_static() ||
                     !x.dim(x.rank() - 1).is_static());
  return fits ? Verdict::kHolds : Violated(node, 1, node.input_text(1), finding);
}

Verdict LastAxisIsEven(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || node.input_rank(0) < 1) return Verdict::kNotChecked;
  const Dim last = node.input_shape(0).dim(node.input_rank(0) - 1);
  if (last.is_static() && last.value() % 2 == 0) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

constexpr OnnxConstraint kTypes = {
    Reason::kTypeMismatch, SameTypes, {}, "all inputs have one element type"};
constexpr OnnxConstraint kBias = {
    Reason::kShapeMismatch, BiasFits, {}, "a bias of one value for each element of the last axis"};
constexpr OnnxConstraint kSwiGlu[] = {
    kTypes, {Reason::kShapeMismatch, SameShapes, {}, "gate and value of one shape"}};
constexpr OnnxConstraint kBiased[] = {kTypes, kBias};
constexpr OnnxConstraint kSplit[] = {
    kTypes,
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"},
    kBias,
    {Reason::kDynamicDimensionUnsupported,
     LastAxisIsEven,
     {},
     "a last axis of static and even size"},
};

constexpr OnnxRule kRules[] = {
    {"", "SwiGLU", 28, 28, kSwiGlu, SameAsFirst, TranslateSwiGlu},
    {kContribDomain, "BiasGelu", 1, 1, kBiased, SameAsFirst, TranslateBiasedGelu<false>},
    {kContribDomain, "BiasSplitGelu", 1, 1, kSplit, InferSplitGelu, TranslateSplitGelu},
    {kContribDomain, "FastGelu", 1, 1, kBiased, SameAsFirst, TranslateBiasedGelu<true>},
    {kContribDomain, "Gelu", 1, 1, {}, SameAsFirst, TranslateBiasedGelu<false>},
    {kContribDomain, "QuickGelu", 1, 1, {}, SameAsFirst, TranslateQuickGelu},
};

}  // namespace

std::span<const OnnxRule> GatedActivationRules() { return kRules; }

}  // namespace smelt::onnx_import
