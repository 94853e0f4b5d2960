// One direction of a recurrent operator: the inputs of all steps times their weights in one
// product, then the steps. A few are unrolled, more become a WHILE that writes its rows in place.
#pragma once

#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/recurrent_cell.h"

namespace smelt::onnx_import {

// Operands of LSTM; GRU and RNN have the first ones.
enum RecurrentInput { kX, kW, kR, kB, kLengths, kHidden, kCell, kPeepholes };

// layout 1: (batch, steps, ...) instead of (steps, batch, ...).
inline bool BatchFirst(const OnnxNode& node) { return node.Int("layout", 0) != 0; }

struct DirectionValues {
  ir::ValueId all;  // (steps, batch, hidden); invalid when the node's first result is not used
  StepState last;
};

// `x` is f32 (steps, batch, features), whatever the node's layout and type. All results are f32.
DirectionValues EmitDirection(OnnxNode& node, ir::Builder& out, ir::ValueId x, int index,
                              Cell cell);

}  // namespace smelt::onnx_import
