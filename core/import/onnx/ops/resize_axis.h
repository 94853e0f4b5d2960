// The arithmetic of ONNX's Resize along one axis of known sizes: which source elements each result
// element takes, and with which weights. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace smelt::onnx_import {

enum class ResizeMode { kNearest, kLinear, kCubic };

struct ResizeOptions {
  ResizeMode mode = ResizeMode::kNearest;
  std::string coordinates = "half_pixel";      // coordinate_transformation_mode
  std::string nearest = "round_prefer_floor";  // nearest_mode; "simple": opsets before 11
  double cubic_a = -0.75;
  bool exclude_outside = false;
  bool antialias = false;
};

// What lies this near to a half is a half where nearest rounds, as in ONNX Runtime.
inline constexpr float kHalfTolerance = 1e-6F;

struct ResizeAxis {
  std::int64_t in = 1, out = 1;
  double scale = 1;                   // out / in, or what the node states
  double roi_begin = 0, roi_end = 1;  // tf_crop_and_resize
};

// The source coordinate of each result element.
std::vector<double> ResizeCoordinates(const ResizeOptions& options, const ResizeAxis& axis);
// True for coordinates that tf_crop_and_resize fills with the extrapolation value.
bool IsExtrapolated(const ResizeOptions& options, const ResizeAxis& axis, double coordinate);

// Nearest: the source index of each result element. Computed in float as the runtimes do.
std::vector<std::int32_t> NearestIndices(const ResizeOptions& options, const ResizeAxis& axis);
// Linear and cubic: the (out, in) matrix of weights, row-major. Extrapolated rows are zero.
std::vector<float> ResizeMatrix(const ResizeOptions& options, const ResizeAxis& axis);

// What TFLite's kernels do on an axis, for comparison.
struct NativeResize {
  bool align_corners = false;
  bool half_pixel_centers = false;
};
bool NearestIsNative(const std::vector<std::int32_t>& indices, const ResizeAxis& axis,
                     NativeResize native);
bool LinearIsNative(const ResizeOptions& options, const ResizeAxis& axis, NativeResize native);

}  // namespace smelt::onnx_import
