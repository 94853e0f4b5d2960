// Operators that a runtime release is too old for, in older words.
#pragma once

#include "core/passes/legalize_detours.h"
#include "core/passes/legalize_site.h"

namespace smelt::passes {

// Puts older operators in its place, where there are some; `expanded` says whether.
Status ExpandForVersion(const LegalizeSite& site, bool& expanded);

// Those of the profile's types in which the operator's version is one that the profile has.
target::TypeSet TypesWithinVersion(const LegalizeSite& site, const ir::DataOperands& data,
                                   const target::OperatorSupport& support);

}  // namespace smelt::passes
