// Comparisons of what shape arithmetic computes, as far as they hold for every size that the
// model's dimensions may have. Exporters branch on them.
#pragma once

#include <optional>

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// Nothing where it depends on the sizes.
using DimTest = std::optional<bool> (*)(ir::SymbolTable& symbols, ir::Dim a, ir::Dim b);
std::optional<bool> IsEqual(ir::SymbolTable& symbols, ir::Dim a, ir::Dim b);
std::optional<bool> IsLess(ir::SymbolTable& symbols, ir::Dim a, ir::Dim b);
std::optional<bool> IsAtMost(ir::SymbolTable& symbols, ir::Dim a, ir::Dim b);
std::optional<bool> IsGreater(ir::SymbolTable& symbols, ir::Dim a, ir::Dim b);
std::optional<bool> IsAtLeast(ir::SymbolTable& symbols, ir::Dim a, ir::Dim b);
// Of truth values, 0 and 1, of which some may be unknown.
std::optional<bool> IsBoth(ir::SymbolTable& symbols, ir::Dim a, ir::Dim b);
std::optional<bool> IsEither(ir::SymbolTable& symbols, ir::Dim a, ir::Dim b);

// Records what `test` tells of the elements of the node's two inputs, or of its one (`b` is a).
void SetTested(OnnxNode& node, DimTest test);

}  // namespace smelt::onnx_import
