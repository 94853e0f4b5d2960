#include "core/import/onnx/ops/resize_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/import/onnx/infer.h"

namespace smelt::onnx_import {
namespace {

using ir::Dim;
using ir::Shape;

constexpr double kMaxSize = 1 << 24;  // of an axis that is resized

// Size of an axis scaled by what the node states; nothing when it is out of range.
std::optional<Dim> Scaled(ir::SymbolTable& symbols, Dim in, double scale) {
  if (in.is_static()) {
    const float product = static_cast<float>(scale) * static_cast<float>(in.value());
    if (!(product >= 0) || product > kMaxSize) return std::nullopt;
    return Dim(static_cast<std::int64_t>(product));
  }
  if (!(scale >= 1 / kMaxSize) || scale > kMaxSize) return std::nullopt;
  const double whole = std::round(scale), part = std::round(1 / scale);
  if (scale >= 1 && scale == whole) return symbols.Mul(in, Dim(static_cast<std::int64_t>(whole)));
  if (scale < 1 && static_cast<float>(1 / part) == static_cast<float>(scale)) {
    return symbols.FloorDiv(in, Dim(static_cast<std::int64_t>(part)));
  }
  return symbols.Fresh("scaled axis");
}

// An axis that the run resizes by a scale that is not known.
PlannedAxis UnknownAxis(const OnnxNode& node, int axis) {
  return {axis,
          node.input_shape(0).dim(axis),
          node.symbols().Fresh("resized axis"),
          std::numeric_limits<double>::quiet_NaN(),
          {}};
}

// The declared size of the result's axis; unknown when the model does not say.
Dim DeclaredSize(const OnnxNode& node, int axis) {
  const auto& declared = node.declared_shape(0);
  return declared && declared->rank() == node.input_rank(0) ? declared->dim(axis) : Dim::Unknown();
}

void FinishAxis(const OnnxNode& node, const std::vector<int>& stated, PlannedAxis& axis) {
  if (axis.scale == 0 && axis.is_static() && axis.in.value() > 0) {
    axis.scale = static_cast<double>(axis.out.value()) / static_cast<double>(axis.in.value());
  }
  if (!axis.is_static()) return;
  axis.plain = {axis.in.value(), axis.out.value(), axis.scale};
  if (!CropsAndResizes(node)) return;
  const auto roi = node.input_doubles(1);
  const auto at =
      static_cast<std::size_t>(std::find(stated.begin(), stated.end(), axis.axis) - stated.begin());
  if (!roi || roi->size() != 2 * stated.size()) return;
  axis.plain.roi_begin = (*roi)[at];
  axis.plain.roi_end = (*roi)[at + stated.size()];
}

bool PlanScales(const OnnxNode& node, const std::vector<int>& axes, ResizePlan& plan) {
  const auto scales = StatedScales(node);
  const bool crops = CropsAndResizes(node);
  if (!scales) {
    for (const int axis : axes) {
      // One element that stays one is itself under every scale.
      const bool stays =
          node.input_shape(0).dim(axis) == Dim(1) && DeclaredSize(node, axis) == Dim(1);
      if (!stays || crops) plan.axes.push_back(UnknownAxis(node, axis));
    }
    return true;
  }
  if (scales->size() != axes.size()) return false;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const double scale = (*scales)[i];
    if (!(scale > 0) || scale > kMaxSize) return false;
    if (scale == 1 && !crops) continue;
    PlannedAxis axis{axes[i], node.input_shape(0).dim(axes[i]), {}, scale, {}};
    const auto out = Scaled(node.symbols(), axis.in, scale);
    if (!out) return false;
    axis.out = *out;
    plan.axes.push_back(axis);
  }
  return true;
}

// The sizes after keep_aspect_ratio_policy, which the run tells where it tells an axis' size.
bool KeepAspect(const OnnxNode& node, std::vector<PlannedAxis>& axes) {
  if (Stretches(node)) return true;
  if (!std::ranges::all_of(axes, &PlannedAxis::is_static)) {
    for (PlannedAxis& axis : axes) axis = UnknownAxis(node, axis.axis);
    return true;
  }
  float chosen = 0;
  for (const PlannedAxis& axis : axes) {
    if (axis.in.value() == 0) return false;
    const float scale = static_cast<float>(axis.out.value()) / static_cast<float>(axis.in.value());
    const bool first = &axis == axes.data();
    chosen = first ? scale
             : node.String("keep_aspect_ratio_policy", "") == "not_larger"
                 ? std::min(chosen, scale)
                 : std::max(chosen, scale);
  }
  for (PlannedAxis& axis : axes) {
    axis.scale = chosen;
    const float size = chosen * static_cast<float>(axis.in.value());
    if (size > kMaxSize) return false;
    axis.out = Dim(std::llround(size));
  }
  return true;
}

bool PlanSizes(const OnnxNode& node, const std::vector<int>& axes, ResizePlan& plan) {
  const auto sizes = node.input_dims(3);
  if (sizes && sizes->size() != axes.size()) return false;
  plan.from_sizes = true;
  std::vector<PlannedAxis> all;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (!sizes) {
      // A size that is declared to stay does: then the scale is 1.
      const Dim in = node.input_shape(0).dim(axes[i]);
      const bool stays = Stretches(node) && in.is_static() && in == DeclaredSize(node, axes[i]);
      all.push_back({axes[i], in, stays ? in : node.symbols().Fresh("resized axis"), 0, {}});
      continue;
    }
    if (IntFromDim(node.symbols(), (*sizes)[i]).value_or(0) < 0) return false;
    all.push_back({axes[i], node.input_shape(0).dim(axes[i]), (*sizes)[i], 0, {}});
  }
  if (!KeepAspect(node, all)) return false;
  const bool crops = CropsAndResizes(node);
  for (PlannedAxis& axis : all) {
    // A policy's scale moves the elements of an axis that keeps its size.
    const bool moves = axis.in != axis.out || (axis.scale != 0 && axis.scale != 1);
    if (moves || crops) plan.axes.push_back(axis);
  }
  return true;
}

