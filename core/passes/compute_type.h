// The element type that is computed in, where the source's own is another floating-point type.
#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "core/ir/module.h"

namespace smelt::passes {

// Every f64, f16 and bf16 tensor of the module becomes f32: constants are rounded, CASTs adjusted.
// The entry point's inputs and outputs keep their types, by CASTs, and so do the operands and
// results of CUSTOM operators and what BITCAST reads and makes. The number of tensors changed. A
// status other than OK is a defect of ours.
Result<std::uint64_t> ComputeInFloat32(ir::Module& module);

}  // namespace smelt::passes
