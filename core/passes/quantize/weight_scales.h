// Scales of weights that are stored as integers without a zero point.
#pragma once

#include <optional>
#include <vector>

#include "core/ir/constant.h"

namespace smelt::passes {

// For each index of `axis`, or for all elements when it is -1, the largest magnitude of the f32
// elements divided by `largest` (127 for int8), in float32; 1 where that would be too small for a
// normal number, which runtimes want. Nothing when an element is not finite. Reads the constant
// once, block by block.
std::optional<std::vector<float>> SymmetricScales(const ir::Constant& weights, int axis,
                                                  int largest);

}  // namespace smelt::passes
