// Which operators broadcast their operands against each other, whatever the ranks.
#pragma once

#include "core/ir/op_kind.h"

namespace smelt::ir {

// Only those whose kernels are known to broadcast by themselves.
bool BroadcastsOperands(OpKind kind);

}  // namespace smelt::ir
