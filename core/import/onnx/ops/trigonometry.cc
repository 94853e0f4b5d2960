// Trigonometric and hyperbolic functions, by the two that TFLite has and ATAN2.
#include <numbers>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::OpKind;
using ir::ValueId;

ValueId One(Builder& out, ValueId x) { return out.Scalar(out.type(x).dtype, 1); }
ValueId Half(Builder& out, ValueId x) { return out.Scalar(out.type(x).dtype, 0.5); }
ValueId Negative(Builder& out, ValueId x) { return out.Unary(OpKind::kNeg, x); }

ValueId Sine(Builder& out, ValueId x) { return out.Unary(OpKind::kSin, x); }
ValueId Cosine(Builder& out, ValueId x) { return out.Unary(OpKind::kCos, x); }
ValueId Tangent(Builder& out, ValueId x) { return out.Div(Sine(out, x), Cosine(out, x)); }

// sqrt(1 - x^2) as sqrt((1 - x)(1 + x)): no cancellation near +-1.
ValueId Complement(Builder& out, ValueId x) {
  const ValueId product = out.Mul(out.Sub(One(out, x), x), out.Add(One(out, x), x));
  return out.Unary(OpKind::kSqrt, product);
}
ValueId Arcsine(Builder& out, ValueId x) {
  return out.Emit(OpKind::kAtan2, {x, Complement(out, x)});
}
ValueId Arccosine(Builder& out, ValueId x) {
  return out.Emit(OpKind::kAtan2, {Complement(out, x), x});
}
ValueId Arctangent(Builder& out, ValueId x) { return out.Emit(OpKind::kAtan2, {x, One(out, x)}); }

// exp(|x|) - 1 without cancellation: with e = elu(-|x|) = exp(-|x|) - 1 it is -e / (e + 1).
struct Exponentials {
  ValueId minus;  // exp(-|x|) - 1, at most 0
  ValueId plus;   // exp(|x|) - 1
};
Exponentials ExponentialsOf(Builder& out, ValueId x) {
  const ValueId magnitude = out.Unary(OpKind::kAbs, x);
  const ValueId minus = out.Unary(OpKind::kElu, Negative(out, magnitude));
  const ValueId plus =
      out.Div(Negative(out, minus), out.Unary(OpKind::kExp, Negative(out, magnitude)));
  return {minus, plus};
}
// exp(|x|) / 2, also where exp(|x|) itself overflows.
ValueId HalfExponential(Builder& out, ValueId x) {
  const ValueId root = out.Unary(OpKind::kExp, out.Mul(out.Unary(OpKind::kAbs, x), Half(out, x)));
  return out.Mul(out.Mul(root, Half(out, x)), root);
}
ValueId Above(Builder& out, ValueId x, double bound) {
  return out.Emit(OpKind::kGreater, {x, out.Scalar(out.type(x).dtype, bound)});
}
ValueId HyperbolicSine(Builder& out, ValueId x) {
  const Exponentials e = ExponentialsOf(out, x);
  const ValueId small = out.Mul(out.Sub(e.plus, e.minus), Half(out, x));
  const ValueId large = Above(out, out.Unary(OpKind::kAbs, x), 20);  // exp(-20) is rounded away
  const ValueId magnitude = out.Emit(OpKind::kSelectV2, {large, HalfExponential(out, x), small});
  const ValueId negative = out.Emit(OpKind::kLess, {x, out.Scalar(out.type(x).dtype, 0)});
  return out.Emit(OpKind::kSelectV2, {negative, Negative(out, magnitude), magnitude});
}
ValueId HyperbolicCosine(Builder& out, ValueId x) {
  const ValueId small = out.Unary(OpKind::kExp, Negative(out, out.Unary(OpKind::kAbs, x)));
  return out.Add(HalfExponential(out, x), out.Mul(small, Half(out, x)));
}

