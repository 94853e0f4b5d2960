// Doubles where only their order matters, exactly: as int64 keys in the same order.
#pragma once

#include "core/passes/legalize_site.h"

namespace smelt::passes {

// Each replaces one operator on f64; an invalid id for other types.
ir::ValueId CompareF64(ir::Builder& b, const LegalizeSite& site);  // LESS and its like, EQUAL
ir::ValueId ExtremeF64(ir::Builder& b, const LegalizeSite& site);  // MAXIMUM, MINIMUM
ir::ValueId ReduceF64(ir::Builder& b, const LegalizeSite& site);   // REDUCE_MAX, REDUCE_MIN
ir::ValueId ArgF64(ir::Builder& b, const LegalizeSite& site);      // ARG_MAX, ARG_MIN

}  // namespace smelt::passes
