// Arithmetic with a neutral constant: x * 1, x / 1, x + 0, x - 0. A pure function of the graph.
#pragma once

#include <optional>

#include "core/ir/graph.h"

namespace smelt::passes {

// Which operand the operator's result equals; nothing when it computes something. The type is the
// result's. (-0 + 0 is 0: the sign of a zero is not kept.)
std::optional<int> OperandThatStays(const ir::Graph& graph, const ir::Op& op);

}  // namespace smelt::passes
