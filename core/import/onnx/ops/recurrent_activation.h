// The activation functions of LSTM, GRU and RNN: attributes activations, activation_alpha and
// activation_beta.
#pragma once

#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/named_activation.h"

namespace smelt::onnx_import {

inline int DirectionCount(const OnnxNode& node) {
  return node.String("direction", "forward") == "bidirectional" ? 2 : 1;
}

struct CellActivation {
  const NamedActivation* function = nullptr;
  double first = 0, second = 0;  // what the function takes, by the order of its parameters

  ir::ValueId Emit(ir::Builder& out, ir::ValueId x) const {
    return function->emit(out, x, first, second);
  }
};

// The functions of one direction: f of an RNN; f and g of a GRU; f, g and h of an LSTM. Names are
// compared without case, and a list of parameters is consumed by the functions that take one, in
// the order of all directions, as ONNX Runtime does.
std::vector<CellActivation> CellActivations(const OnnxNode& node, int direction);

// Constraint: as many functions as the directions need, each known; those without a default for a
// parameter are given one.
Verdict CellActivationsFit(const OnnxNode& node, Bounds bounds, Finding& finding);
inline constexpr OnnxConstraint kCellActivations = {
    Reason::kUnsupportedAttributeValue,
    CellActivationsFit,
    {},
    "activations Affine, Elu, HardSigmoid, LeakyRelu, Relu, ScaledTanh, Sigmoid, Softplus, "
    "Softsign, Tanh or ThresholdedRelu, as many as the directions need; Affine, ScaledTanh and "
    "ThresholdedRelu with their parameters"};

}  // namespace smelt::onnx_import
