// How many windows an axis has, and how many elements each of them counts, where only the run tells
// the size of the axis.
#pragma once

#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {

// The number of windows along an axis of `size` elements; both i32[1]. Requires a known padding.
ir::ValueId WindowCount(ir::Builder& out, ir::ValueId size, const WindowAxis& window,
                        const AxisPlan& plan);

// How many elements each of the first `windows` windows counts, as f32[windows], at least 1: those
// within the input, or within it and its stated padding.
ir::ValueId CountedElements(ir::Builder& out, ir::ValueId size, ir::ValueId windows,
                            const WindowAxis& window, const AxisPlan& plan, bool counts_padding);

// The size of `axis` of `x` as i32[1].
ir::ValueId SizeRow(ir::Builder& out, ir::ValueId x, int axis);

// `y`, the windows over image `x`, without those that are begun in the padding behind `x` alone.
ir::ValueId CutWindows(ir::Builder& out, ir::ValueId y, ir::ValueId x, const ImagePlan& plan);

}  // namespace smelt::onnx_import
