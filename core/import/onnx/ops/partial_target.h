// A Reshape's target of which shape arithmetic knows some elements.
#pragma once

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// The shape that input 1, of `rank` elements, asks for: its positive numbers and, where zeros copy,
// the sizes of input 0 that it copies; dimensions that only the run tells for the others.
ir::Shape PartOfTarget(OnnxNode& node, std::int64_t rank, bool copies_zeros);

}  // namespace smelt::onnx_import
