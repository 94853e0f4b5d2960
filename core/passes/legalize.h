// Legalization: the one place that knows what the target runtime can run. The first pass decides
// structure, before layout; the second widens types and lowers ranks, after it.
//
// Both add a diagnostic for everything that they can't make run (all of it, not the first) and
// leave such operators as they are. A status other than OK is a defect of ours.
#pragma once

#include "core/base/status.h"
#include "core/passes/pass.h"

namespace smelt::passes {

// Composites become their bodies, but for those that the job keeps, and core.* operators become
// operators of the runtime. An opaque composite is refused, unless an error about its node stands
// already.
Status LegalizeStructure(PassContext& context);

// Every operator gets element types and ranks that the profile's kernels compute right: by exact
// detours through wider types, or the same bits under another type.
Status LegalizeTypes(PassContext& context);

}  // namespace smelt::passes
