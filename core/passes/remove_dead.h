// Removes operators whose results nobody uses.
#pragma once

#include "core/passes/pass.h"

namespace smelt::passes {

// In every graph, from the end to the front, so that whole dead chains go in one sweep.
Status RemoveDead(PassContext& context);

}  // namespace smelt::passes
