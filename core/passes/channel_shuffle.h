// A channel shuffle: RESHAPE of one axis to several, TRANSPOSE of these among themselves, RESHAPE
// back. Pure functions of the graph.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/ir/graph.h"

namespace smelt::passes {

// More channels than this are none: what has as many is no image.
inline constexpr std::int64_t kMostChannels = 1 << 14;
inline bool CountsChannels(ir::Dim size) {
  return size.is_static() && size.value() <= kMostChannels;
}

struct ChannelShuffle {
  int axis = 0;
  std::array<ir::OpId, 3> ops;         // nothing else reads what is between them
  std::vector<std::int32_t> channels;  // of the result, as the operand counts them
};

// The shuffle whose first RESHAPE is `first`.
std::optional<ChannelShuffle> ChannelShuffleFrom(const ir::Graph& graph, ir::OpId first);

}  // namespace smelt::passes
