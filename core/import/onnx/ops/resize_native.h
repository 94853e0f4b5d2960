// A resized image by one of TFLite's resize kernels.
#pragma once

#include "core/import/onnx/ops/resize_plan.h"

namespace smelt::onnx_import {

// The node's result. Requires that FindNative() found `form`.
ir::ValueId NativeResized(OnnxNode& node, ir::Builder& out, const ResizePlan& plan,
                          NativeResize form);

}  // namespace smelt::onnx_import
