// Results whose size the data decide: NonZero, Compress.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/found_rows.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

Status InferNonZero(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const Dim count = node.symbols().Fresh("non-zero elements of " + node.input_name(0));
  node.SetOutputType(0, {DType::kI64, Shape{node.input_rank(0), count}});
  return Status::Ok();
}

Status TranslateNonZero(OnnxNode& node, Builder& out) {
  const ValueId rows = FoundRows(out, node.input(0), node.output_type(0)->shape.dim(1));
  node.SetOutput(0, out.Transpose(rows, {1, 0}));
  return out.status();
}

// --- Compress: without an axis of the flattened input. ---

std::optional<int> CompressedAxis(const OnnxNode& node) {
  if (!node.has_attr("axis")) return 0;
  return ir::NormalizeAxis(node.Int("axis", 0), node.input_rank(0));
}

Status InferCompress(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const auto axis = CompressedAxis(node);
  if (!axis) return Status::Ok();
  Dim count;
  if (const auto flags = node.input_ints(1)) {
    count =
        Dim(static_cast<std::int64_t>(flags->size()) - std::count(flags->begin(), flags->end(), 0));
  } else {
    count = node.symbols().Fresh("chosen elements of " + node.input_name(0));
  }
  Shape shape = node.input_shape(0);
  if (!node.has_attr("axis")) shape = Shape{count};
  shape.dim(*axis) = count;
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

Status TranslateCompress(OnnxNode& node, Builder& out) {
  const int axis = *CompressedAxis(node);
  const Dim count = node.output_type(0)->shape.dim(axis);
  ValueId x = node.input(0);
  if (!node.has_attr("axis")) {
    x = out.Reshape(x, Shape{node.symbols().Product(node.input_shape(0))});
  }
  const ValueId places = out.Reshape(FoundRows(out, node.input(1), count), Shape{count});
  node.SetOutput(0, out.Emit(OpKind::kGather, {x, places},
                             {{"axis", std::int64_t{axis}}, {"batch_dims", std::int64_t{0}}}));
  return out.status();
}

Verdict CompressAxis(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_attr("axis")) return Verdict::kHolds;
  return CheckAxisAttr(node, "axis", 0, 0, 0, finding);
}

Verdict ConditionInside(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const auto axis = CompressedAxis(node);
  const auto flags = node.input_shape(1).ElementCount();
  if (!axis || !flags) return Verdict::kHolds;
  const Dim size = node.has_attr("axis") ? node.input_shape(0).dim(*axis)
                                         : node.symbols().Product(node.input_shape(0));
  if (!size.is_static() || *flags <= size.value()) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1) + " for data of " + node.input_text(0), finding);
}

constexpr OnnxConstraint kNonZero[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is numbers or booleans"},
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"},
};
constexpr OnnxConstraint kCompress[] = {
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "the input is numbers or booleans"},
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"},
    {Reason::kUnsupportedRank, RankWithin<1>, {1, 1}, "the condition has rank {lo}"},
    {Reason::kValueOutOfRange, CompressAxis, {}, "axis is an axis of the input"},
    {Reason::kShapeMismatch,
     ConditionInside,
     {},
     "the condition is not longer than the axis that it chooses from"},
};

constexpr OnnxRule kRules[] = {
    {"", "NonZero", 9, 13, kNonZero, InferNonZero, TranslateNonZero},
    {"", "Compress", 9, 28, kCompress, InferCompress, TranslateCompress},
};

}  // namespace

ValueId FoundRows(Builder& out, ValueId x, Dim count) {
  if (!out.status().ok()) return {};
  if (out.constant(x) != nullptr) return out.Emit(OpKind::kWhere, {x});
  return out.EmitTyped(OpKind::kWhere, std::vector{x}, {},
                       {DType::kI64, Shape{count, out.type(x).shape.rank()}});
}

std::span<const OnnxRule> NonZeroRules() { return kRules; }

}  // namespace smelt::onnx_import
