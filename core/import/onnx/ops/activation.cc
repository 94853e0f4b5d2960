// Activations: what TFLite says directly, and exact expansions of the rest.
#include <cmath>
#include <limits>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::ValueId;

Status Finish(OnnxNode& node, Builder& out, ValueId y) {
  node.SetOutput(0, y);
  return out.status();
}

// The constant `value` in the element type of x.
ValueId Like(Builder& out, ValueId x, double value) { return out.Scalar(out.type(x).dtype, value); }

ValueId Relu(Builder& out, ValueId x) {
  if (ir::IsFloat(out.type(x).dtype)) return out.Unary(OpKind::kRelu, x);
  return out.Maximum(x, Like(out, x, 0));
}

// exp(x) - 1 for x <= 0, without the cancellation near 0 that the plain form has.
ValueId Expm1OfNegative(Builder& out, ValueId x) { return out.Unary(OpKind::kElu, x); }

// log(1 + exp(x)) without overflow: max(x, 0) + log(1 + exp(-|x|)).
ValueId Softplus(Builder& out, ValueId x) {
  const ValueId minus_abs = out.Unary(OpKind::kNeg, out.Unary(OpKind::kAbs, x));
  const ValueId one_plus = out.Add(out.Unary(OpKind::kExp, minus_abs), Like(out, x, 1));
  return out.Add(out.Unary(OpKind::kRelu, x), out.Unary(OpKind::kLog, one_plus));
}

template <OpKind kKind>
Status TranslateUnary(OnnxNode& node, Builder& out) {
  return Finish(node, out, out.Unary(kKind, node.input(0)));
}

Status TranslateRelu(OnnxNode& node, Builder& out) {
  return Finish(node, out, Relu(out, node.input(0)));
}

Status TranslateLeakyRelu(OnnxNode& node, Builder& out) {
  return Finish(
      node, out,
      out.Emit(OpKind::kLeakyRelu, {node.input(0)}, {{"alpha", node.Float("alpha", 0.01)}}));
}

// Before opset 7 the slope is one value, or one for each channel: (C) -> (C, 1, ...).
ir::Shape ChannelSlope(const OnnxNode& node) {
  if (node.input_shape(1).ElementCount() == 1) return ir::Shape{};
  ir::Shape shape = node.input_shape(1);
  for (int i = 2; i < node.input_rank(0); ++i) shape.push_back(1);
  return shape;
}

// Integers have no PRELU in any runtime; for them the definition itself.
Status TranslatePRelu(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  const bool by_channel = node.schema_version() < 7;
  const ValueId slope = by_channel ? out.Reshape(node.input(1), ChannelSlope(node)) : node.input(1);
  if (ir::IsFloat(node.input_dtype(0))) {
    return Finish(node, out, out.Emit(OpKind::kPrelu, {x, slope}));
  }
  const ValueId negative = out.Emit(OpKind::kLess, {x, Like(out, x, 0)});
  return Finish(node, out, out.Emit(OpKind::kSelectV2, {negative, out.Mul(x, slope), x}));
}

// max(x, 0) + alpha * (exp(min(x, 0)) - 1)
ValueId ScaledElu(Builder& out, ValueId x, double alpha) {
  if (alpha == 1.0) return out.Unary(OpKind::kElu, x);
  const ValueId negative = Expm1OfNegative(out, out.Minimum(x, Like(out, x, 0)));
  return out.Add(out.Unary(OpKind::kRelu, x), out.Mul(negative, Like(out, x, alpha)));
}

Status TranslateElu(OnnxNode& node, Builder& out) {
  return Finish(node, out, ScaledElu(out, node.input(0), node.Float("alpha", 1.0)));
}

Status TranslateSelu(OnnxNode& node, Builder& out) {
  const bool first = node.schema_version() == 1;  // its defaults have fewer digits
  const double alpha = node.Float("alpha", first ? 1.673200011253357 : 1.67326319217681884765625);
  const double gamma = node.Float("gamma", first ? 1.0506999492645264 : 1.05070102214813232421875);
  const ValueId x = node.input(0);
  return Finish(node, out, out.Mul(ScaledElu(out, x, alpha), Like(out, x, gamma)));
}

// x moved towards 0 by the bias outside of -lambda .. lambda, 0 inside.
Status TranslateShrink(OnnxNode& node, Builder& out) {
  const double lambda = node.Float("lambd", 0.5);
  const double bias = node.Float("bias", 0.0);
  const DType dtype = node.input_dtype(0);
  const ValueId x = ir::IsFloat(dtype) ? node.input(0) : out.Cast(node.input(0), DType::kF32);
  const auto outside = [&](OpKind compare, double edge, double shift, ValueId otherwise) {
    const ValueId there = out.Emit(compare, {x, Like(out, x, edge)});
    return out.Emit(OpKind::kSelectV2, {there, out.Add(x, Like(out, x, shift)), otherwise});
  };
  const ValueId above = outside(OpKind::kGreater, lambda, -bias, Like(out, x, 0));
  return Finish(node, out, out.Cast(outside(OpKind::kLess, -lambda, bias, above), dtype));
}

