// Inputs and outputs of integers, in the place of the float32 ones around an integer graph.
#pragma once

#include "core/ir/module.h"
#include "core/passes/pass.h"
#include "core/passes/quantize/integer_options.h"
#include "core/passes/quantize/scale_classes.h"

namespace smelt::passes {

// After RewriteInIntegers. float32 inputs and outputs of the graph become `options.io`, whose
// numbers are those of the activations (128 more for u8). Those in which no finite number was seen,
// and constants, stay float32.
Status MakePortsIntegers(PassContext& context, ir::GraphId graph, ScaleClasses& scales,
                         const IntegerOptions& options);

}  // namespace smelt::passes
