// Attention as ONNX Runtime defines it: queries, keys and values are projected inside.
#include <optional>
#include <string>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/fused_attention.h"
#include "core/import/onnx/ops/matrix_product.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

enum Input { kInput, kWeights, kBias, kMask, kPast, kScoreBias, kPastLength };

// Widths of the projected queries (and keys) and of the values.
struct Widths {
  std::int64_t key = 0, value = 0;
};
std::optional<Widths> WidthsOf(const OnnxNode& node) {
  if (!node.knows_input(kWeights) || node.input_rank(kWeights) != 2) return std::nullopt;
  const Dim all = node.input_shape(kWeights).dim(1);
  if (!all.is_static()) return std::nullopt;
  const auto stated = node.Ints("qkv_hidden_sizes");
  if (!stated || stated->empty()) {
    if (all.value() % 3 != 0) return std::nullopt;
    return Widths{all.value() / 3, all.value() / 3};
  }
  const bool fits = stated->size() == 3 && (*stated)[0] > 0 && (*stated)[0] == (*stated)[1] &&
                    (*stated)[0] <= all.value() && (*stated)[2] == all.value() - 2 * (*stated)[0];
  return fits ? std::optional(Widths{(*stated)[0], (*stated)[2]}) : std::nullopt;
}

std::optional<FusedAttentionSizes> SizesOf(const OnnxNode& node) {
  const auto widths = WidthsOf(node);
  const std::int64_t heads = node.Int("num_heads", 0);
  if (!widths || heads < 1 || !node.knows_input(kInput) || node.input_rank(kInput) != 3) {
    return std::nullopt;
  }
  const Shape& input = node.input_shape(kInput);
  if (widths->key % heads != 0 || widths->value % heads != 0 || widths->value < heads ||
      widths->key < heads || !Agree(input.dim(2), node.input_shape(kWeights).dim(0))) {
    return std::nullopt;
  }
  FusedAttentionSizes sizes{input.dim(0), input.dim(1), input.dim(1), input.dim(1)};
  sizes.heads = heads;
  sizes.size = widths->key / heads;
  sizes.value_size = widths->value / heads;
  if (node.knows_input(kPast) && node.input_rank(kPast) == 5) {
    sizes.total = node.symbols().Add(node.input_shape(kPast).dim(3), sizes.keys);
  }
  return sizes;
}

Status Infer(OnnxNode& node) {
  const auto sizes = SizesOf(node);
  if (!sizes) return Status::Ok();
  const DType dtype = node.input_dtype(kInput);
  node.SetOutputType(0, {dtype, {sizes->batch, sizes->queries, sizes->heads * sizes->value_size}});
  if (node.output_count() > 1) {
    node.SetOutputType(1, {dtype, {2, sizes->batch, sizes->heads, sizes->total, sizes->size}});
  }
  return Status::Ok();
}

Status Translate(OnnxNode& node, Builder& out) {
  const FusedAttentionSizes sizes = *SizesOf(node);
  const Widths widths = *WidthsOf(node);
  const Shape all{sizes.batch, sizes.queries, 2 * widths.key + widths.value};
  ValueId projected = EmitProduct(out, {node.input(kInput), node.input(kWeights)}, all);
  if (node.has_input(kBias)) projected = out.Add(projected, node.input(kBias));
  const auto heads = [&](std::int64_t first, std::int64_t width) {
    return SplitHeads(out, PartOfAxis(out, projected, 2, first, width), sizes.heads);
  };
  AttentionPlan plan;
  plan.query = heads(0, widths.key);
  plan.key = heads(widths.key, widths.key);
  plan.value = heads(2 * widths.key, widths.value);
  if (node.has_input(kPast)) {
    const Shape& past = node.input_shape(kPast);
    const Shape one{past.dim(1), past.dim(2), past.dim(3), past.dim(4)};
    const auto half = [&](int i) {
      return out.Reshape(PartOfAxis(out, node.input(kPast), 0, i, 1), one);
    };
    plan.key = JoinPast(out, half(0), plan.key);
    plan.value = JoinPast(out, half(1), plan.value);
  }
  node.SetOutput(0, EmitFusedAttention(node, out, sizes, plan, kMask, kScoreBias));
  if (node.has_output(1)) {
    node.SetOutput(1, out.Emit(OpKind::kPack, {plan.key, plan.value},
                               {{"values_count", std::int64_t{2}}, {"axis", std::int64_t{0}}}));
  }
  return out.status();
}

// --- Checks ---

Verdict InputsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(kInput) || !node.knows_input(kWeights)) return Verdict::kNotChecked;
  if (SizesOf(node)) return Verdict::kHolds;
  return Violated(node, kWeights, node.input_text(kInput) + " by " + node.input_text(kWeights),
                  finding);
}

Verdict BiasFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(kBias)) return Verdict::kHolds;
  if (!node.knows_input(kBias) || !node.knows_input(kWeights)) return Verdict::kNotChecked;
  if (node.input_rank(kWeights) != 2) return Verdict::kNotChecked;
  const bool fits = node.input_rank(kBias) == 1 &&
                    Agree(node.input_shape(kBias).dim(0), node.input_shape(kWeights).dim(1));
  return fits ? Verdict::kHolds : Violated(node, kBias, node.input_text(kBias), finding);
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
  const bool cached = node.has_input(kPast) || node.has_output(1);
  if (cached && sizes->size != sizes->value_size) {
    return Violated("a past or present with values of another size", finding);
  }
  if (!node.has_input(kPast)) return Verdict::kHolds;
  if (!node.knows_input(kPast)) return Verdict::kNotChecked;
  const Shape& shape = node.input_shape(kPast);
  const bool fits = shape.rank() == 5 && Agree(shape.dim(0), Dim(2)) &&
                    Agree(shape.dim(1), sizes->batch) && shape.dim(2) == Dim(sizes->heads) &&
                    shape.dim(4) == Dim(sizes->size);
  return fits ? Verdict::kHolds : Violated(node, kPast, node.input_text(kPast), finding);
}

Verdict NoPastLength(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(kPastLength)) return Verdict::kHolds;
  return Violated(node, kPastLength, node.input_text(kPastLength), finding);
}

constexpr OnnxConstraint kProjected[] = {
    {Reason::kShapeMismatch,
     InputsFit,
     {},
     "input (batch, length, width) and weights (width, queries + keys + values) of static size, "
     "which num_heads divides"},
    {Reason::kShapeMismatch, BiasFits, {}, "a bias of one value for each column"},
    {Reason::kUnsupportedAttributeValue, MaskFits, {}, kMaskText},
    {Reason::kShapeMismatch, ScoreBiasFits, {}, kScoreBiasText},
    {Reason::kShapeMismatch,
     PastFits,
     {},
     "past (2, batch, heads, length, size), with values as wide as keys"},
    {Reason::kTooManyInputs,
     NoPastLength,
     {},
     "no past_sequence_length: a cache in a shared buffer is updated in place"},
    {Reason::kUnsupportedAttributeValue,
     IntAttrWithin<"past_present_share_buffer", 0>,
     {0, 0},
     "past_present_share_buffer {lo}"},
    {Reason::kUnsupportedAttributeValue,
     IntAttrWithin<"do_rotary", 0>,
     {0, 0},
     "do_rotary {lo}: no rotary embedding inside"},
};

constexpr OnnxRule kRules[] = {
    {kContribDomain, "Attention", 1, 1, kProjected, Infer, Translate},
};

}  // namespace

std::span<const OnnxRule> ProjectedAttentionRules() { return kRules; }

}  // namespace smelt::onnx_import
