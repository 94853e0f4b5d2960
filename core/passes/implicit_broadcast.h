// Elementwise operators broadcast their operands by themselves.
#pragma once

#include <optional>

#include "core/ir/graph.h"

namespace smelt::passes {

// An operand of an elementwise operator that comes from a BROADCAST_TO which the operator does not
// need: its result has the same shape without.
std::optional<int> NeedlessBroadcast(const ir::Graph& graph, const ir::Op& op);

}  // namespace smelt::passes
