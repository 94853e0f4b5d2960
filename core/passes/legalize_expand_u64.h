// Arithmetic of unsigned 64-bit integers by that of signed ones with the same bits, exactly but for
// the conversion to floats.
#pragma once

#include "core/passes/legalize_site.h"

namespace smelt::passes {

// Each replaces one operator on u64; an invalid id for other types.
ir::ValueId FloorModU64(ir::Builder& b, const LegalizeSite& site);
ir::ValueId CastU64(ir::Builder& b, const LegalizeSite& site);  // to or from u64

// x^y of int64 by repeated squaring, for every y from 0 whose power fits int64.
ir::ValueId PowI64(ir::Builder& b, const LegalizeSite& site);

}  // namespace smelt::passes
