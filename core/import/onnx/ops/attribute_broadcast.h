// Broadcasting of opset 1 to 6: only the second operand of a binary operator is repeated, along the
// axes that the attributes `broadcast` and `axis` say. Later versions follow NumPy.
#pragma once

#include <optional>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// True for a version of a binary operator that has the attributes.
inline bool BroadcastsByAttribute(const OnnxNode& node) { return node.schema_version() < 7; }

// The second operand's shape with axes of 1 added, so that NumPy's rules repeat it as the
// attributes say; nothing when it does not fit the first operand's. Requires both types.
std::optional<ir::Shape> AlignedShape(const OnnxNode& node);

// The second operand, reshaped where the version asks for it.
ir::ValueId SecondOperand(OnnxNode& node, ir::Builder& out);

// The first operand's shape, which is the result's, is one that the second is repeated to.
Verdict SecondOperandFits(const OnnxNode& node, Bounds, Finding& finding);

inline constexpr OnnxConstraint kAttributeBroadcast[] = {
    {Reason::kShapeMismatch,
     SecondOperandFits,
     {},
     "the second input has the first one's shape or, with broadcast, one element or the sizes of "
     "the first one's axes from axis on"},
};

}  // namespace smelt::onnx_import
