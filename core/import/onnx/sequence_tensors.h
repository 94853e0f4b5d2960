// The operators between sequences and tensors: a tensor cut into a sequence, and one made of its
// elements. What they emit goes through the builder, whose status the caller checks.
#pragma once

#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/import/onnx/walk_value.h"
#include "core/ir/builder.h"

namespace smelt::onnx_import {

// SplitToSequence: the parts. Requires the type of input 0.
Result<std::vector<ir::ValueId>> SplitToParts(const OnnxNode& node, ir::Builder& out);

// ConcatFromSequence: the parts side by side, on an axis of theirs or on a new one.
Result<ir::ValueId> JoinParts(const OnnxNode& node, std::span<const WalkValue> parts,
                              ir::Builder& out);

}  // namespace smelt::onnx_import
