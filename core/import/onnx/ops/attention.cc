// Attention.
#include "core/import/onnx/ops/attention_plan.h"

#include <cmath>
#include <string>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/data_type.h"
#include "core/import/onnx/infer.h"
#include "core/ir/runtime_dims.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

enum Input { kQuery, kKey, kValue, kMask, kPastKey, kPastValue, kValidKeys };
enum Result { kY, kPresentKey, kPresentValue, kScores };

// Sizes as (batch, heads, length, size); nothing when they can't be told.
std::optional<Shape> HeadsOf(const OnnxNode& node, int input) {
  if (!node.knows_input(input)) return std::nullopt;
  const Shape& shape = node.input_shape(input);
  if (shape.rank() == 4) return shape;
  const std::int64_t heads = node.Int(input == kQuery ? "q_num_heads" : "kv_num_heads", 0);
  if (shape.rank() != 3 || heads < 1 || !shape.dim(2).is_static()) return std::nullopt;
  return Shape{shape.dim(0), heads, shape.dim(1), shape.dim(2).value() / heads};
}

// Keys of the past and of this step together.
Dim TotalKeys(const OnnxNode& node, const Shape& key) {
  if (!node.knows_input(kPastKey) || node.input_rank(kPastKey) != 4) return key.dim(2);
  return node.symbols().Add(node.input_shape(kPastKey).dim(2), key.dim(2));
}

Status InferAttention(OnnxNode& node) {
  const auto query = HeadsOf(node, kQuery);
  const auto key = HeadsOf(node, kKey);
  const auto value = HeadsOf(node, kValue);
  if (!query || !key || !value) return Status::Ok();
  const DType dtype = node.input_dtype(kQuery);
  const Dim total = TotalKeys(node, *key);
  if (node.input_rank(kQuery) == 4) {
    node.SetOutputType(kY, {dtype, {query->dim(0), query->dim(1), query->dim(2), value->dim(3)}});
  } else {
    node.SetOutputType(
        kY,
        {dtype, {query->dim(0), query->dim(2), node.symbols().Mul(query->dim(1), value->dim(3))}});
  }
  if (node.output_count() > kPresentKey) {
    node.SetOutputType(kPresentKey, {dtype, {key->dim(0), key->dim(1), total, key->dim(3)}});
  }
  if (node.output_count() > kPresentValue) {
    node.SetOutputType(kPresentValue, {node.input_dtype(kValue),
                                       {value->dim(0), value->dim(1), total, value->dim(3)}});
  }
  if (node.output_count() > kScores) {
    node.SetOutputType(kScores, {dtype, {query->dim(0), query->dim(1), query->dim(2), total}});
  }
  return Status::Ok();
}

ValueId And(Builder& out, ValueId a, ValueId b) {
  if (!a.valid()) return b;
  return out.Emit(OpKind::kLogicalAnd, {a, b});
}

// The mask with a last axis as long as the keys: what lies behind its end takes no part.
ValueId PaddedMask(OnnxNode& node, Builder& out, Dim total) {
  const Shape& shape = node.input_shape(kMask);
  const Dim last = shape.dim(shape.rank() - 1);
  if (!last.is_static() || !total.is_static() || last == total) return node.input(kMask);
  std::vector<std::int32_t> pads(static_cast<std::size_t>(2 * shape.rank()), 0);
  pads.back() = static_cast<std::int32_t>(total.value() - last.value());
  const std::int64_t sizes[] = {shape.rank(), 2};
  const ValueId amounts =
      out.Const(ir::Constant::FromValues<std::int32_t>(DType::kI32, {sizes[0], sizes[1]}, pads));
  if (node.input_dtype(kMask) == DType::kBool) {
    return out.Emit(OpKind::kPad, {node.input(kMask), amounts});
  }
  return out.Emit(OpKind::kPadv2,
                  {node.input(kMask), amounts, out.Scalar(node.input_dtype(kMask), -HUGE_VAL)});
}

