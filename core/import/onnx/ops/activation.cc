// Activations: what TFLite says directly, and exact expansions of the rest.
#include <limits>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/named_activation.h"

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

template <OpKind kKind>
Status TranslateUnary(OnnxNode& node, Builder& out) {
  return Finish(node, out, out.Unary(kKind, node.input(0)));
}

// An activation whose parameters are attributes of the node.
Status TranslateNamed(OnnxNode& node, Builder& out) {
  const NamedActivation& named = *FindActivation(node.op_type());
  double values[2] = {};
  for (std::size_t i = 0; i < 2; ++i) {
    values[i] =
        named.parameters[i].empty() ? 0 : node.Float(named.parameters[i], named.defaults[i]);
  }
  return Finish(node, out, named.emit(out, node.input(0), values[0], values[1]));
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

// The first version's defaults have fewer digits.
Status TranslateSelu1(OnnxNode& node, Builder& out) {
  const double alpha = node.Float("alpha", 1.673200011253357);
  const double gamma = node.Float("gamma", 1.0506999492645264);
  return Finish(node, out, FindActivation("Selu")->emit(out, node.input(0), alpha, gamma));
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
    {"", "Celu", 12, 28, kCelu, SameAsFirst, TranslateNamed},
    {"", "Clip", 1, 6, {}, SameAsFirst, TranslateNamed},
    {"", "Clip", 11, 13, kClip11, SameAsFirst, TranslateClip11},
    {"", "Elu", 1, 22, {}, SameAsFirst, TranslateNamed},
    {"", "Erf", 9, 13, {}, SameAsFirst, TranslateUnary<OpKind::kCoreErf>},
    {"", "Gelu", 20, 20, kGelu, SameAsFirst, TranslateGelu},
    {"", "HardSigmoid", 1, 22, {}, SameAsFirst, TranslateNamed},
    {"", "HardSwish", 14, 22, {}, SameAsFirst, TranslateUnary<OpKind::kHardSwish>},
    {"", "LeakyRelu", 1, 16, {}, SameAsFirst, TranslateNamed},
    {"", "Mish", 18, 22, {}, SameAsFirst, TranslateMish},
    {"", "PRelu", 1, 6, kPRelu1, SameAsFirst, TranslatePRelu},
    {"", "PRelu", 7, 16, kPRelu7, SameAsFirst, TranslatePRelu},
    {"", "Relu", 1, 14, {}, SameAsFirst, TranslateNamed},
    {"", "Selu", 1, 1, {}, SameAsFirst, TranslateSelu1},
    {"", "Selu", 6, 22, {}, SameAsFirst, TranslateNamed},
    {"", "Shrink", 9, 9, kShrink, SameAsFirst, TranslateShrink},
    {"", "Sigmoid", 1, 13, {}, SameAsFirst, TranslateNamed},
    {"", "Softplus", 1, 22, {}, SameAsFirst, TranslateNamed},
    {"", "Softsign", 1, 22, {}, SameAsFirst, TranslateNamed},
    {"", "Swish", 24, 24, {}, SameAsFirst, TranslateSwish},
    {"", "Tanh", 1, 13, {}, SameAsFirst, TranslateNamed},
    {"", "ThresholdedRelu", 10, 22, {}, SameAsFirst, TranslateNamed},
};

}  // namespace

std::span<const OnnxRule> ActivationRules() { return kRules; }

}  // namespace smelt::onnx_import
