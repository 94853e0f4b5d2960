// The activation that a kernel applies to its own result (attribute fused_activation_function).
#pragma once

#include "core/interp/kernel.h"

namespace smelt::interp {

// Applies the context's fused activation, if any, to its result in place. Numbers of any type.
// kUnsupportedAttributeValue for a name that is none of TFLite's.
Status ApplyFusedActivation(const KernelContext& context);

}  // namespace smelt::interp
