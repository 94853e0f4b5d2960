// Following a tensor's channel axis through operators that only move data: what a per-channel
// constant behind a convolution refers to. Pure functions of the graph.
#pragma once

#include <optional>
#include <vector>

#include "core/ir/graph.h"

namespace smelt::passes {

// Where `axis` of operand 0 is in the result of `op`, when the operator moves whole channels and
// nothing else: TRANSPOSE, RESHAPE and the like that add or drop axes of size 1, slices that keep
// all channels. Nothing otherwise.
std::optional<int> ChannelAxisBehind(const ir::Graph& graph, const ir::Op& op, int axis);

// The constant's value for each of `channels` indices of `axis` when broadcast against a tensor of
// `rank` axes; nothing when it varies along another axis, is too long or not finite.
std::optional<std::vector<double>> PerChannel(const ir::Constant& constant, int rank, int axis,
                                              std::int64_t channels);

}  // namespace smelt::passes
