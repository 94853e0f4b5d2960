// Biases of integer kernels, and the weights' scales that they ask for.
#pragma once

#include <vector>

#include "core/ir/constant.h"
#include "core/ir/dtype.h"

namespace smelt::passes {

// An int32 bias holds half of its range at least: a channel whose weights are so small that its
// bias would pass 2^30 steps gets a larger scale. `scales`: one a channel, or one.
void WidenForBias(const ir::Constant& bias, float input_scale, std::vector<float>& scales);

// Elements of the float32 bias / (input_scale * scale), rounded half away from zero and saturated;
// `type` is i32 or i64. The scale of step c is the float32 product.
ir::Constant QuantizedBias(const ir::Constant& bias, float input_scale,
                           const std::vector<float>& scales, ir::DType type);

}  // namespace smelt::passes
