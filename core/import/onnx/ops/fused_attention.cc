#include "core/import/onnx/ops/fused_attention.h"

#include <cmath>
#include <string>
#include <vector>

#include "core/ir/runtime_dims.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

constexpr double kMaskFilter = -10000;

// The keys that the mask admits, bool; nothing without a mask.
ValueId Admitted(OnnxNode& node, Builder& out, int input, const FusedAttentionSizes& sizes,
                 ValueId keys) {
  const MaskForm form = *FormOfMask(node, input, sizes);
  if (form == MaskForm::kNone) return {};
  const ValueId mask = node.input(input);
  if (form == MaskForm::kKeys || form == MaskForm::kPairs) {
    const Shape& shape = node.input_shape(input);
    const Shape wide = form == MaskForm::kKeys ? Shape{shape.dim(0), 1, 1, shape.dim(1)}
                                               : Shape{shape.dim(0), 1, shape.dim(1), shape.dim(2)};
    return out.Emit(OpKind::kGreater, {out.Reshape(mask, wide), out.ScalarI32(0)});
  }
  const ValueId places = Positions(out, keys, sizes.total);
  if (form == MaskForm::kLengths) {
    return out.Emit(OpKind::kLess, {places, out.Reshape(mask, {sizes.batch, 1, 1, 1})});
  }
  const std::int64_t batch = sizes.batch.value();
  const ValueId ends = out.Reshape(PartOfAxis(out, mask, 0, 0, batch), {batch, 1, 1, 1});
  const ValueId starts = out.Reshape(PartOfAxis(out, mask, 0, batch, batch), {batch, 1, 1, 1});
  return out.Emit(OpKind::kLogicalAnd, {out.Emit(OpKind::kLess, {places, ends}),
                                        out.Emit(OpKind::kGreaterEqual, {places, starts})});
}

// Keys up to the query's own place, the past included: (queries, total).
ValueId Causal(Builder& out, ValueId query, ValueId keys, const FusedAttentionSizes& sizes) {
  ValueId place = out.Reshape(Positions(out, query, sizes.queries), {sizes.queries, 1});
  if (sizes.total != sizes.keys) {
    ir::RuntimeDims dims(out, keys);
    const ValueId past =
        sizes.total.is_static() && sizes.keys.is_static()
            ? out.ScalarI32(static_cast<std::int32_t>(sizes.total.value() - sizes.keys.value()))
            : out.Sub(dims.Emit(sizes.total), dims.Emit(sizes.keys));
    place = out.Add(place, past);
  }
  return out.Emit(OpKind::kLessEqual, {Positions(out, keys, sizes.total), place});
}

}  // namespace

std::optional<MaskForm> FormOfMask(const OnnxNode& node, int mask,
                                   const FusedAttentionSizes& sizes) {
  if (!node.has_input(mask)) return MaskForm::kNone;
  if (!node.knows_input(mask)) return std::nullopt;
  const Shape& shape = node.input_shape(mask);
  const auto is = [&](int axis, Dim dim) { return Agree(shape.dim(axis), dim); };
  if (shape.rank() == 1) {
    if (shape.dim(0) == sizes.batch) return MaskForm::kLengths;
    const bool twice = shape.dim(0).is_static() && sizes.batch.is_static() &&
                       shape.dim(0).value() == 2 * sizes.batch.value();
    if (twice) return MaskForm::kRanges;
  }
  if (shape.rank() == 2 && is(0, sizes.batch) && is(1, sizes.total)) {
    return MaskForm::kKeys;
  }
  if (shape.rank() == 3 && is(0, sizes.batch) && is(1, sizes.queries) && is(2, sizes.total)) {
    return MaskForm::kPairs;
  }
  return std::nullopt;
}

ValueId PartOfAxis(Builder& out, ValueId x, int axis, std::int64_t first, std::int64_t count) {
  if (!out.status().ok()) return {};
  const auto rank = static_cast<std::size_t>(out.type(x).shape.rank());
  std::vector<std::int32_t> begin(rank, 0), size(rank, -1);
  begin[static_cast<std::size_t>(axis)] = static_cast<std::int32_t>(first);
  size[static_cast<std::size_t>(axis)] = static_cast<std::int32_t>(count);
  return out.Emit(OpKind::kSlice, {x, out.ConstI32(begin), out.ConstI32(size)});
}

ValueId JoinPast(Builder& out, ValueId past, ValueId now) {
  return out.Emit(OpKind::kConcatenation, {past, now},
                  {{"axis", std::int64_t{2}}, {"fused_activation_function", std::string("NONE")}});
}

ValueId EmitFusedAttention(OnnxNode& node, Builder& out, const FusedAttentionSizes& sizes,
                           AttentionPlan plan, int mask, int score_bias) {
  if (!out.status().ok()) return {};
  const DType dtype = out.type(plan.query).dtype;
  const ValueId admitted = Admitted(node, out, mask, sizes, plan.key);
  if (admitted.valid()) {  // the definition adds a finite number; rows without a key stay finite
    const ValueId filter = out.Scalar(dtype, node.Float("mask_filter_value", kMaskFilter));
    plan.bias = out.Emit(OpKind::kSelectV2, {admitted, out.Scalar(dtype, 0), filter});
  }
  if (node.has_input(score_bias)) {
    const ValueId added = node.input(score_bias);
    plan.bias = plan.bias.valid() ? out.Add(plan.bias, added) : added;
  }
  if (node.Int("unidirectional", 0) != 0) plan.allowed = Causal(out, plan.query, plan.key, sizes);
  plan.scale = node.Float("scale", 0);
  if (plan.scale == 0) plan.scale = 1 / std::sqrt(static_cast<double>(sizes.size));
  return MergeHeads(out, EmitAttention(out, plan, false).result);
}

Verdict CheckMask(const OnnxNode& node, int mask, const std::optional<FusedAttentionSizes>& sizes,
                  Finding& finding) {
  if (!sizes || (node.has_input(mask) && !node.knows_input(mask))) return Verdict::kNotChecked;
  if (FormOfMask(node, mask, *sizes)) return Verdict::kHolds;
  return Violated(node, mask, node.input_text(mask), finding);
}

Verdict CheckScoreBias(const OnnxNode& node, int input,
                       const std::optional<FusedAttentionSizes>& sizes, Finding& finding) {
  if (!node.has_input(input)) return Verdict::kHolds;
  if (!sizes || !node.knows_input(input)) return Verdict::kNotChecked;
  const Shape& shape = node.input_shape(input);
  const bool fits = shape.rank() == 4 &&
                    (shape.dim(0) == Dim(1) || Agree(shape.dim(0), sizes->batch)) &&
                    (shape.dim(1) == Dim(1) || shape.dim(1) == Dim(sizes->heads)) &&
                    Agree(shape.dim(2), sizes->queries) && Agree(shape.dim(3), sizes->total);
  return fits ? Verdict::kHolds : Violated(node, input, node.input_text(input), finding);
}

}  // namespace smelt::onnx_import
