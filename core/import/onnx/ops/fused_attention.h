// What ONNX Runtime's attention operators share: their sizes, the forms of their masks, and the way
// from heads apart to the merged result.
#pragma once

#include <optional>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/attention_plan.h"

namespace smelt::onnx_import {

struct FusedAttentionSizes {
  ir::Dim batch, queries, keys;
  ir::Dim total;  // past and new keys
  std::int64_t heads = 0;
  std::int64_t size = 0, value_size = 0;  // of one head
};

inline bool Agree(ir::Dim a, ir::Dim b) { return a == b || !a.is_static() || !b.is_static(); }

// How a mask names the keys that take part.
enum class MaskForm {
  kNone,
  kLengths,  // (batch): the first keys
  kRanges,   // (2 * batch): their ends, then their starts
  kKeys,     // (batch, total): each key for itself
  kPairs,    // (batch, queries, total)
};
// By the shape of input `mask`; nothing for other shapes.
std::optional<MaskForm> FormOfMask(const OnnxNode& node, int mask,
                                   const FusedAttentionSizes& sizes);

// Elements [first, first + count) of one axis.
ir::ValueId PartOfAxis(ir::Builder& out, ir::ValueId x, int axis, std::int64_t first,
                       std::int64_t count);
// Past (batch, heads, length, size) before what is new.
ir::ValueId JoinPast(ir::Builder& out, ir::ValueId past, ir::ValueId now);

// Query, key and value of `plan` to (batch, queries, heads * value size), under the node's scale,
// unidirectional and mask_filter_value, its mask and its bias of the scores (either may be absent).
ir::ValueId EmitFusedAttention(OnnxNode& node, ir::Builder& out, const FusedAttentionSizes& sizes,
                               AttentionPlan plan, int mask, int score_bias);

// Checks of the inputs that both operators have. Sizes absent: not checked.
Verdict CheckMask(const OnnxNode& node, int mask, const std::optional<FusedAttentionSizes>& sizes,
                  Finding& finding);
Verdict CheckScoreBias(const OnnxNode& node, int input,
                       const std::optional<FusedAttentionSizes>& sizes, Finding& finding);
inline constexpr std::string_view kMaskText =
    "a mask of shape (batch), (2 * batch), (batch, keys) or (batch, queries, keys), the past "
    "included";
inline constexpr std::string_view kScoreBiasText =
    "attention_bias (batch or 1, heads or 1, queries, keys)";

}  // namespace smelt::onnx_import
