// Index arithmetic that the gathers and scatters share: indices counted from the end, tuples and
// single axes of indices as positions in a flattened tensor.
#pragma once

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// A run time size as a scalar of `dtype`; a constant where it is static. `axis` of `x`.
ir::ValueId SizeOf(ir::Builder& out, ir::ValueId x, int axis, ir::DType dtype);

// Input `input` of the node, an index into `axis` of `data`, counted from the front: constants at
// once, computed ones by a remainder, which leaves valid ones as they are. No kernel takes negative
// indices.
ir::ValueId NonNegative(OnnxNode& node, ir::Builder& out, int input, ir::ValueId data, int axis);

// The same for input `input` with rows of `depth` indices into the axes of `data` from `first` on.
ir::ValueId NonNegativeRows(OnnxNode& node, ir::Builder& out, int input, ir::ValueId data,
                            int first, int depth);

// Rows of non-negative indices into axes with these static sizes as positions in the flattened
// axes; the last axis of `rows` disappears.
ir::ValueId FlattenRows(ir::Builder& out, ir::ValueId rows, const ir::Shape& sizes);

// Where each element of `indices`, non-negative indices into `axis` of a tensor of the static shape
// `data`, points to in the flattened tensor: i32[elements of `indices`]. The other axes of
// `indices`, of a static shape, are not larger than those of the data.
ir::ValueId ElementPositions(ir::Builder& out, ir::ValueId indices, const ir::Shape& data,
                             int axis);

// 0, 1, .. count - 1 as i32.
ir::ValueId Iota(ir::Builder& out, std::int64_t count);

}  // namespace smelt::onnx_import
