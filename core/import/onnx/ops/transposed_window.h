// The geometry of a transposed convolution: what each axis of the result is, and weights whose
// dilation is written out as zeros.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {

// One axis of the result, against the full size F = stride * (input - 1) + extent.
struct TransposedAxis {
  std::int64_t stride = 1, extent = 1;
  std::int64_t begin = 0;    // cut off before
  std::int64_t cut_end = 0;  // cut off behind
  std::int64_t extra = 0;    // or added behind: positions that only the bias reaches
  ir::Dim output = 1;
};

// The window that the weights and attributes describe; nothing when they do not fit together.
std::optional<Window> TransposeWindow(const OnnxNode& node);
// The list attribute `name` for the spatial axes; nothing when its length is wrong.
std::optional<std::vector<std::int64_t>> SpatialList(const OnnxNode& node, std::string_view name,
                                                     std::size_t count);
// Nothing when an attribute is out of range or needs a size that is not known.
std::optional<std::vector<TransposedAxis>> PlanTransposed(const OnnxNode& node);
// Elements [begin, begin + size) of the first axis of a value of static shape; a view of a
// constant. Invalid for an invalid value.
ir::ValueId PartOfFirst(ir::Builder& out, ir::ValueId value, std::int64_t begin, std::int64_t size);
// Weights (in, out, kernel...) with zeros between their spatial elements.
ir::Constant DilateWeights(const ir::Constant& weights, std::span<const TransposedAxis> plan);

// Computed weights (in, out, kernel...) of a static shape with zeros between their elements.
ir::ValueId DilateAtRunTime(ir::Builder& out, ir::ValueId weights,
                            const std::vector<WindowAxis>& axes);

}  // namespace smelt::onnx_import
