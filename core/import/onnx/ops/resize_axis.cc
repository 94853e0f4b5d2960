#include "core/import/onnx/ops/resize_axis.h"

#include <algorithm>
#include <cmath>

namespace smelt::onnx_import {
namespace {

// In float for nearest, where a rounding decides; in double for weights.
template <class Real>
Real Coordinate(const ResizeOptions& options, const ResizeAxis& axis, std::int64_t at) {
  const Real y = static_cast<Real>(at);
  const Real in = static_cast<Real>(axis.in);
  const Real scale = static_cast<Real>(axis.scale);
  const Real stated = scale * in;  // the result's size before it was rounded down
  const Real half = static_cast<Real>(0.5);
  const std::string& mode = options.coordinates;
  if (mode == "align_corners") {
    const Real out = axis.out == std::llround(stated) ? static_cast<Real>(axis.out) : stated;
    return out == 1 ? Real{0} : y * (in - 1) / (out - 1);
  }
  if (mode == "asymmetric") return y / scale;
  if (mode == "tf_crop_and_resize") {
    const Real begin = static_cast<Real>(axis.roi_begin), end = static_cast<Real>(axis.roi_end);
    if (axis.out == 1) return half * (begin + end) * (in - 1);
    return begin * (in - 1) + y * (end - begin) * (in - 1) / static_cast<Real>(axis.out - 1);
  }
  if (mode == "tf_half_pixel_for_nn") return (y + half) / scale;
  if (mode == "pytorch_half_pixel" && axis.out == 1) return Real{0};
  if (mode != "half_pixel_symmetric") return (y + half) / scale - half;
  // In this order and, but for the offset, in double: that is ONNX Runtime's arithmetic, and where
  // a coordinate is nearly whole it decides.
  const Real offset = in / 2 * (1 - static_cast<Real>(axis.out) / stated);
  const double center = (static_cast<double>(at) + 0.5) / static_cast<double>(scale);
  return static_cast<Real>(static_cast<double>(offset) + center - 0.5);
}

double CubicWeight(double distance, double a) {
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

// Weights of the taps around a coordinate; tap i lies at source index first + i.
struct Taps {
  std::int64_t first = 0;
  std::vector<double> weights;
};

Taps TapsAt(const ResizeOptions& options, const ResizeAxis& axis, double coordinate) {
  const bool cubic = options.mode == ResizeMode::kCubic;
  const double reach = cubic ? 2 : 1;
  const double shrink = options.antialias ? std::min(axis.scale, 1.0) : 1.0;
  const double base = std::floor(coordinate);
  const double ratio = coordinate - base;
  const auto start = static_cast<std::int64_t>(std::floor(-reach / shrink)) + 1;
  Taps taps;
  taps.first = static_cast<std::int64_t>(base) + start;
  double sum = 0;
  for (std::int64_t i = start; i < 2 - start; ++i) {
    const double distance = (static_cast<double>(i) - ratio) * shrink;
    const double weight = cubic ? CubicWeight(distance, options.cubic_a)
                                : std::clamp(1 - std::abs(distance), 0.0, 1.0);
    taps.weights.push_back(weight);
    sum += weight;
  }
  if (options.antialias && sum != 0) {
    for (double& weight : taps.weights) weight /= sum;
  }
  return taps;
}

void Exclude(Taps& taps, std::int64_t size) {
  double sum = 0;
  for (std::size_t i = 0; i < taps.weights.size(); ++i) {
    const std::int64_t at = taps.first + static_cast<std::int64_t>(i);
    if (at < 0 || at >= size) taps.weights[i] = 0;
    sum += taps.weights[i];
  }
  if (sum == 0) return;
  for (double& weight : taps.weights) weight /= sum;
}

std::int64_t RoundNearest(const ResizeOptions& options, const ResizeAxis& axis, float x) {
  const float below = std::floor(x);
  const auto index = [](float value) { return static_cast<std::int64_t>(value); };
  if (options.nearest == "floor") return index(below);
  if (options.nearest == "ceil") return index(std::ceil(x));
  if (options.nearest == "simple") return index(axis.scale < 1 ? std::ceil(x) : below);
  const float rest = x - below;
  const bool is_half = std::abs(rest - 0.5F) < kHalfTolerance;
  const bool up = is_half ? options.nearest == "round_prefer_ceil" : rest > 0.5F;
  return index(below) + (up ? 1 : 0);
}

}  // namespace

std::vector<double> ResizeCoordinates(const ResizeOptions& options, const ResizeAxis& axis) {
  std::vector<double> all;
  for (std::int64_t i = 0; i < axis.out; ++i) all.push_back(Coordinate<double>(options, axis, i));
  return all;
}

bool IsExtrapolated(const ResizeOptions& options, const ResizeAxis& axis, double coordinate) {
  return options.coordinates == "tf_crop_and_resize" &&
         (coordinate < 0 || coordinate > static_cast<double>(axis.in - 1));
}

std::vector<std::int32_t> NearestIndices(const ResizeOptions& options, const ResizeAxis& axis) {
  std::vector<std::int32_t> indices;
  for (std::int64_t i = 0; i < axis.out; ++i) {
    const std::int64_t index = RoundNearest(options, axis, Coordinate<float>(options, axis, i));
    indices.push_back(static_cast<std::int32_t>(std::clamp<std::int64_t>(index, 0, axis.in - 1)));
  }
  return indices;
}

std::vector<float> ResizeMatrix(const ResizeOptions& options, const ResizeAxis& axis) {
  const auto in = static_cast<std::size_t>(axis.in);
  std::vector<double> row(in);
  std::vector<float> matrix;
  matrix.reserve(static_cast<std::size_t>(axis.out) * in);
  for (const double coordinate : ResizeCoordinates(options, axis)) {
    std::fill(row.begin(), row.end(), 0.0);
    if (!IsExtrapolated(options, axis, coordinate)) {
      Taps taps = TapsAt(options, axis, coordinate);
      if (options.exclude_outside) Exclude(taps, axis.in);
      for (std::size_t i = 0; i < taps.weights.size(); ++i) {
        const std::int64_t at = taps.first + static_cast<std::int64_t>(i);
        row[static_cast<std::size_t>(std::clamp<std::int64_t>(at, 0, axis.in - 1))] +=
            taps.weights[i];
      }
    }
    for (const double weight : row) matrix.push_back(static_cast<float>(weight));
  }
  return matrix;
}

bool NearestIsNative(const std::vector<std::int32_t>& indices, const ResizeAxis& axis,
                     NativeResize native) {
  const bool aligned = native.align_corners && axis.out > 1;
  const float scale = aligned ? static_cast<float>(axis.in - 1) / static_cast<float>(axis.out - 1)
                              : static_cast<float>(axis.in) / static_cast<float>(axis.out);
  const float offset = native.half_pixel_centers ? 0.5F : 0.0F;
  for (std::int64_t i = 0; i < axis.out; ++i) {
    const float value = (static_cast<float>(i) + offset) * scale;
    const float rounded = native.align_corners ? std::round(value) : std::floor(value);
    const auto index = std::min(static_cast<std::int64_t>(rounded), axis.in - 1);
    if (index != indices[static_cast<std::size_t>(i)]) return false;
  }
  return true;
}

bool LinearIsNative(const ResizeOptions& options, const ResizeAxis& axis, NativeResize native) {
  if (options.antialias && axis.scale < 1) return false;
  if (options.exclude_outside) return false;
  const bool aligned = native.align_corners && axis.out > 1;
  const double in = static_cast<double>(axis.in), out = static_cast<double>(axis.out);
  const double scale = aligned ? (in - 1) / (out - 1) : in / out;
  const double tolerance = 1e-6 * std::max(1.0, in);
  for (std::int64_t i = 0; i < axis.out; ++i) {
    const double y = static_cast<double>(i);
    const double theirs = native.half_pixel_centers ? (y + 0.5) * scale - 0.5 : y * scale;
    const double ours = Coordinate<double>(options, axis, i);
    if (IsExtrapolated(options, axis, ours)) return false;
    const double last = in - 1;
    const double gap = std::clamp(ours, 0.0, last) - std::clamp(theirs, 0.0, last);
    if (std::abs(gap) > tolerance) return false;
  }
  return true;
}

}  // namespace smelt::onnx_import