// max(x, 0) + min(0, alpha * (exp(x / alpha) - 1)), alpha > 0
Status TranslateCelu(OnnxNode& node, Builder& out) {
  const double alpha = node.Float("alpha", 1.0);
  const ValueId x = node.input(0);
  const ValueId scaled = out.Div(out.Minimum(x, Like(out, x, 0)), Like(out, x, alpha));
  const ValueId negative = out.Mul(Expm1OfNegative(out, scaled), Like(out, x, alpha));
  return Finish(node, out, out.Add(out.Unary(OpKind::kRelu, x), negative));
}

Status TranslateHardSigmoid(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  const ValueId line = out.Add(out.Mul(x, Like(out, x, node.Float("alpha", 0.2))),
                               Like(out, x, node.Float("beta", 0.5)));
  return Finish(node, out, out.Unary(OpKind::kRelu, out.Minimum(line, Like(out, x, 1))));
}

Status TranslateSoftplus(OnnxNode& node, Builder& out) {
  return Finish(node, out, Softplus(out, node.input(0)));
}

Status TranslateSoftsign(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  const ValueId denominator = out.Add(out.Unary(OpKind::kAbs, x), Like(out, x, 1));
  return Finish(node, out, out.Div(x, denominator));
}

Status TranslateGelu(OnnxNode& node, Builder& out) {
  const bool approximate = node.String("approximate", "none") == "tanh";
  return Finish(node, out,
                out.Emit(OpKind::kGelu, {node.input(0)}, {{"approximate", approximate}}));
}

Status TranslateMish(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  return Finish(node, out, out.Mul(x, out.Unary(OpKind::kTanh, Softplus(out, x))));
}

Status TranslateSwish(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  const double alpha = node.Float("alpha", 1.0);
  const ValueId scaled = alpha == 1.0 ? x : out.Mul(x, Like(out, x, alpha));
  return Finish(node, out, out.Mul(x, out.Unary(OpKind::kLogistic, scaled)));
}

// x where x > alpha, else 0. Selected, not multiplied: infinities must not become NaN.
Status TranslateThresholdedRelu(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  // alpha is a float32, whatever x is.
  const ValueId wide = node.input_dtype(0) == DType::kF64 ? x : out.Cast(x, DType::kF32);
  const ValueId above =
      out.Emit(OpKind::kGreater, {wide, Like(out, wide, node.Float("alpha", 1.0))});
  return Finish(node, out, out.Emit(OpKind::kSelectV2, {above, x, Like(out, x, 0)}));
}

// Clip between two bounds known at conversion; an infinite bound means none.
ValueId ClipBetween(Builder& out, ValueId x, double low, double high) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (ir::IsFloat(out.type(x).dtype)) {
    if (low == 0 && high == 6) return out.Unary(OpKind::kRelu6, x);
    if (low == -1 && high == 1) return out.Unary(OpKind::kReluN1To1, x);
    if (low == 0 && high == kInfinity) return out.Unary(OpKind::kRelu, x);
  }
  ValueId y = x;
  if (low != -kInfinity) y = out.Maximum(y, Like(out, x, low));
  if (high != kInfinity) y = out.Minimum(y, Like(out, x, high));
  return y;
}

// Up to opset 6 the bounds are attributes; their defaults are the largest finite floats, which only
// infinities exceed.
Status TranslateClip6(OnnxNode& node, Builder& out) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return Finish(
      node, out,
      ClipBetween(out, node.input(0), node.Float("min", -kInfinity), node.Float("max", kInfinity)));
}

Status TranslateClip11(OnnxNode& node, Builder& out) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const ValueId x = node.input(0);
  const auto low = node.has_input(1) ? node.input_doubles(1) : std::vector<double>{-kInfinity};
  const auto high = node.has_input(2) ? node.input_doubles(2) : std::vector<double>{kInfinity};
  // Doubles hold every bound of a float type exactly; 64-bit integers stay tensors.
  if (ir::IsFloat(node.input_dtype(0)) && low && high && low->size() == 1 && high->size() == 1) {
    return Finish(node, out, ClipBetween(out, x, (*low)[0], (*high)[0]));
  }
  ValueId y = x;
  if (node.has_input(1)) y = out.Maximum(y, out.Reshape(node.input(1), ir::Shape{}));
  if (node.has_input(2)) y = out.Minimum(y, out.Reshape(node.input(2), ir::Shape{}));
  return Finish(node, out, y);
}

Verdict AlphaIsPositive(const OnnxNode& node, Bounds, Finding& finding) {
  const double alpha = node.Float("alpha", 1.0);
  return alpha > 0 ? Verdict::kHolds : Violated("alpha = " + std::to_string(alpha), finding);
}

