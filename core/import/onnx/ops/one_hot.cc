// OneHot and Hardmax.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/indices.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::Dims;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// --- OneHot ---

std::optional<std::int64_t> KnownDepth(const OnnxNode& node) {
  const auto depth = node.input_doubles(1);
  if (!depth || depth->size() != 1) return std::nullopt;
  if (!(std::abs(depth->front()) <= INT32_MAX)) return 0;  // nor is NaN a depth
  return static_cast<std::int64_t>(depth->front());
}

Status InferOneHot(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(2)) return Status::Ok();
  const auto axis = ir::NormalizeAxis(node.Int("axis", -1), node.input_rank(0) + 1);
  if (!axis) return Status::Ok();
  Dim depth;
  if (const auto known = KnownDepth(node)) {
    depth = Dim(std::max<std::int64_t>(*known, 0));
  } else if (const auto dims = node.input_dims(1); dims && dims->size() == 1) {
    depth = dims->front();
  } else {
    depth = node.symbols().Fresh("depth of " + node.output_name(0));
  }
  Shape shape = node.input_shape(0);
  shape.dims().insert(shape.dims().begin() + *axis, depth);
  node.SetOutputType(0, {node.input_dtype(2), std::move(shape)});
  return Status::Ok();
}

// Element `at` of a tensor of two, as a scalar.
ValueId Pick(Builder& out, ValueId pair, std::int32_t at) {
  return out.Reshape(out.Emit(OpKind::kSlice, {pair, out.ConstI32({at}), out.ConstI32({1})}),
                     Shape{});
}

// Indices from -depth on count from the end; the kernel leaves rows without a valid index off.
Status TranslateOneHot(OnnxNode& node, Builder& out) {
  const ValueId indices = out.Cast(node.input(0), DType::kI64);
  const ValueId depth = out.Reshape(node.input(1), Shape{});
  const ValueId wrapped =
      out.Emit(OpKind::kSelectV2, {out.Emit(OpKind::kLess, {indices, out.Scalar(DType::kI64, 0)}),
                                   out.Add(indices, out.Cast(depth, DType::kI64)), indices});
  const std::int64_t axis = *ir::NormalizeAxis(node.Int("axis", -1), node.input_rank(0) + 1);
  const ValueId y =
      out.EmitTyped(OpKind::kOneHot,
                    std::vector{wrapped, out.Cast(depth, DType::kI32), Pick(out, node.input(2), 1),
                                Pick(out, node.input(2), 0)},
                    {{"axis", axis}}, *node.output_type(0));
  node.SetOutput(0, y);
  return out.status();
}

Verdict AxisOfResult(const OnnxNode& node, Bounds, Finding& finding) {
  return CheckAxisAttr(node, "axis", -1, 0, 1, finding);
}

template <int kInput, int kCount>
Verdict Elements(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(kInput)) return Verdict::kNotChecked;
  if (node.input_shape(kInput).ElementCount() == kCount) return Verdict::kHolds;
  return Violated(node, kInput, node.input_text(kInput), finding);
}

Verdict DepthPositive(const OnnxNode& node, Bounds bounds, Finding& finding) {
  const auto depth = KnownDepth(node);
  if (!depth || (*depth >= bounds.lo && *depth <= bounds.hi)) return Verdict::kHolds;
  return Violated(node, 1, "depth " + std::to_string(*depth), finding);
}

// --- Hardmax: the first of the largest elements is 1. ---

int FirstAxis(const OnnxNode& node) {
  const std::int64_t fallback = node.schema_version() < 13 ? 1 : -1;
  return ir::NormalizeAxis(node.Int("axis", fallback), node.input_rank(0)).value_or(0);
}

// Before opset 13 the axes from `axis` on are one.
Status TranslateHardmax(OnnxNode& node, Builder& out) {
  const Shape& shape = node.input_shape(0);
  const int first = FirstAxis(node);
  ValueId x = node.input(0);
  int axis = first;
  if (node.schema_version() < 13 && first < shape.rank() - 1) {
    Shape merged;
    for (int i = 0; i < first; ++i) merged.push_back(shape.dim(i));
    merged.push_back(node.symbols().Product(Shape(Dims(shape.begin() + first, shape.end()))));
    x = out.Reshape(x, merged);
  }
  const ValueId where =
      out.Emit(OpKind::kArgMax, {x, out.ScalarI32(axis)}, {{"output_type", std::string("i32")}});
  SMELT_RETURN_IF_ERROR(out.status());
  const DType dtype = node.input_dtype(0);
  const ValueId y = out.EmitTyped(OpKind::kOneHot,
                                  std::vector{where, SizeOf(out, x, axis, DType::kI32),
                                              out.Scalar(dtype, 1), out.Scalar(dtype, 0)},
                                  {{"axis", std::int64_t{axis}}}, out.type(x));
  node.SetOutput(0, out.Reshape(y, shape));
  return out.status();
}

Verdict HardmaxAxis(const OnnxNode& node, Bounds, Finding& finding) {
  return CheckAxisAttr(node, "axis", node.schema_version() < 13 ? 1 : -1, 0, 0, finding);
}

constexpr OnnxConstraint kOneHot[] = {
    {Reason::kUnsupportedType, TypeIn<0, kNumericTypes>, {}, "the indices are numbers"},
    {Reason::kUnsupportedType, TypeIn<2, kPlainTypes>, {}, "the values are numbers or booleans"},
    {Reason::kValueOutOfRange, AxisOfResult, {}, "axis is an axis of the result"},
    {Reason::kShapeMismatch, Elements<1, 1>, {}, "the depth is one number"},
    {Reason::kShapeMismatch, Elements<2, 2>, {}, "the values are two: off and on"},
    {Reason::kValueOutOfRange, DepthPositive, {1, 1 << 30}, "a constant depth of {lo} to {hi}"},
};
constexpr OnnxConstraint kHardmax[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"},
    {Reason::kValueOutOfRange, HardmaxAxis, {}, "axis is an axis of the input"},
};

constexpr OnnxRule kRules[] = {
    {"", "OneHot", 9, 28, kOneHot, InferOneHot, TranslateOneHot},
    {"", "Hardmax", 1, 13, kHardmax, SameAsFirst, TranslateHardmax},
};

}  // namespace

std::span<const OnnxRule> OneHotRules() { return kRules; }

}  // namespace smelt::onnx_import
