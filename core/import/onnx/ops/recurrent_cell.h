// One step of a recurrent operator: what LSTM, GRU and RNN do with the state at each time.
#pragma once

#include <vector>

#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/recurrent_activation.h"

namespace smelt::onnx_import {

enum class CellKind { kRnn, kGru, kLstm };

constexpr int GateCount(CellKind kind) {
  return kind == CellKind::kLstm ? 4 : kind == CellKind::kGru ? 3 : 1;
}

// What a direction of a recurrent operator is made of, besides its weights.
struct Cell {
  CellKind kind = CellKind::kRnn;
  std::int64_t hidden = 0;
  std::vector<CellActivation> activations;
  double clip = 0;                   // bounds what f and g are applied to; 0: nothing does
  bool linear_before_reset = false;  // GRU
  bool input_forget = false;         // LSTM: the forget gate is 1 - the input gate
};

// Weights that a step needs, in the graph of the step. Absent ones are invalid.
struct StepWeights {
  ir::ValueId recurrence;  // (gates * hidden, hidden)
  ir::ValueId reset_bias;  // (hidden): GRU with linear_before_reset
  ir::ValueId peepholes;   // (3 * hidden): LSTM
};

// A value that is absent is zero: what it is multiplied by is then left out.
struct StepState {
  ir::ValueId hidden;  // (batch, hidden)
  ir::ValueId cell;    // (batch, hidden): LSTM
};

// The next state, never absent. `input` is the step's input times its weights, biases added:
// (batch, gates * hidden).
StepState EmitStep(ir::Builder& out, const Cell& cell, const StepWeights& weights,
                   ir::ValueId input, const StepState& state);

}  // namespace smelt::onnx_import