// Which keys a query may see by its place among them: "causal", a window, and the valid length.
ValueId AllowedByPlace(OnnxNode& node, Builder& out, ValueId query, ValueId key, Dim total) {
  const bool causal = node.Int("is_causal", 0) != 0;
  const std::int64_t left = node.Int("left_window_size", -1);
  const std::int64_t right = node.Int("right_window_size", -1);
  const bool places = causal || left >= 0 || right >= 0;
  const bool counted = node.has_input(kValidKeys);
  if ((!places && !counted) || !out.status().ok()) return {};
  const ValueId keys = Positions(out, key, total);
  ValueId valid;
  ValueId allowed;
  if (counted) {
    valid = out.Reshape(out.Cast(node.input(kValidKeys), DType::kI32),
                        {node.input_shape(kValidKeys).dim(0), 1, 1, 1});
    allowed = out.Emit(OpKind::kLess, {keys, valid});
  }
  if (!places || !out.status().ok()) return allowed;
  const Dim queries = out.type(query).shape.dim(2);
  ValueId place = out.Reshape(Positions(out, query, queries), {queries, 1});
  if (counted) {
    place = out.Add(place, out.Sub(valid, ir::RuntimeDims(out, query).Emit(queries)));
  } else if (node.has_input(kPastKey)) {
    const ValueId past = node.input(kPastKey);
    const ValueId shape = out.Emit(OpKind::kShape, {past}, {{"out_type", std::string("i32")}});
    place = out.Add(place, out.Emit(OpKind::kSlice, {shape, out.ConstI32({2}), out.ConstI32({1})}));
  }
  const auto near = [&](ValueId least, ValueId most) {
    allowed = And(out, allowed, out.Emit(OpKind::kLessEqual, {least, most}));
  };
  const auto shifted = [&](std::int64_t by) {
    return out.Add(place, out.ScalarI32(static_cast<std::int32_t>(by)));
  };
  if (causal) near(keys, place);
  if (left >= 0) near(shifted(-left), keys);
  if (right >= 0) near(keys, shifted(right));
  return allowed;
}

// True when a query may be left without a key. A causal frontier alone leaves the first one.
bool MayHaveEmptyRows(const OnnxNode& node) {
  if (node.has_input(kMask) || node.has_input(kValidKeys)) return true;
  return node.Int("left_window_size", -1) >= 0 || node.Int("right_window_size", -1) >= 0;
}

Status TranslateAttention(OnnxNode& node, Builder& out) {
  const Shape query = *HeadsOf(node, kQuery);
  const std::int64_t key_heads = HeadsOf(node, kKey)->dim(1).value();
  const bool flat = node.input_rank(kQuery) == 3;
  AttentionPlan plan;
  plan.query =
      flat ? SplitHeads(out, node.input(kQuery), query.dim(1).value()) : node.input(kQuery);
  plan.key = flat ? SplitHeads(out, node.input(kKey), key_heads) : node.input(kKey);
  plan.value = flat ? SplitHeads(out, node.input(kValue), key_heads) : node.input(kValue);
  if (node.has_input(kPastKey)) {
    const ir::Attributes joined{{"axis", std::int64_t{2}},
                                {"fused_activation_function", std::string("NONE")}};
    plan.key = out.Emit(OpKind::kConcatenation, {node.input(kPastKey), plan.key}, joined);
    plan.value = out.Emit(OpKind::kConcatenation, {node.input(kPastValue), plan.value}, joined);
  }
  SMELT_RETURN_IF_ERROR(out.status());
  const Dim total = out.type(plan.key).shape.dim(2);
  plan.allowed = AllowedByPlace(node, out, plan.query, plan.key, total);
  if (node.has_input(kMask)) {
    const ValueId mask = PaddedMask(node, out, total);
    if (node.input_dtype(kMask) == DType::kBool) {
      plan.allowed = And(out, plan.allowed, mask);
    } else {
      plan.bias = mask;
    }
  }
  plan.empty_rows = MayHaveEmptyRows(node);
  plan.scale = node.Float("scale", 1 / std::sqrt(static_cast<double>(query.dim(3).value())));
  plan.softcap = node.Float("softcap", 0);
  plan.softmax_type = node.input_dtype(kQuery);
  if (const auto precision = node.Int("softmax_precision", 0); precision != 0) {
    plan.softmax_type = *DTypeFromOnnx(static_cast<std::int32_t>(precision));
  }
  const std::int64_t mode = node.Int("qk_matmul_output_mode", 0);
  const bool wants_scores = node.has_output(kScores);
  const AttentionValues values = EmitAttention(out, plan, wants_scores && mode == 3);
  node.SetOutput(kY, flat ? MergeHeads(out, values.result) : values.result);
  if (node.has_output(kPresentKey)) node.SetOutput(kPresentKey, plan.key);
  if (node.has_output(kPresentValue)) node.SetOutput(kPresentValue, plan.value);
  if (wants_scores) {
    const ValueId stages[] = {values.scores, values.capped, values.biased, values.probabilities};
    node.SetOutput(kScores, stages[mode]);
  }
  return out.status();
}

