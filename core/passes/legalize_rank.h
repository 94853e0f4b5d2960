// Ranks and shapes: more dimensions than a kernel takes, and shapes that it gets wrong.
#pragma once

#include "core/passes/legalize_site.h"

namespace smelt::passes {

// Merges dimensions where that leaves the values alone (TRANSPOSE, elementwise operators of static
// shapes); `changed` says whether it did. Refuses the operator otherwise.
Status LegalizeRank(const LegalizeSite& site, const target::OperatorSupport& support,
                    bool& changed);

}  // namespace smelt::passes
