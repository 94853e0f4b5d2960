// The order of an image's channels.
#pragma once

#include <cstdint>

#include "core/ir/builder.h"

namespace smelt::ir {

// The last axis of x (rank 4), read as [outer, inner], as [inner, outer]. Between channel-major
// blocks (CRD) and the order of DEPTH_TO_SPACE and SPACE_TO_DEPTH (DCR: block row, block column,
// channel) it is this either way: a view that weights before it can take.
ValueId TurnChannels(Builder& out, ValueId x, std::int64_t outer, std::int64_t inner);

}  // namespace smelt::ir
