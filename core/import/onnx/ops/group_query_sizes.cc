#include "core/import/onnx/ops/group_query_sizes.h"

#include "core/import/onnx/ops/fused_attention.h"

namespace smelt::onnx_import {

using ir::Dim;
using ir::Shape;

bool IsPacked(const OnnxNode& node) { return !node.has_input(kKey); }

std::optional<GroupQuerySizes> GroupQuerySizesOf(const OnnxNode& node) {
  if (!node.knows_input(kQuery) || node.input_rank(kQuery) != 3) return std::nullopt;
  GroupQuerySizes sizes;
  sizes.heads = node.Int("num_heads", 0);
  sizes.key_heads = node.Int("kv_num_heads", 0);
  constexpr std::int64_t kMost = 1 << 20;
  if (sizes.heads < 1 || sizes.heads > kMost || sizes.key_heads < 1 ||
      sizes.heads % sizes.key_heads != 0) {
    return std::nullopt;
  }
  const Shape& query = node.input_shape(kQuery);
  sizes.batch = query.dim(0);
  sizes.queries = query.dim(1);
  const std::int64_t parts = sizes.heads + (IsPacked(node) ? 2 * sizes.key_heads : 0);
  if (!query.dim(2).is_static() || query.dim(2).value() % parts != 0) return std::nullopt;
  sizes.size = query.dim(2).value() / parts;
  if (sizes.size < 1) return std::nullopt;
  for (const int i : {static_cast<int>(kKey), static_cast<int>(kValue)}) {
    if (IsPacked(node)) break;
    if (!node.knows_input(i) || node.input_rank(i) != 3) return std::nullopt;
    const Shape& shape = node.input_shape(i);
    const bool fits = Agree(shape.dim(0), sizes.batch) && Agree(shape.dim(1), sizes.queries) &&
                      shape.dim(2) == Dim(sizes.key_heads * sizes.size);
    if (!fits) return std::nullopt;
  }
  sizes.past = Dim(0);
  for (const int i : {static_cast<int>(kPastKey), static_cast<int>(kPastValue)}) {
    if (!node.has_input(i)) continue;
    if (!node.knows_input(i) || node.input_rank(i) != 4) return std::nullopt;
    const Shape& shape = node.input_shape(i);
    const bool fits = Agree(shape.dim(0), sizes.batch) && shape.dim(1) == Dim(sizes.key_heads) &&
                      shape.dim(3) == Dim(sizes.size);
    if (!fits) return std::nullopt;
    sizes.past = shape.dim(2);
  }
  return sizes;
}

Dim PresentRows(const OnnxNode& node, const GroupQuerySizes& sizes) {
  const auto total = node.input_dims(kTotal);
  if (!total || total->size() != 1) return node.symbols().Fresh("keys of all steps");
  return node.symbols().Max(sizes.past, (*total)[0]);
}

}  // namespace smelt::onnx_import
