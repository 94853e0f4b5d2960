// MultiHeadAttention as ONNX Runtime defines it: queries, keys and values apart or packed, a bias
// of the projections, masks, and a cache of keys and values.
#include <optional>
#include <string>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/fused_attention.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::Shape;
using ir::ValueId;

enum Input { kQuery, kKey, kValue, kBias, kMask, kScoreBias, kPastKey, kPastValue, kPastLength };

// How the projections come: apart; keys and values in one; all in one; keys and values with their
// heads apart, from another step.
enum class Form { kApart, kPackedPair, kPacked, kCached };

std::optional<Form> FormOf(const OnnxNode& node) {
  if (!node.knows_input(kQuery)) return std::nullopt;
  if (node.input_rank(kQuery) == 5 && !node.has_input(kKey)) return Form::kPacked;
  if (node.input_rank(kQuery) != 3 || !node.knows_input(kKey)) return std::nullopt;
  if (node.input_rank(kKey) == 5 && !node.has_input(kValue)) return Form::kPackedPair;
  if (!node.knows_input(kValue)) return std::nullopt;
  if (node.input_rank(kKey) == 3 && node.input_rank(kValue) == 3) return Form::kApart;
  if (node.input_rank(kKey) == 4 && node.input_rank(kValue) == 4) return Form::kCached;
  return std::nullopt;
}

// Nothing where the inputs do not fit together.
std::optional<FusedAttentionSizes> SizesOf(const OnnxNode& node) {
  const auto form = FormOf(node);
  const std::int64_t heads = node.Int("num_heads", 0);
  if (!form || heads < 1) return std::nullopt;
  const Shape& query = node.input_shape(kQuery);
  FusedAttentionSizes sizes;
  sizes.batch = query.dim(0);
  sizes.queries = query.dim(1);
  sizes.heads = heads;
  const auto per_head = [&](Dim width) -> std::int64_t {
    return width.is_static() && width.value() % heads == 0 ? width.value() / heads : 0;
  };
  if (*form == Form::kPacked) {
    if (query.dim(2) != Dim(heads) || query.dim(3) != Dim(3)) return std::nullopt;
    sizes.keys = sizes.queries;
    sizes.size = sizes.value_size = query.dim(4).is_static() ? query.dim(4).value() : 0;
  } else {
    const Shape& key = node.input_shape(kKey);
    sizes.size = per_head(query.dim(2));
    if (!Agree(key.dim(0), sizes.batch)) return std::nullopt;
    sizes.keys = key.dim(*form == Form::kCached ? 2 : 1);
    if (*form == Form::kPackedPair) {
      if (key.dim(2) != Dim(heads) || key.dim(3) != Dim(2) || key.dim(4) != Dim(sizes.size)) {
        return std::nullopt;
      }
      sizes.value_size = sizes.size;
    } else {
      const Shape& value = node.input_shape(kValue);
      const bool cached = *form == Form::kCached;
      if (cached && (key.dim(1) != Dim(heads) || value.dim(1) != Dim(heads))) return std::nullopt;
      const std::int64_t key_size =
          cached ? (key.dim(3).is_static() ? key.dim(3).value() : 0) : per_head(key.dim(2));
      if (key_size != sizes.size || !Agree(value.dim(cached ? 2 : 1), sizes.keys)) {
        return std::nullopt;
      }
      sizes.value_size =
          cached ? (value.dim(3).is_static() ? value.dim(3).value() : 0) : per_head(value.dim(2));
    }
  }
  if (sizes.size < 1 || sizes.value_size < 1) return std::nullopt;
  sizes.total = sizes.keys;
  if (node.knows_input(kPastKey) && node.input_rank(kPastKey) == 4) {
    sizes.total = node.symbols().Add(node.input_shape(kPastKey).dim(2), sizes.keys);
  }
  return sizes;
}

