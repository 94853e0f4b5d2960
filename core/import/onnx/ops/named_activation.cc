#include "core/import/onnx/ops/named_activation.h"

#include <limits>

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::ValueId;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

ValueId Relu(Builder& out, ValueId x, double, double) {
  if (!out.status().ok()) return {};
  if (ir::IsFloat(out.type(x).dtype)) return out.Unary(OpKind::kRelu, x);
  return out.Maximum(x, Like(out, x, 0));
}

ValueId LeakyRelu(Builder& out, ValueId x, double alpha, double) {
  return out.Emit(OpKind::kLeakyRelu, {x}, {{"alpha", alpha}});
}

// max(x, 0) + alpha * (exp(min(x, 0)) - 1). ELU has no cancellation near 0.
ValueId Elu(Builder& out, ValueId x, double alpha, double) {
  if (alpha == 1.0) return out.Unary(OpKind::kElu, x);
  const ValueId negative = out.Unary(OpKind::kElu, out.Minimum(x, Like(out, x, 0)));
  return out.Add(out.Unary(OpKind::kRelu, x), out.Mul(negative, Like(out, x, alpha)));
}

ValueId Selu(Builder& out, ValueId x, double alpha, double gamma) {
  return out.Mul(Elu(out, x, alpha, 0), Like(out, x, gamma));
}

// max(x, 0) + min(0, alpha * (exp(x / alpha) - 1)), alpha > 0
ValueId Celu(Builder& out, ValueId x, double alpha, double) {
  const ValueId scaled = out.Div(out.Minimum(x, Like(out, x, 0)), Like(out, x, alpha));
  const ValueId negative = out.Mul(out.Unary(OpKind::kElu, scaled), Like(out, x, alpha));
  return out.Add(out.Unary(OpKind::kRelu, x), negative);
}

ValueId HardSigmoid(Builder& out, ValueId x, double alpha, double beta) {
  const ValueId line = out.Add(out.Mul(x, Like(out, x, alpha)), Like(out, x, beta));
  return out.Unary(OpKind::kRelu, out.Minimum(line, Like(out, x, 1)));
}

ValueId PlainSoftplus(Builder& out, ValueId x, double, double) { return Softplus(out, x); }

ValueId Softsign(Builder& out, ValueId x, double, double) {
  return out.Div(x, out.Add(out.Unary(OpKind::kAbs, x), Like(out, x, 1)));
}

// x where x > alpha, else 0. Selected, not multiplied: infinities must not become NaN.
ValueId ThresholdedRelu(Builder& out, ValueId x, double alpha, double) {
  if (!out.status().ok()) return {};
  // alpha is a float32, whatever x is.
  const ValueId wide = out.type(x).dtype == DType::kF64 ? x : out.Cast(x, DType::kF32);
  const ValueId above = out.Emit(OpKind::kGreater, {wide, Like(out, wide, alpha)});
  return out.Emit(OpKind::kSelectV2, {above, x, Like(out, x, 0)});
}

template <OpKind kKind>
ValueId Plain(Builder& out, ValueId x, double, double) {
  return out.Unary(kKind, x);
}

constexpr NamedActivation kActivations[] = {
    {"Celu", {"alpha"}, {1.0}, Celu},
    {"Clip", {"min", "max"}, {-kInfinity, kInfinity}, ClipBetween},
    {"Elu", {"alpha"}, {1.0}, Elu},
    {"HardSigmoid", {"alpha", "beta"}, {0.2, 0.5}, HardSigmoid},
    {"LeakyRelu", {"alpha"}, {0.01}, LeakyRelu},
    {"Relu", {}, {}, Relu},
    {"Selu", {"alpha", "gamma"}, {1.67326319217681884765625, 1.05070102214813232421875}, Selu},
    {"Sigmoid", {}, {}, Plain<OpKind::kLogistic>},
    {"Softplus", {}, {}, PlainSoftplus},
    {"Softsign", {}, {}, Softsign},
    {"Tanh", {}, {}, Plain<OpKind::kTanh>},
    {"ThresholdedRelu", {"alpha"}, {1.0}, ThresholdedRelu},
};

}  // namespace

const NamedActivation* FindActivation(std::string_view name) {
  for (const NamedActivation& row : kActivations) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

ValueId Like(Builder& out, ValueId x, double value) {
  return out.status().ok() ? out.Scalar(out.type(x).dtype, value) : ValueId{};
}

// max(x, 0) + log(1 + exp(-|x|))
ValueId Softplus(Builder& out, ValueId x) {
  const ValueId minus_abs = out.Unary(OpKind::kNeg, out.Unary(OpKind::kAbs, x));
  const ValueId one_plus = out.Add(out.Unary(OpKind::kExp, minus_abs), Like(out, x, 1));
  return out.Add(out.Unary(OpKind::kRelu, x), out.Unary(OpKind::kLog, one_plus));
}

ValueId ClipBetween(Builder& out, ValueId x, double low, double high) {
  if (!out.status().ok()) return {};
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

}  // namespace smelt::onnx_import
