// Convolutions over three spatial axes.
#pragma once

#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {

struct VolumeConvolution {
  ir::ValueId x;        // (N, C, D, H, W)
  ir::ValueId weights;  // (out, in / group, d, h, w), static
  ir::ValueId bias;     // (out), may be absent
  std::int64_t group = 1;
  Window window;
};

// True when the node's convolution runs plane by plane, which needs a static depth and known
// padding: CONV_3D has no groups.
inline bool RunsByPlanes(const OnnxNode& node) { return node.Int("group", 1) > 1; }

// The result as (N, out, D, H, W). CONV_3D; or one two-dimensional convolution for each plane of
// the kernel, over all planes of x at once, added up.
ir::ValueId EmitVolumeConvolution(ir::Builder& out, const VolumeConvolution& conv);

}  // namespace smelt::onnx_import
