// Comparisons, logic and Where, all with broadcasting.
#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/attribute_broadcast.h"
#include "core/import/onnx/ops/compared_dims.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::ValueId;

// Before opset 7 the result has the first operand's shape.
Status InferCompared(OnnxNode& node) {
  if (!BroadcastsByAttribute(node)) return BroadcastBool(node);
  if (node.knows_input(0)) node.SetOutputType(0, {DType::kBool, node.input_shape(0)});
  return Status::Ok();
}

// Exporters test shape arithmetic for -1 before an Expand: the answer is needed at conversion.
template <DimTest kTest>
Status InferTested(OnnxNode& node) {
  SMELT_RETURN_IF_ERROR(InferCompared(node));
  SetTested(node, kTest);
  return Status::Ok();
}

std::optional<bool> IsNot(ir::SymbolTable&, Dim a, Dim) {
  return a.is_unknown() ? std::nullopt : std::optional(a == Dim(0));
}

Status InferNot(OnnxNode& node) {
  SMELT_RETURN_IF_ERROR(SameAsFirst(node));
  SetTested(node, IsNot);
  return Status::Ok();
}

Status InferWhere(OnnxNode& node) {
  SMELT_RETURN_IF_ERROR(Broadcast(node));
  if (node.knows_input(1) && node.output_type(0)) {
    node.SetOutputType(0, {node.input_dtype(1), node.output_type(0)->shape});
  }
  const auto condition = node.input_dims(0);
  const auto x = node.input_dims(1);
  const auto y = node.input_dims(2);
  if (!condition || !x || !y || condition->empty() || x->empty() || y->empty()) return Status::Ok();
  const std::size_t size = std::max({condition->size(), x->size(), y->size()});
  const auto pick = [](const DimValues& values, std::size_t i) {
    return values.size() == 1 ? values[0] : values[i];
  };
  DimValues result;
  for (std::size_t i = 0; i < size; ++i) {
    for (const auto* values : {&*condition, &*x, &*y}) {
      if (values->size() != 1 && values->size() != size) return Status::Ok();
    }
    const Dim chosen = pick(*condition, i);
    if (!chosen.is_static()) return Status::Ok();
    result.push_back(chosen.value() != 0 ? pick(*x, i) : pick(*y, i));
  }
  node.SetOutputDims(0, std::move(result));
  return Status::Ok();
}

Status InferSameShapeBool(OnnxNode& node) {
  if (node.knows_input(0)) node.SetOutputType(0, {DType::kBool, node.input_shape(0)});
  return Status::Ok();
}

Status Finish(OnnxNode& node, Builder& out, ValueId y) {
  node.SetOutput(0, y);
  return out.status();
}

template <OpKind kKind>
Status TranslateBinary(OnnxNode& node, Builder& out) {
  return Finish(node, out, out.Emit(kKind, {node.input(0), SecondOperand(node, out)}));
}

Status TranslateNot(OnnxNode& node, Builder& out) {
  return Finish(node, out, out.Unary(OpKind::kLogicalNot, node.input(0)));
}

Status TranslateWhere(OnnxNode& node, Builder& out) {
  return Finish(node, out,
                out.Emit(OpKind::kSelectV2, {node.input(0), node.input(1), node.input(2)}));
}

// NaN is the only value that differs from itself.
Status TranslateIsNaN(OnnxNode& node, Builder& out) {
  return Finish(node, out, out.Emit(OpKind::kNotEqual, {node.input(0), node.input(0)}));
}

Status TranslateIsInf(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  const bool positive = node.Int("detect_positive", 1) != 0;
  const bool negative = node.Int("detect_negative", 1) != 0;
  const ValueId infinity = out.Scalar(node.input_dtype(0), std::numeric_limits<double>::infinity());
  if (positive && negative) {
    return Finish(node, out, out.Emit(OpKind::kEqual, {out.Unary(OpKind::kAbs, x), infinity}));
  }
  if (positive) return Finish(node, out, out.Emit(OpKind::kEqual, {x, infinity}));
  if (negative) {
    return Finish(node, out, out.Emit(OpKind::kEqual, {out.Unary(OpKind::kNeg, x), infinity}));
  }
  // Neither is asked for: false everywhere, whatever the shape.
  return Finish(
      node, out,
      out.Emit(OpKind::kLess, {out.Unary(OpKind::kAbs, x), out.Scalar(node.input_dtype(0), 0)}));
}

constexpr OnnxRule kRules[] = {
    {"", "And", 1, 1, kAttributeBroadcast, InferTested<IsBoth>,
     TranslateBinary<OpKind::kLogicalAnd>},
    {"", "And", 7, 7, {}, InferTested<IsBoth>, TranslateBinary<OpKind::kLogicalAnd>},
    {"", "Equal", 1, 1, kAttributeBroadcast, InferTested<IsEqual>, TranslateBinary<OpKind::kEqual>},
    {"", "Equal", 7, 19, {}, InferTested<IsEqual>, TranslateBinary<OpKind::kEqual>},
    {"", "Greater", 1, 1, kAttributeBroadcast, InferTested<IsGreater>,
     TranslateBinary<OpKind::kGreater>},
    {"", "Greater", 7, 13, {}, InferTested<IsGreater>, TranslateBinary<OpKind::kGreater>},
    {"",
     "GreaterOrEqual",
     12,
     16,
     {},
     InferTested<IsAtLeast>,
     TranslateBinary<OpKind::kGreaterEqual>},
    {"", "IsInf", 10, 20, {}, InferSameShapeBool, TranslateIsInf},
    {"", "IsNaN", 9, 20, {}, InferSameShapeBool, TranslateIsNaN},
    {"", "Less", 1, 1, kAttributeBroadcast, InferTested<IsLess>, TranslateBinary<OpKind::kLess>},
    {"", "Less", 7, 13, {}, InferTested<IsLess>, TranslateBinary<OpKind::kLess>},
    {"", "LessOrEqual", 12, 16, {}, InferTested<IsAtMost>, TranslateBinary<OpKind::kLessEqual>},
    {"", "Not", 1, 1, {}, InferNot, TranslateNot},
    {"", "Or", 1, 1, kAttributeBroadcast, InferTested<IsEither>,
     TranslateBinary<OpKind::kLogicalOr>},
    {"", "Or", 7, 7, {}, InferTested<IsEither>, TranslateBinary<OpKind::kLogicalOr>},
    {"", "Where", 9, 16, {}, InferWhere, TranslateWhere},
    {"", "Xor", 1, 1, kAttributeBroadcast, InferCompared, TranslateBinary<OpKind::kNotEqual>},
    {"", "Xor", 7, 7, {}, BroadcastBool, TranslateBinary<OpKind::kNotEqual>},
};

}  // namespace

std::span<const OnnxRule> CompareRules() { return kRules; }

}  // namespace smelt::onnx_import
