// Transposed convolutions over three spatial axes.
#pragma once

#include <vector>

#include "core/import/onnx/ops/transposed_window.h"

namespace smelt::onnx_import {

struct TransposedVolume {
  ir::ValueId x;        // (N, C, D, H, W)
  ir::ValueId weights;  // (in, out / group, d, h, w), their dilation written out
  ir::ValueId bias;     // (out), may be absent
  std::int64_t group = 1;
  std::vector<TransposedAxis> axes;  // depth, height, width
};

// The result as (N, out, D, H, W): CONV_3D_TRANSPOSE of each group, cut to what the padding leaves.
ir::ValueId EmitTransposedVolume(ir::Builder& out, const TransposedVolume& conv);

}  // namespace smelt::onnx_import
