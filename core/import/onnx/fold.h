// Folding while importing: operators whose operands are all constants are computed at once, because
// later checks need their values (a Reshape's shape, a Slice's starts).
#pragma once

#include <cstdint>

#include "core/ir/module.h"

namespace smelt::onnx_import {

// Folds the operators behind `after` (invalid: from the first on) to the end, in order. An operator
// stays when a result is not static or larger than `max_bytes`, when its operands together exceed
// four times that, or when the interpreter can't compute it: it then runs in the model.
void FoldNewOps(ir::Module& module, ir::GraphId graph, ir::OpId after, std::uint64_t max_bytes);

}  // namespace smelt::onnx_import
