// Expansions of the core.* operators into operators of the runtime.
#pragma once

#include "core/passes/legalize_site.h"

namespace smelt::passes {

// Replaces the operator, or refuses it when its type has no exact expansion. Requires a core.*
// kind.
Status ExpandCoreOperator(const LegalizeSite& site);

// erf of f32 values: a quotient of polynomials, within 4e-7 relatively.
ir::ValueId EmitErf(ir::Builder& builder, ir::ValueId x);

// The remainder with the dividend's sign, for operands of one type. Exact. Also used by the
// division of wide integers.
ir::ValueId EmitTruncMod(ir::Builder& builder, ir::ValueId dividend, ir::ValueId divisor);

}  // namespace smelt::passes
