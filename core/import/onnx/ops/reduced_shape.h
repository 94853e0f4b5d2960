// What reductions over axes leave of a shape.
#pragma once

#include <vector>

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

bool KeepsDims(const OnnxNode& node);  // the attribute, true by default

// `shape` without `axes` (ascending), or with 1 in their place.
ir::Shape ReducedShape(const ir::Shape& shape, const std::vector<int>& axes, bool keep);

}  // namespace smelt::onnx_import
