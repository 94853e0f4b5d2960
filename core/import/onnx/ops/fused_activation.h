// The activation that ONNX Runtime's fused operators apply to their result: attribute "activation"
// names it, "activation_params" (convolutions) or "activation_alpha", "activation_beta" and
// "activation_gamma" (matrix products) hold its parameters.
#pragma once

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// x under the node's activation; x itself when it names none.
ir::ValueId EmitFusedActivation(const OnnxNode& node, ir::Builder& out, ir::ValueId x);

// Constraint: the activation is known and has as many parameters as it takes.
Verdict FusedActivationFits(const OnnxNode& node, Bounds bounds, Finding& finding);
inline constexpr OnnxConstraint kFusedActivation = {
    Reason::kUnsupportedAttributeValue,
    FusedActivationFits,
    {},
    "activation absent or Celu, Clip (convolutions only), Elu, HardSigmoid, LeakyRelu, Relu, Selu, "
    "Sigmoid, Softplus, Softsign, Tanh or ThresholdedRelu, with its parameters"};

}  // namespace smelt::onnx_import