bool IsImage(const OnnxNode& node, const ResizePlan& plan) {
  return node.input_rank(0) == 4 &&
         std::all_of(plan.axes.begin(), plan.axes.end(),
                     [](const PlannedAxis& axis) { return axis.axis >= 2; });
}

// Whether TFLite's kernel is exact on an axis whose sizes are known at run time only.
bool SymbolicIsNative(const ResizeOptions& options, const PlannedAxis& axis, NativeResize native) {
  const bool exact = axis.scale == 0 || IsWhole(axis.scale);  // the scale is out / in
  if (!exact || options.exclude_outside || options.antialias) return false;
  const std::string& mode = options.coordinates;
  if (options.mode == ResizeMode::kNearest) {
    // Up by a whole number: every way of rounding takes element floor(i / scale). Of other sizes
    // some meet whole coordinates, where the kernel's rounding errors are not those of ONNX
    // Runtime.
    if (!IsWhole(axis.scale)) return false;
    const bool floors = (mode == "asymmetric" || mode == "tf_half_pixel_for_nn") &&
                        (options.nearest == "floor" || options.nearest == "simple");
    const bool rounds =
        mode != "asymmetric" && mode != "align_corners" && mode != "tf_half_pixel_for_nn" &&
        (options.nearest == "round_prefer_floor" || options.nearest == "round_prefer_ceil");
    return native.half_pixel_centers && (floors || rounds);
  }
  if (mode == "asymmetric") return !native.half_pixel_centers && !native.align_corners;
  if (mode == "align_corners") return native.align_corners;
  const bool centered = mode == "half_pixel" || mode == "half_pixel_symmetric" ||
                        (mode == "pytorch_half_pixel" &&
                         (axis.scale > 1 || (axis.out.is_static() && axis.out.value() > 1)));
  return centered && native.half_pixel_centers;
}

}  // namespace

bool IsWhole(double scale) { return scale >= 1 && scale == std::round(scale); }

bool Stretches(const OnnxNode& node) {
  const std::string policy = node.String("keep_aspect_ratio_policy", "stretch");
  return policy == "stretch" || policy.empty();
}

bool CropsAndResizes(const OnnxNode& node) {
  return node.String("coordinate_transformation_mode", "") == "tf_crop_and_resize";
}

bool HasRoiForm(const OnnxNode& node) {
  return node.op_type() == "Resize" && node.schema_version() >= 11;
}

bool HasScalesAttribute(const OnnxNode& node) {
  return node.op_type() == "Upsample" && node.schema_version() < 9;
}