Status Infer(OnnxNode& node) {
  const auto sizes = SizesOf(node);
  if (!sizes) return Status::Ok();
  const DType dtype = node.input_dtype(kQuery);
  node.SetOutputType(0, {dtype, {sizes->batch, sizes->queries, sizes->heads * sizes->value_size}});
  const std::int64_t widths[] = {sizes->size, sizes->value_size};
  for (int i = 1; i <= 2 && i < node.output_count(); ++i) {
    node.SetOutputType(i, {dtype, {sizes->batch, sizes->heads, sizes->total, widths[i - 1]}});
  }
  return Status::Ok();
}

// The projection's part of the bias, added to (batch, length, width).
ValueId Biased(OnnxNode& node, Builder& out, ValueId x, std::int64_t first, std::int64_t width) {
  if (!node.has_input(kBias)) return x;
  return out.Add(x, PartOfAxis(out, node.input(kBias), 0, first, width));
}

Status Translate(OnnxNode& node, Builder& out) {
  const FusedAttentionSizes sizes = *SizesOf(node);
  const Form form = *FormOf(node);
  const std::int64_t width = sizes.heads * sizes.size, value_width = sizes.heads * sizes.value_size;
  // Slot `i` of a packed tensor (batch, length, heads, slots, size), heads side by side.
  const auto slot = [&](int input, int i, Dim length) {
    return out.Reshape(PartOfAxis(out, node.input(input), 3, i, 1), {sizes.batch, length, width});
  };
  ValueId query, key, value;
  if (form == Form::kPacked) {
    query = slot(kQuery, 0, sizes.queries);
    key = slot(kQuery, 1, sizes.keys);
    value = slot(kQuery, 2, sizes.keys);
  } else {
    query = node.input(kQuery);
    const bool packed = form == Form::kPackedPair;
    key = packed ? slot(kKey, 0, sizes.keys) : node.input(kKey);
    value = packed ? slot(kKey, 1, sizes.keys) : node.input(kValue);
  }
  AttentionPlan plan;
  plan.query = SplitHeads(out, Biased(node, out, query, 0, width), sizes.heads);
  if (form == Form::kCached) {  // their biases were added in the step that made them
    plan.key = key;
    plan.value = value;
  } else {
    plan.key = SplitHeads(out, Biased(node, out, key, width, width), sizes.heads);
    plan.value = SplitHeads(out, Biased(node, out, value, 2 * width, value_width), sizes.heads);
  }
  if (node.has_input(kPastKey)) {
    plan.key = JoinPast(out, node.input(kPastKey), plan.key);
    plan.value = JoinPast(out, node.input(kPastValue), plan.value);
  }
  node.SetOutput(0, EmitFusedAttention(node, out, sizes, plan, kMask, kScoreBias));
  if (node.has_output(1)) node.SetOutput(1, plan.key);
  if (node.has_output(2)) node.SetOutput(2, plan.value);
  return out.status();
}

// --- Checks ---

Verdict InputsFit(const OnnxNode& node, Bounds, Finding& finding) {
  for (int i = kQuery; i <= kValue; ++i) {
    if (node.has_input(i) && !node.knows_input(i)) return Verdict::kNotChecked;
  }
  if (SizesOf(node)) return Verdict::kHolds;
  return Violated(node, kQuery,
                  "query " + node.input_text(kQuery) + ", key " +
                      (node.has_input(kKey) ? node.input_text(kKey) : "absent") + ", value " +
                      (node.has_input(kValue) ? node.input_text(kValue) : "absent"),
                  finding);
}

Verdict BiasFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(kBias)) return Verdict::kHolds;
  const auto sizes = SizesOf(node);
  if (!sizes || !node.knows_input(kBias)) return Verdict::kNotChecked;
  const std::int64_t width = sizes->heads * (2 * sizes->size + sizes->value_size);
  if (node.input_shape(kBias) == Shape{width}) return Verdict::kHolds;
  return Violated(node, kBias, node.input_text(kBias), finding);
}

