// Kernels that work on the last axis, for operators that name any: one axis moved to the end and
// back. Nothing is emitted for the last axis itself.
#pragma once

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// `axis` of `x` behind the others, which keep their order.
ir::ValueId AxisToLast(ir::Builder& out, ir::ValueId x, int axis);
// The inverse.
ir::ValueId LastToAxis(ir::Builder& out, ir::ValueId x, int axis);

}  // namespace smelt::onnx_import