// True when input i is there and holds elements.
bool HasElements(const OnnxNode& node, int i) {
  return node.has_input(i) && !(node.knows_input(i) && node.input_shape(i) == Shape{Dim(0)});
}

ResizeOptions ReadResizeOptions(const OnnxNode& node) {
  ResizeOptions options;
  std::string mode = node.String("mode", "nearest");
  if (mode == "linear" || mode == "bilinear") options.mode = ResizeMode::kLinear;
  if (mode == "cubic") options.mode = ResizeMode::kCubic;
  if (!HasRoiForm(node)) {
    options.coordinates = "asymmetric";
    options.nearest = "simple";
    return options;
  }
  options.coordinates = node.String("coordinate_transformation_mode", "half_pixel");
  options.nearest = node.String("nearest_mode", "round_prefer_floor");
  options.cubic_a = node.Float("cubic_coeff_a", -0.75);
  options.exclude_outside = node.Int("exclude_outside", 0) != 0;
  options.antialias = node.Int("antialias", 0) != 0;
  return options;
}

// Axes that scales, sizes and roi speak of, in their order.
std::optional<std::vector<int>> ResizedAxes(const OnnxNode& node) {
  const int rank = node.input_rank(0);
  std::vector<int> axes;
  const auto stated = node.Ints("axes");
  if (!stated) {
    for (int i = 0; i < rank; ++i) axes.push_back(i);
    return axes;
  }
  for (const std::int64_t one : *stated) {
    const auto axis = ir::NormalizeAxis(one, rank);
    if (!axis || std::count(axes.begin(), axes.end(), *axis) > 0) return std::nullopt;
    axes.push_back(*axis);
  }
  return axes;
}

std::optional<std::vector<double>> StatedScales(const OnnxNode& node) {
  if (node.op_type() == "Upsample" && node.schema_version() == 1) {  // images only
    return std::vector<double>{1, 1, node.Float("height_scale", 0), node.Float("width_scale", 0)};
  }
  if (HasScalesAttribute(node)) return node.Floats("scales");
  const int input = HasRoiForm(node) ? 2 : 1;
  return HasElements(node, input) ? node.input_doubles(input) : std::nullopt;
}

std::optional<ResizePlan> PlanResize(const OnnxNode& node) {
  if (!node.knows_input(0)) return std::nullopt;
  const auto axes = ResizedAxes(node);
  if (!axes) return std::nullopt;
  ResizePlan plan;
  const bool has_sizes = HasRoiForm(node) && HasElements(node, 3);
  if (has_sizes ? !PlanSizes(node, *axes, plan) : !PlanScales(node, *axes, plan)) {
    return std::nullopt;
  }
  plan.shape = node.input_shape(0);
  for (PlannedAxis& axis : plan.axes) {
    for (const Dim size : {axis.in, axis.out}) {
      if (size.is_static() && static_cast<double>(size.value()) > kMaxSize) return std::nullopt;
    }
    FinishAxis(node, *axes, axis);
    plan.shape.dim(axis.axis) = axis.out;
  }
  // ONNX Runtime passes on what keeps its sizes, whatever the scales.
  if (plan.shape == node.input_shape(0) && !CropsAndResizes(node)) plan.axes.clear();
  std::sort(plan.axes.begin(), plan.axes.end(),
            [](const PlannedAxis& a, const PlannedAxis& b) { return a.axis < b.axis; });
  return plan;
}

std::optional<NativeResize> FindNative(const OnnxNode& node, const ResizePlan& plan) {
  const ResizeOptions options = ReadResizeOptions(node);
  if (!IsImage(node, plan) || options.mode == ResizeMode::kCubic || plan.axes.empty())
    return std::nullopt;
  static constexpr NativeResize kForms[] = {{false, true}, {false, false}, {true, false}};
  for (const NativeResize& form : kForms) {
    const bool fits = std::all_of(plan.axes.begin(), plan.axes.end(), [&](const PlannedAxis& axis) {
      if (!axis.is_static()) return SymbolicIsNative(options, axis, form);
      if (axis.plain.in == 0 || axis.plain.out == 0) return false;  // the kernels want elements
      return options.mode == ResizeMode::kNearest
                 ? NearestIsNative(NearestIndices(options, axis.plain), axis.plain, form)
                 : LinearIsNative(options, axis.plain, form);
    });
    if (fits) return form;
  }
  return std::nullopt;
}

}  // namespace smelt::onnx_import
