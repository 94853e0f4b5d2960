// GroupQueryAttention as ONNX Runtime defines it: fewer heads of keys than of queries, rotary
// positions, and a cache that is as long as the run says, for each element of the batch.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/attention_plan.h"
#include "core/import/onnx/ops/computed_axes.h"
#include "core/import/onnx/ops/fused_attention.h"
#include "core/import/onnx/ops/group_query_sizes.h"
#include "core/import/onnx/ops/turned_pairs.h"
#include "core/ir/runtime_dims.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

Status Infer(OnnxNode& node) {
  const auto sizes = GroupQuerySizesOf(node);
  if (!sizes) return Status::Ok();
  const DType dtype = node.input_dtype(kQuery);
  node.SetOutputType(0, {dtype, {sizes->batch, sizes->queries, sizes->heads * sizes->size}});
  const Shape cache{sizes->batch, sizes->key_heads, PresentRows(node, *sizes), sizes->size};
  for (int i = 1; i <= 2 && i < node.output_count(); ++i) node.SetOutputType(i, {dtype, cache});
  return Status::Ok();
}

class Attending {
 public:
  Attending(OnnxNode& node, Builder& out)
      : node_(node), out_(out), sizes_(*GroupQuerySizesOf(node)), dims_(out, node.input(kQuery)) {}

  Status Run() {
    const ValueId queries = dims_.Emit(sizes_.queries);
    const ValueId total = AsIndexRow(out_, node_.input(kTotal));
    // Where all keys are new the cache is not read, whatever it holds.
    last_ = out_.Cast(out_.Reshape(node_.input(kLengths), Shape{sizes_.batch, 1}), DType::kI32);
    const ValueId before = out_.Sub(out_.Add(last_, out_.ScalarI32(1)), queries);
    const ValueId first = out_.Emit(OpKind::kEqual, {total, queries});
    past_ = out_.Emit(OpKind::kSelectV2, {first, out_.ScalarI32(0), before});  // (batch, 1)
    AttentionPlan plan;
    plan.query = Turned(Heads(kQuery, 0, sizes_.heads));
    const ValueId key = Turned(Heads(kKey, sizes_.heads, sizes_.key_heads));
    const ValueId value = Heads(kValue, sizes_.heads + sizes_.key_heads, sizes_.key_heads);
    const ValueId rows = PresentRowsAtRunTime(total);
    const ValueId places = CountUpTo(out_, rows);
    const ValueId sources = Sources(places, queries);
    plan.key = Present(kPastKey, key, sources);
    plan.value = Present(kPastValue, value, sources);
    plan.allowed = Allowed(places);
    plan.empty_rows = MayBePadding() && Window() >= 0 && !WindowEndsWithKeys();
    plan.scale = node_.Float("scale", 0);
    if (plan.scale == 0) plan.scale = 1 / std::sqrt(static_cast<double>(sizes_.size));
    plan.softcap = node_.Float("softcap", 0);
    node_.SetOutput(0, MergeHeads(out_, EmitAttention(out_, plan, false).result));
    if (node_.has_output(1)) node_.SetOutput(1, plan.key);
    if (node_.has_output(2)) node_.SetOutput(2, plan.value);
    return out_.status();
  }

 private:
  // (batch, heads, queries, size) of an input, or of its heads among those packed in the first.
  ValueId Heads(int input, std::int64_t first, std::int64_t count) {
    if (!IsPacked(node_)) return SplitHeads(out_, node_.input(input), count);
    return SplitHeads(
        out_, PartOfAxis(out_, node_.input(kQuery), 2, first * sizes_.size, count * sizes_.size),
        count);
  }

  // (batch, queries): the place of each query among all keys.
  ValueId Places() {
    const ValueId steps = CountUpTo(out_, dims_.Emit(sizes_.queries));
    return out_.Add(past_, out_.Reshape(steps, Shape{1, sizes_.queries}));
  }