// --- Checks ---

Verdict HeadsFit(const OnnxNode& node, Bounds, Finding& finding) {
  for (const int input : {kQuery, kKey, kValue}) {
    if (!node.knows_input(input)) return Verdict::kNotChecked;
    const Shape& shape = node.input_shape(input);
    const auto heads = HeadsOf(node, input);
    const bool fits = shape.rank() == node.input_rank(kQuery) && heads &&
                      heads->dim(1).is_static() && heads->dim(1).value() > 0 &&
                      heads->dim(3).is_static() && heads->dim(3).value() > 0 &&
                      (shape.rank() == 4 ||
                       shape.dim(2).value() == heads->dim(1).value() * heads->dim(3).value());
    if (!fits) return Violated(node, input, node.input_text(input), finding);
  }
  const Shape query = *HeadsOf(node, kQuery);
  const Shape key = *HeadsOf(node, kKey);
  const bool related = query.dim(1).value() % key.dim(1).value() == 0 &&
                       query.dim(3) == key.dim(3) && key.dim(1) == HeadsOf(node, kValue)->dim(1);
  return related ? Verdict::kHolds
                 : Violated(node, kKey,
                            node.input_text(kQuery) + " with keys " + node.input_text(kKey) +
                                " and values " + node.input_text(kValue),
                            finding);
}

Verdict MaskFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(kMask)) return Verdict::kHolds;
  const auto key = HeadsOf(node, kKey);
  const auto query = HeadsOf(node, kQuery);
  if (!node.knows_input(kMask) || !key || !query) return Verdict::kNotChecked;
  const Shape& shape = node.input_shape(kMask);
  if (shape.rank() < 1 || shape.rank() > 4) return Verdict::kHolds;  // said by the rank's check
  const Dim last = shape.dim(shape.rank() - 1);
  const Dim total = TotalKeys(node, *key);
  bool fits = !last.is_static() || last.value() != 1 || total.is_static();
  fits = fits && !(last.is_static() && total.is_static() && last.value() > total.value());
  const Dim target[] = {query->dim(0), query->dim(1), query->dim(2)};
  for (int i = 0; i + 1 < shape.rank(); ++i) {
    const Dim dim = shape.dim(i);
    const Dim to = target[4 - shape.rank() + i];
    fits = fits && (dim == Dim(1) || dim == to || !dim.is_static() || !to.is_static());
  }
  return fits ? Verdict::kHolds : Violated(node, kMask, node.input_text(kMask), finding);
}

Verdict MaskTyped(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(kMask)) return Verdict::kHolds;
  if (!node.knows_input(kMask) || !node.knows_input(kQuery)) return Verdict::kNotChecked;
  const DType dtype = node.input_dtype(kMask);
  if (dtype == DType::kBool || dtype == node.input_dtype(kQuery)) return Verdict::kHolds;
  return Violated(node, kMask, node.input_text(kMask), finding);
}

