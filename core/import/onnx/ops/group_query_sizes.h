// What a GroupQueryAttention is computed of: its inputs by name, its dimensions.
#pragma once

#include <cstdint>
#include <optional>

#include "core/import/onnx/onnx_node.h"

namespace smelt::onnx_import {

enum GroupQueryInput {
  kQuery,
  kKey,
  kValue,
  kPastKey,
  kPastValue,
  kLengths,
  kTotal,
  kCosine,
  kSine,
  kPositions,
  kScoreBias,
};

struct GroupQuerySizes {
  ir::Dim batch, queries;
  ir::Dim past;     // rows of the cache that goes in
  ir::Dim present;  // of the one that comes out
  std::int64_t heads = 0, key_heads = 0;
  std::int64_t size = 0;  // of one head
};

// Query, key and value side by side in the first input.
bool IsPacked(const OnnxNode& node);
// Nothing where the operands contradict each other, or not enough is known of them.
std::optional<GroupQuerySizes> GroupQuerySizesOf(const OnnxNode& node);
// The longer of the cache that goes in and of all keys together.
ir::Dim PresentRows(const OnnxNode& node, const GroupQuerySizes& sizes);

}  // namespace smelt::onnx_import
