// Triangles and diagonals of matrices: Trilu and EyeLike.
#include <algorithm>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/data_type.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/indices.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::TensorType;
using ir::ValueId;

// 0, 1, .. as i32 along an axis of `x`, in the given shape.
ValueId Count(Builder& out, ValueId x, int axis, const Shape& shape) {
  if (!out.status().ok()) return {};
  const Dim size = out.type(x).shape.dim(axis);
  if (size.is_static()) return out.Reshape(Iota(out, size.value()), shape);
  const ValueId range = out.EmitTyped(
      OpKind::kRange,
      std::vector{out.ScalarI32(0), SizeOf(out, x, axis, DType::kI32), out.ScalarI32(1)}, {},
      {DType::kI32, Shape{size}});
  return out.Reshape(range, shape);
}

// bool[rows, columns]: column against row + k, for the last two axes of `x`.
ValueId Band(Builder& out, OpKind compare, ValueId x, ValueId k) {
  if (!out.status().ok()) return {};
  const Shape shape = out.type(x).shape;
  const int last = shape.rank() - 1;
  const ValueId columns = Count(out, x, last, Shape{1, shape.dim(last)});
  const ValueId rows = Count(out, x, last - 1, Shape{shape.dim(last - 1), 1});
  return out.Emit(compare, {columns, out.Add(rows, k)});
}

// The offset as i32: offsets beyond any matrix say no more than the furthest.
ValueId Offset(Builder& out, std::int64_t k) {
  constexpr std::int64_t kFar = std::int64_t{1} << 30;
  return out.ScalarI32(static_cast<std::int32_t>(std::min(std::max(k, -kFar), kFar)));
}

Status TranslateTrilu(OnnxNode& node, Builder& out) {
  const ValueId x = node.input(0);
  ValueId k;
  if (!node.has_input(1)) {
    k = out.ScalarI32(0);
  } else if (const auto known = node.input_ints(1)) {
    k = Offset(out, known->front());
  } else {
    k = out.Cast(out.Reshape(node.input(1), Shape{}), DType::kI32);
  }
  const bool upper = node.Int("upper", 1) != 0;
  const ValueId kept = Band(out, upper ? OpKind::kGreaterEqual : OpKind::kLessEqual, x, k);
  node.SetOutput(0, out.Emit(OpKind::kSelectV2, {kept, x, out.Scalar(node.input_dtype(0), 0)}));
  return out.status();
}

Status InferEyeLike(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  TensorType type = node.input_type(0);
  if (node.has_attr("dtype")) {
    const auto stated = DTypeFromOnnx(static_cast<int>(node.Int("dtype", 1)));
    if (!stated) return Status::Ok();
    type.dtype = *stated;
  }
  node.SetOutputType(0, std::move(type));
  return Status::Ok();
}

Status TranslateEyeLike(OnnxNode& node, Builder& out) {
  const ValueId k = Offset(out, node.Int("k", 0));
  const ValueId ones = Band(out, OpKind::kEqual, node.input(0), k);
  node.SetOutput(0, out.Cast(ones, node.output_type(0)->dtype));
  return out.status();
}

Verdict OneOffset(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(1)) return Verdict::kHolds;
  if (!node.knows_input(1)) return Verdict::kNotChecked;
  if (node.input_shape(1).ElementCount() == 1) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1), finding);
}

Verdict PlainResult(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_attr("dtype")) return Verdict::kHolds;
  const auto stated = DTypeFromOnnx(static_cast<int>(node.Int("dtype", 1)));
  if (stated && Contains(kPlainTypes, *stated)) return Verdict::kHolds;
  return Violated("dtype = " + std::to_string(node.Int("dtype", 1)), finding);
}

constexpr OnnxConstraint kTrilu[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is numbers or booleans"},
    {Reason::kUnsupportedRank, RankWithin<0>, {2, 8}, "input of rank {lo} to {hi}"},
    {Reason::kShapeMismatch, OneOffset, {}, "k is one number"},
};
constexpr OnnxConstraint kEyeLike[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is numbers or booleans"},
    {Reason::kUnsupportedRank, RankWithin<0>, {2, 2}, "input of rank {lo}"},
    {Reason::kUnsupportedAttributeValue, PlainResult, {}, "dtype is numbers or booleans"},
};

constexpr OnnxRule kRules[] = {
    {"", "Trilu", 14, 14, kTrilu, SameAsFirst, TranslateTrilu},
    {"", "EyeLike", 9, 22, kEyeLike, InferEyeLike, TranslateEyeLike},
};

}  // namespace

std::span<const OnnxRule> DiagonalRules() { return kRules; }

}  // namespace smelt::onnx_import
