// The rewriting of one graph into integers, as its plan and its scales say.
#pragma once

#include "core/passes/pass.h"
#include "core/passes/quantize/integer_options.h"
#include "core/passes/quantize/integer_plan.h"
#include "core/passes/quantize/scale_classes.h"

namespace smelt::passes {

// Planned operators get integer operands, weights and bias; QUANTIZE and DEQUANTIZE stand where
// integers meet float32. Inputs and outputs of the graph keep their types and names. Counts into
// `summary`.
Status RewriteInIntegers(PassContext& context, ir::GraphId graph, const IntegerPlan& plan,
                         ScaleClasses& scales, const IntegerOptions& options,
                         IntegerSummary& summary);

}  // namespace smelt::passes