// Broadcasting the slope must not enlarge the result.
Verdict SlopeBroadcastsToInput(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const ir::Shape& x = node.input_shape(0);
  const ir::Shape& slope = node.input_shape(1);
  bool fits = slope.rank() <= x.rank();
  for (int i = 1; fits && i <= slope.rank(); ++i) {
    const ir::Dim dim = slope.dim(slope.rank() - i);
    fits = dim == ir::Dim(1) || dim == x.dim(x.rank() - i) || !dim.is_static() ||
           !x.dim(x.rank() - i).is_static();
  }
  return fits ? Verdict::kHolds : Violated(node, 1, "slope " + node.input_text(1), finding);
}

Verdict SlopeIsByChannel(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const ir::Shape& x = node.input_shape(0);
  const ir::Shape& slope = node.input_shape(1);
  if (slope.ElementCount() == 1) return Verdict::kHolds;
  if (slope.rank() == 1 && x.rank() >= 2) {
    const ir::Dim channels = x.dim(1);
    if (slope.dim(0) == channels || !channels.is_static() || !slope.dim(0).is_static()) {
      return Verdict::kHolds;
    }
  }
  return Violated(node, 1, "slope " + node.input_text(1), finding);
}

Verdict BoundsAreScalars(const OnnxNode& node, Bounds, Finding& finding) {
  for (int i = 1; i <= 2; ++i) {
    if (!node.has_input(i)) continue;
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    if (node.input_shape(i).ElementCount() != 1) {
      return Violated(node, i, node.input_text(i), finding);
    }
  }
  return Verdict::kHolds;
}

constexpr OnnxConstraint kCelu[] = {
    {Reason::kUnsupportedAttributeValue, AlphaIsPositive, {}, "alpha is positive"},
};
constexpr OnnxConstraint kGelu[] = {
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"approximate", "none", "tanh">,
     {},
     "approximate is \"none\" or \"tanh\""},
};
constexpr OnnxConstraint kPRelu1[] = {
    {Reason::kShapeMismatch,
     SlopeIsByChannel,
     {},
     "the slope is one value, or one for each channel"},
};
constexpr OnnxConstraint kPRelu7[] = {
    {Reason::kShapeMismatch,
     SlopeBroadcastsToInput,
     {},
     "the slope broadcasts to the input's shape"},
};
constexpr OnnxConstraint kClip11[] = {
    {Reason::kShapeMismatch, BoundsAreScalars, {}, "min and max have one element each"},
};

constexpr OnnxConstraint kShrink[] = {
    {Reason::kUnsupportedType,
     TypeIn<0, kFloatTypes | Types(DType::kI8, DType::kI16, DType::kU8, DType::kU16)>,
     {},
     "the input is floats or integers of at most 16 bits"},
};

constexpr OnnxRule kRules[] = {
    {"", "Celu", 12, 28, kCelu, SameAsFirst, TranslateCelu},
    {"", "Clip", 1, 6, {}, SameAsFirst, TranslateClip6},
    {"", "Clip", 11, 13, kClip11, SameAsFirst, TranslateClip11},
    {"", "Elu", 1, 22, {}, SameAsFirst, TranslateElu},
    {"", "Erf", 9, 13, {}, SameAsFirst, TranslateUnary<OpKind::kCoreErf>},
    {"", "Gelu", 20, 20, kGelu, SameAsFirst, TranslateGelu},
    {"", "HardSigmoid", 1, 22, {}, SameAsFirst, TranslateHardSigmoid},
    {"", "HardSwish", 14, 22, {}, SameAsFirst, TranslateUnary<OpKind::kHardSwish>},
    {"", "LeakyRelu", 1, 16, {}, SameAsFirst, TranslateLeakyRelu},
    {"", "Mish", 18, 22, {}, SameAsFirst, TranslateMish},
    {"", "PRelu", 1, 6, kPRelu1, SameAsFirst, TranslatePRelu},
    {"", "PRelu", 7, 16, kPRelu7, SameAsFirst, TranslatePRelu},
    {"", "Relu", 1, 14, {}, SameAsFirst, TranslateRelu},
    {"", "Selu", 1, 22, {}, SameAsFirst, TranslateSelu},
    {"", "Shrink", 9, 9, kShrink, SameAsFirst, TranslateShrink},
    {"", "Sigmoid", 1, 13, {}, SameAsFirst, TranslateUnary<OpKind::kLogistic>},
    {"", "Softplus", 1, 22, {}, SameAsFirst, TranslateSoftplus},
    {"", "Softsign", 1, 22, {}, SameAsFirst, TranslateSoftsign},
    {"", "Swish", 24, 24, {}, SameAsFirst, TranslateSwish},
    {"", "Tanh", 1, 13, {}, SameAsFirst, TranslateUnary<OpKind::kTanh>},
    {"", "ThresholdedRelu", 10, 22, {}, SameAsFirst, TranslateThresholdedRelu},
};

}  // namespace

std::span<const OnnxRule> ActivationRules() { return kRules; }

}  // namespace smelt::onnx_import
