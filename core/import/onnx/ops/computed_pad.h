// Padding that is known at run time only.
#pragma once

#include <string>

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

// What a Pad node's operands say, as i32[2, rank]: begins, then ends, of every axis.
ir::ValueId ComputedPads(OnnxNode& node, ir::Builder& out);

// `x` with its `axis` padded by elements of its own, as `mode` (edge, wrap, reflect) says; negative
// padding cuts off first. `begin` and `end` are i32[1]. At least one element stays.
ir::ValueId RepeatAtRunTime(ir::Builder& out, ir::ValueId x, int axis, ir::ValueId begin,
                            ir::ValueId end, const std::string& mode);

}  // namespace smelt::onnx_import
