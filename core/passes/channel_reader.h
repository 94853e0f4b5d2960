// Operators that can read a tensor's channels in any order, once constants of theirs are in that
// order too. Pure functions of the graph.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/ir/graph.h"

namespace smelt::passes {

// An axis of a constant operand that follows the channels.
struct ChannelConstant {
  ir::Use use;
  int axis = 0;
};

// What it takes to give readers of a tensor another order of its channels.
struct FreeReaders {
  std::vector<ChannelConstant> constants;
  std::vector<ir::ValueId> followers;  // tensors behind it whose channels are in its order
};

// Looks behind `uses` of a tensor whose channels are the indices of `axis`, through operators that
// treat every channel alike or by constants of its own, to convolutions and products that sum over
// the channels with constant weights. Nothing when something depends on the order: another
// operator, a result of the graph, computed or quantized weights.
std::optional<FreeReaders> FreeReadersOf(const ir::Graph& graph, std::span<const ir::Use> uses,
                                         int axis);

}  // namespace smelt::passes