Verdict PastsPaired(const OnnxNode& node, Bounds, Finding& finding) {
  if (node.has_input(kPastKey) == node.has_input(kPastValue)) return Verdict::kHolds;
  return Violated("one of past_key and past_value alone", finding);
}

Verdict OneKindOfCache(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(kPastKey) || !node.has_input(kValidKeys)) return Verdict::kHolds;
  return Violated("past_key together with nonpad_kv_seqlen", finding);
}

Verdict PastsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(kPastKey) || !node.has_input(kPastValue)) return Verdict::kHolds;
  for (const auto& [past, now] : {std::pair{kPastKey, kKey}, std::pair{kPastValue, kValue}}) {
    const auto step = HeadsOf(node, now);
    if (!node.knows_input(past) || !step) return Verdict::kNotChecked;
    const Shape& shape = node.input_shape(past);
    if (shape.rank() != 4 || shape.dim(1) != step->dim(1) || shape.dim(3) != step->dim(3)) {
      return Violated(node, past, node.input_text(past), finding);
    }
  }
  return Verdict::kHolds;
}

Verdict PrecisionIsFloat(const OnnxNode& node, Bounds, Finding& finding) {
  const std::int64_t precision = node.Int("softmax_precision", 0);
  if (precision == 0) return Verdict::kHolds;
  const auto dtype = precision > 0 && precision < 64
                         ? DTypeFromOnnx(static_cast<std::int32_t>(precision))
                         : std::nullopt;
  if (dtype && Contains(kFloatTypes, *dtype)) return Verdict::kHolds;
  return Violated("softmax_precision = " + std::to_string(precision), finding);
}

constexpr OnnxConstraint kAttention[] = {
    {Reason::kUnsupportedType, TypeIn<kQuery, kFloatTypes>, {}, "query of a float type"},
    {Reason::kTypeMismatch, SameType<kQuery, kKey>, {}, "query and key have one type"},
    {Reason::kTypeMismatch, SameType<kQuery, kValue>, {}, "query and value have one type"},
    {Reason::kTypeMismatch, SameType<kKey, kPastKey>, {}, "key and past key have one type"},
    {Reason::kTypeMismatch, SameType<kValue, kPastValue>, {}, "value and past value have one type"},
    {Reason::kUnsupportedRank, RankWithin<kQuery>, {3, 4}, "query of rank {lo} or {hi}"},
    {Reason::kShapeMismatch,
     HeadsFit,
     {},
     "query, key and value of one rank, with static and matching head counts and sizes (rank 3: "
     "q_num_heads and kv_num_heads divide the last axis)"},
    {Reason::kUnsupportedRank, RankWithin<kMask>, {1, 4}, "mask of rank {lo} to {hi}"},
    {Reason::kUnsupportedType, MaskTyped, {}, "mask of bool or of the query's type"},
    {Reason::kShapeMismatch,
     MaskFits,
     {},
     "the mask broadcasts to (batch, heads, queries, keys) or ends earlier in the keys"},
    {Reason::kMissingInput,
     PastsPaired,
     {},
     "past key and past value are both given or both absent"},
    {Reason::kTooManyInputs, OneKindOfCache, {}, "a past or nonpad_kv_seqlen, not both"},
    {Reason::kShapeMismatch,
     PastsFit,
     {},
     "past key and value of rank 4, with the heads and sizes of key and value"},
    {Reason::kUnsupportedRank, RankWithin<kValidKeys>, {1, 1}, "nonpad_kv_seqlen of rank {lo}"},
    {Reason::kUnsupportedAttributeValue,
     IntAttrWithin<"qk_matmul_output_mode", 0>,
     {0, 3},
     "qk_matmul_output_mode {lo} to {hi}"},
    {Reason::kUnsupportedAttributeValue,
     PrecisionIsFloat,
     {},
     "softmax_precision names a float type"},
};

constexpr OnnxRule kRules[] = {
    {"", "Attention", 23, 25, kAttention, InferAttention, TranslateAttention},
};

}  // namespace

std::span<const OnnxRule> AttentionRules() { return kRules; }

}  // namespace smelt::onnx_import