Verdict MaskFits(const OnnxNode& node, Bounds, Finding& finding) {
  return CheckMask(node, kMask, SizesOf(node), finding);
}

Verdict ScoreBiasFits(const OnnxNode& node, Bounds, Finding& finding) {
  return CheckScoreBias(node, kScoreBias, SizesOf(node), finding);
}

Verdict PastFits(const OnnxNode& node, Bounds, Finding& finding) {
  const auto sizes = SizesOf(node);
  if (!sizes) return Verdict::kNotChecked;
  if (node.has_input(kPastKey) != node.has_input(kPastValue)) {
    return Violated("one of past_key and past_value alone", finding);
  }
  const bool presents = node.has_output(1) || node.has_output(2);
  if (*FormOf(node) == Form::kCached && (node.has_input(kPastKey) || presents)) {
    return Violated("past or present keys beside keys with their heads apart", finding);
  }
  if (!node.has_input(kPastKey)) return Verdict::kHolds;
  const std::int64_t widths[] = {sizes->size, sizes->value_size};
  for (int i = 0; i < 2; ++i) {
    if (!node.knows_input(kPastKey + i)) return Verdict::kNotChecked;
    const Shape& shape = node.input_shape(kPastKey + i);
    const bool fits = shape.rank() == 4 && Agree(shape.dim(0), sizes->batch) &&
                      shape.dim(1) == Dim(sizes->heads) && shape.dim(3) == Dim(widths[i]);
    if (!fits) return Violated(node, kPastKey + i, node.input_text(kPastKey + i), finding);
  }
  return Verdict::kHolds;
}

// Between sequences of different lengths "previous" has no one meaning.
Verdict CausalIsSelf(const OnnxNode& node, Bounds, Finding& finding) {
  const auto sizes = SizesOf(node);
  if (!sizes) return Verdict::kNotChecked;
  if (node.Int("unidirectional", 0) == 0 || Agree(sizes->queries, sizes->keys)) {
    return Verdict::kHolds;
  }
  return Violated("unidirectional from " + node.input_text(kQuery) + " to " + node.input_text(kKey),
                  finding);
}

Verdict NoSharedBuffer(const OnnxNode& node, Bounds, Finding& finding) {
  for (int i = kPastLength; i < node.input_count(); ++i) {
    if (node.has_input(i)) return Violated(node, i, node.input_text(i), finding);
  }
  return Verdict::kHolds;
}

constexpr OnnxConstraint kMultiHead[] = {
    {Reason::kShapeMismatch,
     InputsFit,
     {},
     "query, key and value (batch, length, width) with num_heads dividing static widths; or packed "
     "as (batch, length, heads, 3, size), or keys and values as (batch, length, heads, 2, size); "
     "or keys and values (batch, heads, length, size)"},
    {Reason::kShapeMismatch, BiasFits, {}, "a bias of one value for each projected value"},
    {Reason::kUnsupportedAttributeValue, MaskFits, {}, kMaskText},
    {Reason::kShapeMismatch, ScoreBiasFits, {}, kScoreBiasText},
    {Reason::kShapeMismatch,
     PastFits,
     {},
     "past_key and past_value both or neither, (batch, heads, length, size); no past and no "
     "present where keys come with their heads apart"},
    {Reason::kUnsupportedAttributeValue,
     CausalIsSelf,
     {},
     "unidirectional with as many new keys as queries"},
    {Reason::kUnsupportedOutputs, OutputCount, {3, 3}, "the scores are not used"},
    {Reason::kTooManyInputs,
     NoSharedBuffer,
     {},
     "no past_sequence_length and no cache_indirection: a cache in a shared buffer is updated in "
     "place"},
};

constexpr OnnxRule kRules[] = {
    {kContribDomain, "MultiHeadAttention", 1, 1, kMultiHead, Infer, Translate},
};

}  // namespace

std::span<const OnnxRule> MultiHeadAttentionRules() { return kRules; }

}  // namespace smelt::onnx_import
