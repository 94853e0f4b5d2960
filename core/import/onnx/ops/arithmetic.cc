// Arithmetic with broadcasting: binary, variadic and unary operators.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/attribute_broadcast.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::OpKind;
using ir::ValueId;

ValueId Like(Builder& out, ValueId x, double value) { return out.Scalar(out.type(x).dtype, value); }

Status Finish(OnnxNode& node, Builder& out, ValueId y) {
  node.SetOutput(0, y);
  return out.status();
}

// --- Inference: shapes broadcast; integers that are dimensions are computed along. ---

// Before opset 7 the result has the first operand's shape.
Status InferShape(OnnxNode& node) {
  return BroadcastsByAttribute(node) ? SameAsFirst(node) : Broadcast(node);
}

using DimFunction = std::optional<Dim> (*)(ir::SymbolTable&, Dim, Dim);

std::optional<Dim> AddDims(ir::SymbolTable& symbols, Dim a, Dim b) { return symbols.Add(a, b); }
std::optional<Dim> SubDims(ir::SymbolTable& symbols, Dim a, Dim b) { return symbols.Sub(a, b); }
std::optional<Dim> MulDims(ir::SymbolTable& symbols, Dim a, Dim b) { return symbols.Mul(a, b); }
std::optional<Dim> MaxDims(ir::SymbolTable& symbols, Dim a, Dim b) { return symbols.Max(a, b); }
std::optional<Dim> MinDims(ir::SymbolTable& symbols, Dim a, Dim b) { return symbols.Min(a, b); }

// ONNX truncates, FloorDiv floors: the same where neither side is negative. A symbol never is.
std::optional<Dim> DivDims(ir::SymbolTable& symbols, Dim a, Dim b) {
  const auto dividend = IntFromDim(symbols, a);
  const auto divisor = IntFromDim(symbols, b);
  if ((dividend && *dividend < 0) || !divisor || *divisor <= 0) return std::nullopt;
  return symbols.FloorDiv(a, b);
}

template <DimFunction kFunction>
Status InferArithmetic(OnnxNode& node) {
  SMELT_RETURN_IF_ERROR(InferShape(node));
  const auto a = node.input_dims(0);
  const auto b = node.input_count() == 2 ? node.input_dims(1) : std::nullopt;
  if (!a || !b || a->empty() || b->empty()) return Status::Ok();
  if (a->size() != b->size() && a->size() != 1 && b->size() != 1) return Status::Ok();
  DimValues result;
  for (std::size_t i = 0; i < std::max(a->size(), b->size()); ++i) {
    const auto dim = kFunction(node.symbols(), a->size() == 1 ? (*a)[0] : (*a)[i],
                               b->size() == 1 ? (*b)[0] : (*b)[i]);
    if (!dim) return Status::Ok();
    result.push_back(*dim);
  }
  node.SetOutputDims(0, std::move(result));
  return Status::Ok();
}

// --- Translation ---

template <OpKind kKind>
Status TranslateBinary(OnnxNode& node, Builder& out) {
  return Finish(node, out, out.Emit(kKind, {node.input(0), node.input(1)}));
}

template <OpKind kKind>
Status TranslateUnary(OnnxNode& node, Builder& out) {
  return Finish(node, out, out.Unary(kKind, node.input(0)));
}

template <OpKind kKind>
Status TranslateFused(OnnxNode& node, Builder& out) {
  return Finish(node, out,
                out.Emit(kKind, {node.input(0), SecondOperand(node, out)},
                         {{"fused_activation_function", std::string("NONE")}}));
}

template <OpKind kKind>
Status TranslateVariadic(OnnxNode& node, Builder& out) {
  ValueId total = node.input(0);
  for (int i = 1; i < node.input_count(); ++i) total = out.Emit(kKind, {total, node.input(i)});
  return Finish(node, out, total);
}

Status TranslateMean(OnnxNode& node, Builder& out) {
  ValueId total = node.input(0);
  for (int i = 1; i < node.input_count(); ++i) total = out.Add(total, node.input(i));
  if (node.input_count() > 1) total = out.Div(total, Like(out, total, node.input_count()));
  return Finish(node, out, total);
}

// fmod = 0: the divisor's sign (Python's %); fmod = 1: the dividend's (C's fmod).
Status TranslateMod(OnnxNode& node, Builder& out) {
  const OpKind kind = node.Int("fmod", 0) == 0 ? OpKind::kFloorMod : OpKind::kCoreTruncMod;
  return Finish(node, out, out.Emit(kind, {node.input(0), node.input(1)}));
}

// The exponent may have another type; the result has the base's, and POW takes equal types.
Status TranslatePow(OnnxNode& node, Builder& out) {
  const ValueId base = node.input(0);
  const ValueId exponent = SecondOperand(node, out);
  const ir::DType type = node.input_dtype(0);
  const auto value = node.input_doubles(1);
  if (value && *value == std::vector<double>{2} && node.input_rank(1) <= node.input_rank(0)) {
    return Finish(node, out, out.Mul(base, base));  // every runtime has a fast and exact product
  }
  // An integer to a fractional power is computed in the exponent's type, float32 at least, and cut
  // towards zero; of two float types the wider one computes.
  const ir::DType other = node.input_dtype(1);
  const bool wider = ir::IsFloat(type) && ir::ElementBits(type) < ir::ElementBits(other);
  if (ir::IsFloat(other) && (ir::IsInteger(type) || wider)) {
    const ir::DType wide = ir::ElementBits(other) < 32 ? ir::DType::kF32 : other;
    const ValueId y = out.Emit(OpKind::kPow, {out.Cast(base, wide), out.Cast(exponent, wide)});
    return Finish(node, out, out.Cast(y, type));
  }
  return Finish(node, out, out.Emit(OpKind::kPow, {base, out.Cast(exponent, type)}));
}

