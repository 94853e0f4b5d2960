// Poolings over an image: windows over the spatial axes of a node's first input, seen as channels
// last.
#pragma once

#include <optional>

#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {

// (N, C, spatial...) of the first input, whatever channels_last says of its order.
ir::Shape PooledShape(const OnnxNode& node);

std::optional<Window> PoolWindow(const OnnxNode& node);
bool IsDilated(const Window& window);

// One or two axes as an image; nothing when window or rank do not allow it.
std::optional<ImagePlan> PoolPlan(const OnnxNode& node);

bool CountsPadding(const OnnxNode& node);  // an average's count_include_pad

// Whether AVERAGE_POOL_2D divides by the right number everywhere; else a factor corrects it.
bool NeedsFactor(const ImagePlan& plan, bool counts_padding, bool dilated);

// The windows of `image`, (N, H, W, C), of any float type (maxima: of any type with `lowest`).
// Require PoolPlan, and that its padding is known or TFLite's SAME.
ir::ValueId MaximaOverImage(const OnnxNode& node, ir::Builder& out, ir::ValueId image,
                            double lowest);
ir::ValueId AveragesOverImage(const OnnxNode& node, ir::Builder& out, ir::ValueId image);

}  // namespace smelt::onnx_import
