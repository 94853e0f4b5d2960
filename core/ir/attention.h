// Scaled dot product attention as a composite.
#pragma once

#include <string>
#include <string_view>

#include "core/ir/builder.h"

namespace smelt::ir {

inline constexpr std::string_view kAttention = "odml.scaled_dot_product_attention";

// False for a single head of several batches: LiteRT's CPU delegate takes it for one that queries
// share, and then allocates no larger batch.
inline bool DelegatesTakeHeads(Dim batch, Dim heads) { return heads != Dim(1) || batch == Dim(1); }

// softmax(scale * query key^T + mask) value of each head, in f32. The heads come behind the length,
// as the projections leave them.
struct Attention {
  ValueId query;  // (batch, queries, heads, size)
  ValueId key;    // (batch, keys, heads, size)
  ValueId value;  // (batch, keys, heads, size)
  ValueId mask;   // broadcasts to (batch, heads, queries, keys)
  double scale = 1;
  std::string label;  // makes the name of the body's graph its own
};
// (batch, queries, heads, size): a composite with a body.
ValueId EmitAttentionComposite(Builder& out, const Attention& attention);

}  // namespace smelt::ir
