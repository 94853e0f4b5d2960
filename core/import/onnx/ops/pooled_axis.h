// Windows with gaps along one axis of an image, joined from slices: no kernel has them.
#pragma once

#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {

// The windows along `axis` of `x`, (N, H, W, C) with its padding, joined by MAXIMUM or ADD. `count`
// is how many there are; where the run tells, `windows` says it too, as i32[1].
ir::ValueId JoinAlongAxis(ir::Builder& out, ir::ValueId x, int axis, const WindowAxis& window,
                          ir::Dim count, ir::ValueId windows, ir::OpKind kind);

}  // namespace smelt::onnx_import
