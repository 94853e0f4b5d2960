// Resize where sizes, scales or the region are known at run time only: the source indices (nearest)
// or weights (linear, cubic) of each axis are computed by small operators.
#pragma once

#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/resize_plan.h"

namespace smelt::onnx_import {

// The resized input; every mode and coordinate transformation, extrapolation included.
ir::ValueId ResizeAtRunTime(OnnxNode& node, ir::Builder& out, const ResizePlan& plan);

}  // namespace smelt::onnx_import
