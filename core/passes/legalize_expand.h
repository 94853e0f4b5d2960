// Exact expansions of single operators into others, for element types that no detour reaches.
#pragma once

#include "core/passes/legalize_site.h"

namespace smelt::passes {

// Replaces the operator by others that give the same values, when it knows how for the element type
// of its first operand; `expanded` says whether it did. What it emits may need legalizing in turn.
Status ExpandForType(const LegalizeSite& site, bool& expanded);

}  // namespace smelt::passes
