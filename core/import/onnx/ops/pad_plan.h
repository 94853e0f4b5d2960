// What a Pad node states: its mode and how much goes to each side of each axis.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {

struct AxisPad {
  std::int64_t begin = 0, end = 0;
  bool any() const { return begin != 0 || end != 0; }
};

// "constant" when the node says nothing.
std::string PadMode(const OnnxNode& node);
// The axes that `pads` speaks of, in its order; nothing when they are computed or out of range.
std::optional<std::vector<int>> PadAxes(const OnnxNode& node);
// The stated padding; nothing when it is computed at run time.
std::optional<std::vector<std::int64_t>> StatedPads(const OnnxNode& node);
// What is known of computed padding, begins, then ends, of every axis; unknown where only the run
// tells. Nothing when the axes are computed or the pads do not fit them.
std::optional<DimValues> KnownPads(const OnnxNode& node);
// Padding of every axis; nothing when it is computed or contradicts the axes.
std::optional<std::vector<AxisPad>> ReadPads(const OnnxNode& node);

}  // namespace smelt::onnx_import
