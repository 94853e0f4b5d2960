// What a Resize or Upsample node asks for: which axes change, from which size to which, and whether
// one of TFLite's resize kernels computes exactly that.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/resize_axis.h"

namespace smelt::onnx_import {

// One axis that changes.
struct PlannedAxis {
  int axis = 0;
  ir::Dim in, out;
  double scale = 0;  // 0: out / in of sizes that are not static; NaN: the run tells
  bool is_static() const { return in.is_static() && out.is_static(); }
  ResizeAxis plain;  // requires is_static()
};

struct ResizePlan {
  std::vector<PlannedAxis> axes;  // in ascending order
  ir::Shape shape;
  bool from_sizes = false;
};

// Resize since opset 11: operands (X, roi, scales, sizes).
bool HasRoiForm(const OnnxNode& node);
// keep_aspect_ratio_policy lets each axis have the size that is stated for it.
bool Stretches(const OnnxNode& node);
// tf_crop_and_resize: a region is resized.
bool CropsAndResizes(const OnnxNode& node);
// Upsample before opset 9.
bool HasScalesAttribute(const OnnxNode& node);
// True when input i is there and holds elements.
bool HasElements(const OnnxNode& node, int i);
ResizeOptions ReadResizeOptions(const OnnxNode& node);
// Axes that scales, sizes and roi speak of, in their order; nothing when they are no distinct axes.
std::optional<std::vector<int>> ResizedAxes(const OnnxNode& node);
// Constant scales; nothing when they are computed or not given.
std::optional<std::vector<double>> StatedScales(const OnnxNode& node);

// Scales by 1, 2, 3 ..
bool IsWhole(double scale);

// Nothing when the sizes can't be told.
std::optional<ResizePlan> PlanResize(const OnnxNode& node);
// The form of RESIZE_BILINEAR or RESIZE_NEAREST_NEIGHBOR that computes the plan exactly.
std::optional<NativeResize> FindNative(const OnnxNode& node, const ResizePlan& plan);

}  // namespace smelt::onnx_import
