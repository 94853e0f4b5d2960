// TopK.
#include <limits>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/axis_order.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Constant;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::TensorType;
using ir::ValueId;

// k as a dimension; a fresh one where only the run tells it.
Dim CountOf(OnnxNode& node) {
  if (node.schema_version() < 10) return Dim(node.Int("k", 0));
  const auto dims = node.input_dims(1);
  if (dims && dims->size() == 1) return dims->front();
  return node.symbols().Fresh("k of " + node.output_name(0));
}

Status InferTopK(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const auto axis = ir::NormalizeAxis(node.Int("axis", -1), node.input_rank(0));
  if (!axis) return Status::Ok();
  TensorType values = node.input_type(0);
  values.shape.dim(*axis) = CountOf(node);
  const auto size = IntFromDim(node.symbols(), values.shape.dim(*axis));
  if (size && *size < 0) return Status::Ok();
  node.SetOutputType(1, {DType::kI64, values.shape});
  node.SetOutputType(0, std::move(values));
  return Status::Ok();
}

// An order-reversing change of the values that is its own inverse, without overflow.
ValueId Reversed(Builder& out, ValueId x) {
  if (!out.status().ok()) return {};
  const DType dtype = out.type(x).dtype;
  if (ir::IsFloat(dtype)) return out.Unary(OpKind::kNeg, x);
  return out.Sub(out.Cast(out.Scalar(DType::kI32, -1), dtype), x);
}

ValueId Recast(Builder& out, ValueId x, DType to) {
  return out.Emit(OpKind::kBitcast, {x}, {{"out_data_type", std::string(ir::DTypeName(to))}});
}

// u64 has no order in the runtime: with the top bit flipped it is that of i64.
ValueId TopBit(Builder& out) {
  const std::int64_t top = std::numeric_limits<std::int64_t>::min();
  return out.Const(Constant::FromValues(DType::kI64, {}, std::span<const std::int64_t>(&top, 1)));
}

Status TranslateTopK(OnnxNode& node, Builder& out) {
  const int axis = *ir::NormalizeAxis(node.Int("axis", -1), node.input_rank(0));
  const bool largest = node.Int("largest", 1) != 0;
  const bool wide = node.input_dtype(0) == DType::kU64;
  const Dim count = node.output_type(0)->shape.dim(axis);
  ValueId k;
  if (count.is_static()) {
    k = out.ScalarI32(static_cast<std::int32_t>(count.value()));
  } else {
    k = out.Cast(out.Reshape(node.input(1), ir::Shape{}), DType::kI32);
  }
  ValueId x = node.input(0);
  if (wide) x = out.Add(Recast(out, x, DType::kI64), TopBit(out));
  if (!largest) x = Reversed(out, x);
  x = AxisToLast(out, x, axis);
  const auto found = out.EmitMany(OpKind::kTopkV2, std::vector{x, k});
  SMELT_RETURN_IF_ERROR(out.status());
  if (!count.is_static()) {
    for (const ValueId value : found) {
      ir::Shape& shape = out.graph().value(value).type.shape;
      shape.dim(shape.rank() - 1) = count;
    }
  }
  ValueId values = found[0];
  if (!largest) values = Reversed(out, values);
  if (wide) values = Recast(out, out.Sub(values, TopBit(out)), DType::kU64);
  node.SetOutput(0, LastToAxis(out, values, axis));
  if (node.has_output(1)) {
    node.SetOutput(1, LastToAxis(out, out.Cast(found[1], DType::kI64), axis));
  }
  return out.status();
}

Verdict CountFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto axis = ir::NormalizeAxis(node.Int("axis", -1), node.input_rank(0));
  if (!axis) return Verdict::kNotChecked;
  std::optional<std::int64_t> count;
  if (node.schema_version() < 10) {
    count = node.Int("k", 0);
  } else if (const auto ints = node.input_ints(1); ints && ints->size() == 1) {
    count = ints->front();
  }
  if (!count) return Verdict::kHolds;
  const Dim size = node.input_shape(0).dim(*axis);
  if (*count >= 0 && *count <= INT32_MAX && (!size.is_static() || *count <= size.value())) {
    return Verdict::kHolds;
  }
  return Violated(node, 0, "k = " + std::to_string(*count) + " of " + node.input_text(0), finding);
}

Verdict OneCount(const OnnxNode& node, Bounds, Finding& finding) {
  if (node.schema_version() < 10) return Verdict::kHolds;
  if (!node.knows_input(1)) return Verdict::kNotChecked;
  if (node.input_shape(1).ElementCount() == 1) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1), finding);
}

constexpr OnnxConstraint kTopK[] = {
    {Reason::kUnsupportedType, TypeIn<0, kNumericTypes>, {}, "the input is numbers"},
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"},
    {Reason::kValueOutOfRange, AxisAttr<"axis", -1>, {}, "axis is an axis of the input"},
    {Reason::kShapeMismatch, OneCount, {}, "K is one number"},
    {Reason::kValueOutOfRange, CountFits, {}, "k is not negative and within the axis"},
};

constexpr OnnxRule kRules[] = {
    {"", "TopK", 1, 24, kTopK, InferTopK, TranslateTopK},
};

}  // namespace

std::span<const OnnxRule> TopKRules() { return kRules; }

}  // namespace smelt::onnx_import
