// A part of a module as a module of its own. Constants are views of the same storage; names, types,
// quantization and metadata are the whole's; so are the origins, where an operator has regions,
// whose tensors are named after them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/export/tflite/split_plan.h"
#include "core/ir/module.h"

namespace smelt::tflite_export {

// `names` as in SplitPlan. The operators are in an order in which they can run, and compute every
// output that is not an input or a constant. Requires one signature.
ir::Module MakePart(const ir::Module& whole, std::span<const ir::OpId> ops,
                    std::span<const PartPort> inputs, std::span<const PartPort> outputs,
                    std::span<const std::string> names);

}  // namespace smelt::tflite_export
