// Shape and type inference that families share. An inference sets the result types that it can
// tell; it must not need the node's constraints to hold, and returns an error only for what no
// constraint says better (kShapeMismatch and the like become diagnostics of the node).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// --- Whole inferences, to name in a rule's row. ---
// Result `output` has the type of input `input`.
Status CopyType(OnnxNode& node, int input, int output);
Status SameAsFirst(OnnxNode& node);
// The broadcast of all inputs, with input 0's element type / as bool.
Status Broadcast(OnnxNode& node);
Status BroadcastBool(OnnxNode& node);

// --- Parts ---
// NumPy broadcasting of two shapes. Of a symbolic and a static dimension the static one is taken
// when it is not 1 (the model runs with no other value); two different symbols give the larger, as
// TFLite computes it. kShapeMismatch when static dimensions contradict.
Result<ir::Shape> BroadcastShapes(ir::SymbolTable& symbols, const ir::Shape& a, const ir::Shape& b);
// The broadcast shape of all present inputs.
Result<ir::Shape> BroadcastInputs(OnnxNode& node);

// A shape of `rank` dimensions of result 0 that only the run tells.
ir::Shape FreshShape(OnnxNode& node, std::int64_t rank);

// DimValues hold what shape arithmetic computes, which may be negative (a -1 for Reshape): a
// negative number is kept as a constant symbolic expression. These convert; IntFromDim gives
// nothing for what is not a number.
ir::Dim DimFromInt(ir::SymbolTable& symbols, std::int64_t value);
std::optional<std::int64_t> IntFromDim(const ir::SymbolTable& symbols, ir::Dim dim);

}  // namespace smelt::onnx_import
