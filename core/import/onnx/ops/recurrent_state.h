// The state that one direction of a recurrent operator begins with: f32 (batch, hidden).
#pragma once

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// Of the operand `input` (directions, batch, hidden), or batch first; invalid when it is absent or
// zero.
ir::ValueId InitialState(OnnxNode& node, ir::Builder& out, int input, int direction,
                         const ir::Shape& shape);

// A loop carries its state from the first step on; `x` (steps, batch, features) tells an open
// batch.
ir::ValueId StateOrZeros(ir::Builder& out, ir::ValueId state, const ir::Shape& shape,
                         ir::ValueId x);

}  // namespace smelt::onnx_import
