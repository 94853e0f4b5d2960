// Inputs that are fed, and outputs that are read, channels last instead of in the source's order.
#pragma once

#include <set>
#include <string>

#include "core/base/status.h"
#include "core/ir/module.h"

namespace smelt::passes {

// Axis 1 of the named inputs and outputs moves to the end, by a TRANSPOSE behind the input or in
// front of the output: the meaning of a request, not an optimization, so it is done to everything
// that is compared with the artifact, too. kInvalidArgument for a name that no signature has, and
// for ranks other than 3 to 5.
Status MakeChannelsLast(ir::Module& module, const std::set<std::string>& inputs,
                        const std::set<std::string>& outputs);

}  // namespace smelt::passes