// log(1 + y) for y > -1 without cancellation near 0: y * log(u) / (u - 1) with u = fl(1 + y), and y
// itself where u = 1. (Goldberg, "What every computer scientist should know", theorem 4.)
ValueId Log1p(Builder& out, ValueId y) {
  const ValueId u = out.Add(y, One(out, y));
  const ValueId tiny = out.Emit(OpKind::kEqual, {u, One(out, y)});
  const ValueId difference = out.Sub(u, One(out, y));
  const ValueId safe = out.Emit(OpKind::kSelectV2, {tiny, One(out, y), difference});
  const ValueId scaled = out.Div(out.Mul(y, out.Unary(OpKind::kLog, u)), safe);
  const ValueId same = out.Emit(OpKind::kEqual, {difference, y});  // also where y is infinite
  const ValueId exact = out.Emit(OpKind::kSelectV2, {same, out.Unary(OpKind::kLog, u), scaled});
  return out.Emit(OpKind::kSelectV2, {tiny, y, exact});
}
ValueId WithSignOf(Builder& out, ValueId x, ValueId magnitude) {
  const ValueId negative = out.Emit(OpKind::kLess, {x, out.Scalar(out.type(x).dtype, 0)});
  return out.Emit(OpKind::kSelectV2, {negative, Negative(out, magnitude), magnitude});
}
// asinh(x) and acosh(x) are log(2 x) to the last place from here on, and squares would overflow.
constexpr double kLargeArea = 1U << 30;
// `small(x)`, or log(2 x) where x is large; `small` never sees a large one.
template <class F>
ValueId AreaFunction(Builder& out, ValueId x, F&& small) {
  const ValueId large = Above(out, x, kLargeArea);
  const ValueId doubled =
      out.Add(out.Unary(OpKind::kLog, x), out.Scalar(out.type(x).dtype, std::numbers::ln2));
  const ValueId tame = out.Emit(OpKind::kSelectV2, {large, One(out, x), x});
  return out.Emit(OpKind::kSelectV2, {large, doubled, small(tame)});
}
// asinh(x) = sign(x) log1p(|x| + x^2 / (1 + sqrt(x^2 + 1)))
ValueId HyperbolicArcsine(Builder& out, ValueId x) {
  const auto small = [&](ValueId magnitude) {
    const ValueId square = out.Mul(magnitude, magnitude);
    const ValueId root = out.Unary(OpKind::kSqrt, out.Add(square, One(out, x)));
    const ValueId rest = out.Div(square, out.Add(root, One(out, x)));
    return Log1p(out, out.Add(magnitude, rest));
  };
  return WithSignOf(out, x, AreaFunction(out, out.Unary(OpKind::kAbs, x), small));
}
// acosh(x) = log1p(t + sqrt(2 t + t^2)), t = x - 1
ValueId HyperbolicArccosine(Builder& out, ValueId x) {
  return AreaFunction(out, x, [&](ValueId tame) {
    const ValueId t = out.Sub(tame, One(out, x));
    const ValueId inside = out.Mul(t, out.Add(tame, One(out, x)));
    return Log1p(out, out.Add(t, out.Unary(OpKind::kSqrt, inside)));
  });
}
// atanh(x) = sign(x) log1p(2 |x| / (1 - |x|)) / 2
ValueId HyperbolicArctangent(Builder& out, ValueId x) {
  const ValueId magnitude = out.Unary(OpKind::kAbs, x);
  const ValueId ratio = out.Div(out.Add(magnitude, magnitude), out.Sub(One(out, x), magnitude));
  return WithSignOf(out, x, out.Mul(Log1p(out, ratio), Half(out, x)));
}

template <ValueId (*kFunction)(Builder&, ValueId)>
Status Translate(OnnxNode& node, Builder& out) {
  node.SetOutput(0, kFunction(out, node.input(0)));
  return out.status();
}

constexpr OnnxRule kRules[] = {
    {"", "Acos", 7, 22, {}, SameAsFirst, Translate<Arccosine>},
    {"", "Acosh", 9, 22, {}, SameAsFirst, Translate<HyperbolicArccosine>},
    {"", "Asin", 7, 22, {}, SameAsFirst, Translate<Arcsine>},
    {"", "Asinh", 9, 22, {}, SameAsFirst, Translate<HyperbolicArcsine>},
    {"", "Atan", 7, 22, {}, SameAsFirst, Translate<Arctangent>},
    {"", "Atanh", 9, 22, {}, SameAsFirst, Translate<HyperbolicArctangent>},
    {"", "Cos", 7, 22, {}, SameAsFirst, Translate<Cosine>},
    {"", "Cosh", 9, 22, {}, SameAsFirst, Translate<HyperbolicCosine>},
    {"", "Sin", 7, 22, {}, SameAsFirst, Translate<Sine>},
    {"", "Sinh", 9, 22, {}, SameAsFirst, Translate<HyperbolicSine>},
    {"", "Tan", 7, 22, {}, SameAsFirst, Translate<Tangent>},
};

}  // namespace

std::span<const OnnxRule> TrigonometryRules() { return kRules; }

}  // namespace smelt::onnx_import
