// Scaled dot product attention over heads, as the operators that compute it share it.
#pragma once

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// What attention is computed of. Masks broadcast to (batch, query heads, queries, keys).
struct AttentionPlan {
  ir::ValueId query;    // (batch, query heads, queries, head size)
  ir::ValueId key;      // (batch, key heads, keys, head size); key heads divide the query heads
  ir::ValueId value;    // (batch, key heads, keys, value head size)
  ir::ValueId allowed;  // bool, may be absent: pairs that take part
  ir::ValueId bias;     // may be absent: added to the scores
  double scale = 1;
  double softcap = 0;       // 0: none
  bool empty_rows = false;  // a query may have no key; its results are 0
  ir::DType softmax_type = ir::DType::kF32;
};

struct AttentionValues {
  ir::ValueId scores;         // scaled products
  ir::ValueId capped;         // after the softcap
  ir::ValueId biased;         // after bias and mask
  ir::ValueId probabilities;  // in the query's type; rows without a key are 0 when `guarded`
  ir::ValueId result;         // (batch, query heads, queries, value head size)
};

// `with_probabilities`: they are a result of their own, so rows without a key are 0 there too.
AttentionValues EmitAttention(ir::Builder& out, const AttentionPlan& plan, bool with_probabilities);

// (batch, length, heads * size) as (batch, heads, length, size), and back.
ir::ValueId SplitHeads(ir::Builder& out, ir::ValueId x, std::int64_t heads);
ir::ValueId MergeHeads(ir::Builder& out, ir::ValueId x);

// 0 .. size - 1 as i32; `size` is a dimension of `x` when it is not static.
ir::ValueId Positions(ir::Builder& out, ir::ValueId x, ir::Dim size);

}  // namespace smelt::onnx_import
