// Lowering ranks by merging dimensions that an operator does not tell apart.
#pragma once

#include "core/passes/legalize_site.h"

namespace smelt::passes {

// Replaces the operator by RESHAPE, the operator on fewer dimensions, RESHAPE; `changed` says
// whether it knew how. Static shapes and constant axes only.
Status MergeDimensions(const LegalizeSite& site, int max_rank, bool& changed);

}  // namespace smelt::passes