Status TranslateReciprocal(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  return Finish(node, out, out.Div(Like(out, x, 1), x));
}

// No runtime computes the sign of every type: (x > 0) - (x < 0). NaN gives 0, as in ONNX Runtime.
Status TranslateSign(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  const ir::DType type = node.input_dtype(0);
  if (type == ir::DType::kF32) return Finish(node, out, out.Unary(OpKind::kSign, x));
  const ValueId zero = Like(out, x, 0);
  const ValueId above = out.Cast(out.Emit(OpKind::kGreater, {x, zero}), type);
  if (ir::IsUnsignedInteger(type)) return Finish(node, out, above);
  const ValueId below = out.Cast(out.Emit(OpKind::kLess, {x, zero}), type);
  return Finish(node, out, out.Sub(above, below));
}

Status TranslateAbs(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  if (ir::IsUnsignedInteger(node.input_dtype(0))) return Finish(node, out, x);
  if (node.input_dtype(0) == ir::DType::kI64 || node.input_dtype(0) == ir::DType::kI8) {
    return Finish(node, out, out.Maximum(x, out.Unary(OpKind::kNeg, x)));
  }
  return Finish(node, out, out.Unary(OpKind::kAbs, x));
}

// Rounding leaves integers as they are.
template <OpKind kKind>
Status TranslateRounding(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  return Finish(node, out, ir::IsFloat(node.input_dtype(0)) ? out.Unary(kKind, x) : x);
}

Verdict ModTypeFitsFmod(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  if (!ir::IsFloat(node.input_dtype(0)) || node.Int("fmod", 0) == 1 ||
      node.schema_version() >= 28) {
    return Verdict::kHolds;
  }
  return Violated(node, 0, "fmod = 0 on " + node.input_text(0), finding);
}

constexpr OnnxConstraint kMod[] = {
    {Reason::kUnsupportedAttributeValue,
     ModTypeFitsFmod,
     {},
     "fmod is 1 for floating-point types (before opset 28)"},
};

constexpr OnnxRule kRules[] = {
    {"", "Abs", 1, 13, {}, SameAsFirst, TranslateAbs},
    {"", "Add", 1, 6, kAttributeBroadcast, InferArithmetic<AddDims>, TranslateFused<OpKind::kAdd>},
    {"", "Add", 7, 14, {}, InferArithmetic<AddDims>, TranslateFused<OpKind::kAdd>},
    {"", "Ceil", 1, 13, {}, SameAsFirst, TranslateRounding<OpKind::kCeil>},
    {"", "Div", 1, 6, kAttributeBroadcast, InferArithmetic<DivDims>, TranslateFused<OpKind::kDiv>},
    {"", "Div", 7, 14, {}, InferArithmetic<DivDims>, TranslateFused<OpKind::kDiv>},
    {"", "Exp", 1, 13, {}, SameAsFirst, TranslateUnary<OpKind::kExp>},
    {"", "Floor", 1, 13, {}, SameAsFirst, TranslateRounding<OpKind::kFloor>},
    {"", "Log", 1, 13, {}, SameAsFirst, TranslateUnary<OpKind::kLog>},
    {"", "Max", 1, 6, {}, Broadcast, TranslateVariadic<OpKind::kMaximum>},
    {"", "Max", 8, 13, {}, InferArithmetic<MaxDims>, TranslateVariadic<OpKind::kMaximum>},
    {"", "Mean", 1, 13, {}, Broadcast, TranslateMean},
    {"", "Min", 1, 6, {}, Broadcast, TranslateVariadic<OpKind::kMinimum>},
    {"", "Min", 8, 13, {}, InferArithmetic<MinDims>, TranslateVariadic<OpKind::kMinimum>},
    {"", "Mod", 10, 28, kMod, Broadcast, TranslateMod},
    {"", "Mul", 1, 6, kAttributeBroadcast, InferArithmetic<MulDims>, TranslateFused<OpKind::kMul>},
    {"", "Mul", 7, 14, {}, InferArithmetic<MulDims>, TranslateFused<OpKind::kMul>},
    {"", "Neg", 1, 13, {}, SameAsFirst, TranslateUnary<OpKind::kNeg>},
    {"", "Pow", 1, 1, kAttributeBroadcast, SameAsFirst, TranslatePow},
    {"", "Pow", 7, 15, {}, Broadcast, TranslatePow},
    {"", "Reciprocal", 1, 13, {}, SameAsFirst, TranslateReciprocal},
    {"", "Round", 11, 22, {}, SameAsFirst, TranslateRounding<OpKind::kRound>},
    {"", "Sign", 9, 13, {}, SameAsFirst, TranslateSign},
    {"", "Sqrt", 1, 13, {}, SameAsFirst, TranslateUnary<OpKind::kSqrt>},
    {"", "Sub", 1, 6, kAttributeBroadcast, InferArithmetic<SubDims>, TranslateFused<OpKind::kSub>},
    {"", "Sub", 7, 14, {}, InferArithmetic<SubDims>, TranslateFused<OpKind::kSub>},
    {"", "Sum", 1, 13, {}, Broadcast, TranslateVariadic<OpKind::kAdd>},
};

}  // namespace

std::span<const OnnxRule> ArithmeticRules() { return kRules; }

}  // namespace smelt::onnx_import
