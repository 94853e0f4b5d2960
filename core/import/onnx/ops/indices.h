// Index arithmetic that the gathers and scatters share: indices counted from the end, tuples and
// single axes of indices as positions in a flattened tensor.
#pragma once

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// A run time size as a scalar of `dtype`; a constant where it is static. `axis` of `x`.
ir::ValueId SizeOf(ir::Builder& out, ir::ValueId x, int axis, ir::DType dtype);

// `indices` into `axis` of `data`, counted from the front: constants at once, computed ones by a
// remainder, which leaves valid ones as they are. No kernel takes negative indices.
ir::ValueId NonNegative(ir::Builder& out, ir::ValueId indices, ir::ValueId data, int axis);

// The same for input `input` of the node with rows of `depth` indices into the axes of `data` from
// `first` on.
ir::ValueId NonNegativeRows(OnnxNode& node, ir::Builder& out, int input, ir::ValueId data,
                            int first, int depth);

// The product of the sizes of `count` axes of `x` from `first` on as an i32 scalar; a constant
// where they are static.
ir::ValueId ElementsIn(ir::Builder& out, ir::ValueId x, int first, int count);

// `x` with `count` axes from `first` on as one; none of them: a new axis of size 1.
ir::ValueId MergeAxes(ir::Builder& out, ir::ValueId x, int first, int count);

// `x` in the shape of `like`, which has as many elements.
ir::ValueId ReshapeLike(ir::Builder& out, ir::ValueId x, ir::ValueId like);

// Rows of `depth` non-negative indices into the axes of `data` from `first` on as positions in
// these axes when they are one; the last axis of `rows` disappears.
ir::ValueId FlattenRows(ir::Builder& out, ir::ValueId rows, ir::ValueId data, int first, int depth);

// Where each element of `indices`, non-negative indices into `axis` of `data`, points to in the
// flattened data: i32[elements of `indices`]. The other axes of `indices` are not larger than those
// of the data.
ir::ValueId ElementPositions(ir::Builder& out, ir::ValueId indices, ir::ValueId data, int axis);

// 0, 1, .. up to the size of `axis` of `x`, as i32.
ir::ValueId PlacesAlong(ir::Builder& out, ir::ValueId x, int axis);

// 0, 1, .. count - 1 as i32.
ir::ValueId Iota(ir::Builder& out, std::int64_t count);

}  // namespace smelt::onnx_import