  ValueId Turned(ValueId x) {
    if (node_.Int("do_rotary", 0) == 0) return x;
    const ValueId at =
        node_.has_input(kPositions) ? out_.Cast(node_.input(kPositions), DType::kI32) : Places();
    const auto angles = [&](int input) {
      const ValueId rows = out_.Emit(OpKind::kGather, {node_.input(input), at},
                                     {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
      return out_.Emit(OpKind::kExpandDims, {rows, out_.ScalarI32(1)});
    };
    const std::int64_t rotated = 2 * node_.input_shape(kCosine).dim(1).value();
    const bool interleaved = node_.Int("rotary_interleaved", 0) != 0;
    return TurnPairs(out_, x, angles(kCosine), angles(kSine), rotated, interleaved);
  }

  ValueId PresentRowsAtRunTime(ValueId total) {
    if (!node_.has_input(kPastKey)) return total;
    ir::RuntimeDims dims(out_, node_.input(kPastKey));
    return out_.Maximum(total, dims.Emit(sizes_.past));
  }

  // (batch, rows): where each row of the present cache comes from, the past one with the new rows
  // and a row of zeros behind it.
  ValueId Sources(ValueId places, ValueId queries) {
    ValueId cached = out_.ScalarI32(0);
    if (node_.has_input(kPastKey)) {
      cached = ir::RuntimeDims(out_, node_.input(kPastKey)).Emit(sizes_.past);
    }
    const ValueId zeros = out_.Add(cached, queries);
    const ValueId behind = out_.Sub(places, past_);  // (batch, rows): counted from the new ones
    const ValueId is_new = out_.Emit(OpKind::kLess, {behind, queries});
    const ValueId fresh = out_.Emit(OpKind::kSelectV2, {is_new, out_.Add(behind, cached), zeros});
    const ValueId is_past = out_.Emit(OpKind::kLess, {behind, out_.ScalarI32(0)});
    return out_.Emit(OpKind::kSelectV2, {is_past, places, fresh});
  }

  ValueId Present(int past, ValueId now, ValueId sources) {
    const ValueId all = node_.has_input(past) ? JoinPast(out_, node_.input(past), now) : now;
    const ValueId table = out_.Const(ir::Constant::FromValues<std::int32_t>(
        DType::kI32, {4, 2}, std::vector<std::int32_t>{0, 0, 0, 0, 0, 1, 0, 0}));
    const ValueId padded = out_.Emit(OpKind::kPad, {all, table});
    return out_.Emit(OpKind::kGather, {padded, sources},
                     {{"axis", std::int64_t{2}}, {"batch_dims", std::int64_t{1}}});
  }

  std::int64_t Window() const { return node_.Int("local_window_size", -1); }
  // Of several queries some may stand behind the keys of their element of the batch.
  bool MayBePadding() const { return sizes_.queries != Dim(1); }

  // Where the window of padding stands: ONNX Runtime's plain kernel, which it takes for a softcap,
  // counts it from the last key, its flash kernel from the query's own place, so that it may be
  // empty and the result 0.
  bool WindowEndsWithKeys() const { return node_.Float("softcap", 0) > 0; }

  // (batch, 1, queries, rows): keys up to the query's own place, within the window. Padding sees
  // none of its own: its keys end where those of its element of the batch end.
  ValueId Allowed(ValueId places) {
    const auto spread = [&](ValueId x) {
      return out_.Emit(OpKind::kExpandDims,
                       {out_.Emit(OpKind::kExpandDims, {x, out_.ScalarI32(1)}), out_.ScalarI32(3)});
    };
    const ValueId own = Places();
    const ValueId last = MayBePadding() ? out_.Minimum(own, last_) : own;
    const ValueId causal = out_.Emit(OpKind::kLessEqual, {places, spread(last)});
    if (Window() < 0) return causal;
    const ValueId reach =
        out_.ScalarI32(static_cast<std::int32_t>(std::min<std::int64_t>(Window(), INT32_MAX)));
    const ValueId from = out_.Sub(WindowEndsWithKeys() ? last : own, reach);
    const ValueId near = out_.Emit(OpKind::kGreater, {places, spread(from)});
    return out_.Emit(OpKind::kLogicalAnd, {causal, near});
  }

  OnnxNode& node_;
  Builder& out_;
  GroupQuerySizes sizes_;
  ir::RuntimeDims dims_;
  ValueId last_;  // (batch, 1): the place of the last key, seqlens_k
  ValueId past_;  // (batch, 1): keys of former steps
};

Status Translate(OnnxNode& node, Builder& out) { return Attending(node, out).Run(); }

// --- Constraints ---

Verdict OperandsFit(const OnnxNode& node, Bounds, Finding& finding) {
  for (int i = 0; i <= kPastValue; ++i) {
    if (node.has_input(i) && !node.knows_input(i)) return Verdict::kNotChecked;
  }
  if (GroupQuerySizesOf(node)) return Verdict::kHolds;
  return Violated(node, kQuery, node.input_text(kQuery), finding);
}

Verdict PastFits(const OnnxNode& node, Bounds, Finding& finding) {
  const bool both = node.has_input(kPastKey) == node.has_input(kPastValue);
  if (both && node.has_input(kKey) == node.has_input(kValue)) return Verdict::kHolds;
  return Violated("one of key and value alone", finding);
}

Verdict LengthsFit(const OnnxNode& node, Bounds, Finding& finding) {
  const auto sizes = GroupQuerySizesOf(node);
  if (!sizes || !node.knows_input(kLengths) || !node.knows_input(kTotal)) {
    return Verdict::kNotChecked;
  }
  const Shape& lengths = node.input_shape(kLengths);
  const bool row = lengths.rank() == 1 || (lengths.rank() == 2 && lengths.dim(1) == Dim(1));
  if (!row || !Agree(lengths.dim(0), sizes->batch)) {
    return Violated(node, kLengths, node.input_text(kLengths), finding);
  }
  if (node.input_shape(kTotal).ElementCount() == 1) return Verdict::kHolds;
  return Violated(node, kTotal, node.input_text(kTotal), finding);
}

Verdict AnglesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (node.Int("do_rotary", 0) == 0) return Verdict::kHolds;
  const auto sizes = GroupQuerySizesOf(node);
  if (!sizes) return Verdict::kNotChecked;
  for (const int i : {static_cast<int>(kCosine), static_cast<int>(kSine)}) {
    if (!node.has_input(i)) return Violated("do_rotary without angles", finding);
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    const Shape& shape = node.input_shape(i);
    const bool fits = shape.rank() == 2 && shape.dim(1).is_static() && shape.dim(1).value() >= 1 &&
                      2 * shape.dim(1).value() <= sizes->size &&
                      shape.dim(1) == node.input_shape(kCosine).dim(1);
    if (!fits) return Violated(node, i, node.input_text(i), finding);
  }
  if (!node.has_input(kPositions)) return Verdict::kHolds;
  if (!node.knows_input(kPositions)) return Verdict::kNotChecked;
  const ir::TensorType wanted = {node.input_dtype(kPositions), Shape{sizes->batch, sizes->queries}};
  if (ir::MayAgree(node.input_type(kPositions), wanted)) return Verdict::kHolds;
  return Violated(node, kPositions, node.input_text(kPositions), finding);
}

// Absent attributes stand for the plain form.
Verdict IsPlain(const OnnxNode& node, Bounds, Finding& finding) {
  struct Row {
    const char* name;
    std::int64_t plain;
  };
  static constexpr Row kRows[] = {
      {"smooth_softmax", 0}, {"sliding_window_cache", 0}, {"qk_output", 0}, {"causal", 1}};
  for (const Row& row : kRows) {
    const std::int64_t value = node.Int(row.name, row.plain);
    const bool unset = std::string_view(row.name) != "causal" && value == -1;
    if (value != row.plain && !unset) {
      return Violated(std::string(row.name) + " = " + std::to_string(value), finding);
    }
  }
  // A window of nothing: versions of ONNX Runtime mean different things by it.
  if (node.Int("local_window_size", -1) == 0) return Violated("local_window_size = 0", finding);
  return Verdict::kHolds;
}

Verdict NoFurtherInputs(const OnnxNode& node, Bounds, Finding& finding) {
  for (int i = kScoreBias; i < node.input_count(); ++i) {
    if (node.has_input(i)) return Violated(node, i, node.input_text(i), finding);
  }
  return Verdict::kHolds;
}

constexpr OnnxConstraint kGroupQuery[] = {
    {Reason::kUnsupportedType,
     TypeIn<kQuery, Types(DType::kF32, DType::kF16)>,
     {},
     "query of type f32 or f16"},
    {Reason::kShapeMismatch,
     OperandsFit,
     {},
     "query, key and value (batch, length, heads * size) of static widths, or all in the query; "
     "kv_num_heads divides num_heads; past (batch, kv_num_heads, rows, size)"},
    {Reason::kShapeMismatch, PastFits, {}, "key and value, and their past, both or neither"},
    {Reason::kShapeMismatch,
     LengthsFit,
     {},
     "seqlens_k of one length for each element of the batch, one total_sequence_length"},
    {Reason::kShapeMismatch,
     AnglesFit,
     {},
     "with do_rotary: caches (positions, half), position_ids (batch, length)"},
    {Reason::kUnsupportedAttributeValue,
     IsPlain,
     {},
     "smooth_softmax, sliding_window_cache and qk_output 0, causal 1, local_window_size not 0"},
    {Reason::kTooManyInputs,
     NoFurtherInputs,
     {},
     "no attention_bias, head_sink, scales of a quantized cache or norms"},
    {Reason::kUnsupportedOutputs, OutputCount, {3, 3}, "the scores are not used"},
};

constexpr OnnxRule kRules[] = {
    {kContribDomain, "GroupQueryAttention", 1, 1, kGroupQuery, Infer, Translate},
};

}  // namespace

std::span<const OnnxRule> GroupQueryAttentionRules() { return kRules; }

}  // namespace smelt::onnx_import
