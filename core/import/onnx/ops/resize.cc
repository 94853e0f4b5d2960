// Resize and Upsample. What TFLite's kernels compute exactly becomes RESIZE_BILINEAR or
// RESIZE_NEAREST_NEIGHBOR; everything else becomes a GATHER (nearest) or a product with a matrix
// (linear, cubic) for each resized axis, whose indices or weights are constant where the sizes are
// static.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/computed_resize.h"
#include "core/import/onnx/ops/resize_native.h"
#include "core/import/onnx/ops/resize_plan.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

constexpr std::int64_t kMaxMatrix = std::int64_t{1} << 24;

Status InferResize(OnnxNode& node) {
  if (auto plan = PlanResize(node))
    node.SetOutputType(0, {node.input_dtype(0), std::move(plan->shape)});
  return Status::Ok();
}

// --- Constraints ---

// One scale or size for each axis that the node names.
Verdict SizesCounted(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  if (HasScalesAttribute(node)) return Verdict::kHolds;
  int input = 1;
  if (HasRoiForm(node)) input = HasElements(node, 3) ? 3 : 2;
  if (!HasElements(node, input)) return Violated("neither scales nor sizes", finding);
  const auto axes = ResizedAxes(node);
  if (!axes || !node.knows_input(input)) return Verdict::kNotChecked;
  const Shape counted{Dim(static_cast<std::int64_t>(axes->size()))};
  if (node.input_shape(input) == counted) return Verdict::kHolds;
  return Violated(node, input, node.input_text(input), finding);
}

Verdict PlanFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !ResizedAxes(node)) return Verdict::kNotChecked;
  const bool has_sizes = HasRoiForm(node) && HasElements(node, 3);
  if (PlanResize(node)) return Verdict::kHolds;
  return Violated(node, 0,
                  (has_sizes ? "sizes " : "scales ") + std::string("on ") + node.input_text(0),
                  finding);
}

Verdict AxesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  return ResizedAxes(node) ? Verdict::kHolds : Violated(node, 0, "axes", finding);
}

Verdict TypeFits(const OnnxNode& node, Bounds bounds, Finding& finding) {
  const bool moves = ReadResizeOptions(node).mode == ResizeMode::kNearest;
  return moves ? TypeIn<0, kPlainTypes>(node, bounds, finding)
               : TypeIn<0, kFloatTypes>(node, bounds, finding);
}

Verdict RoiFits(const OnnxNode& node, Bounds, Finding& finding) {
  const auto axes = ResizedAxes(node);
  if (!CropsAndResizes(node) || !axes) return Verdict::kHolds;
  if (!HasElements(node, 1)) return Violated("no roi", finding);
  if (!node.knows_input(1)) return Verdict::kNotChecked;
  const Shape bounds{Dim(static_cast<std::int64_t>(2 * axes->size()))};
  if (node.input_shape(1) == bounds) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1), finding);
}

// align_corners divides by the result's size less one; definitions differ when scale * size is no
// whole number.
Verdict AlignedSizesWhole(const OnnxNode& node, Bounds, Finding& finding) {
  if (ReadResizeOptions(node).coordinates != "align_corners") return Verdict::kHolds;
  const auto plan = PlanResize(node);
  if (!plan) return Verdict::kNotChecked;
  for (const PlannedAxis& axis : plan->axes) {
    if (!axis.is_static() || plan->from_sizes) continue;
    const double stated = axis.scale * static_cast<double>(axis.in.value());
    if (std::abs(stated - static_cast<double>(axis.out.value())) < 1e-3) continue;
    return Violated(node, 0, "axis " + std::to_string(axis.axis) + " of " + std::to_string(stated),
                    finding);
  }
  return Verdict::kHolds;
}

// Constant indices and weights need static sizes and a constant region that does not reach outside
// of the input, but to be filled with the zeros that a matrix gives.
bool IsConstant(const OnnxNode& node, const ResizePlan& plan) {
  if (!std::ranges::all_of(plan.axes, &PlannedAxis::is_static)) return false;
  if (!CropsAndResizes(node)) return true;
  if (!node.input_doubles(1)) return false;
  const ResizeOptions options = ReadResizeOptions(node);
  if (options.mode != ResizeMode::kNearest && node.Float("extrapolation_value", 0) == 0)
    return true;
  return std::ranges::none_of(plan.axes, [&](const PlannedAxis& axis) {
    return std::ranges::any_of(ResizeCoordinates(options, axis.plain),
                               [&](double at) { return IsExtrapolated(options, axis.plain, at); });
  });
}

// ONNX Runtime adds these coordinates in double, and where they are nearly whole or nearly a half
// that decides; kernels have float32.
Verdict SymmetricIsConstant(const OnnxNode& node, Bounds, Finding& finding) {
  const ResizeOptions options = ReadResizeOptions(node);
  if (options.mode != ResizeMode::kNearest || options.coordinates != "half_pixel_symmetric") {
    return Verdict::kHolds;
  }
  const auto plan = PlanResize(node);
  if (!plan) return Verdict::kNotChecked;
  if (IsConstant(node, *plan) || FindNative(node, *plan)) return Verdict::kHolds;
  for (const PlannedAxis& axis : plan->axes) {
    if (IsWhole(axis.scale)) continue;
    return Violated(node, 0, "axis " + std::to_string(axis.axis) + " of " + node.input_text(0),
                    finding);
  }
  return Verdict::kHolds;
}

Verdict CanBeComputed(const OnnxNode& node, Bounds, Finding& finding) {
  const auto plan = PlanResize(node);
  if (!plan) return Verdict::kNotChecked;
  if (FindNative(node, *plan)) return Verdict::kHolds;
  const bool matrix = ReadResizeOptions(node).mode != ResizeMode::kNearest;
  for (const PlannedAxis& axis : plan->axes) {
    if (!axis.is_static()) continue;
    const bool small =
        axis.plain.out <= kMaxMatrix &&
        (!matrix || axis.plain.in == 0 || axis.plain.out <= kMaxMatrix / axis.plain.in);
    if (small && (axis.plain.in > 0 || axis.plain.out == 0)) continue;
    return Violated(node, 0, "axis " + std::to_string(axis.axis) + " of " + node.input_text(0),
                    finding);
  }
  return Verdict::kHolds;
}

// --- Translation ---

// x with `axis` multiplied by a (result, source) matrix.
ValueId MultiplyAxis(Builder& out, ValueId x, int axis, ValueId weights) {
  if (!out.status().ok()) return {};
  std::vector<int> swap(static_cast<std::size_t>(out.type(x).shape.rank()));
  std::iota(swap.begin(), swap.end(), 0);
  std::swap(swap[static_cast<std::size_t>(axis)], swap.back());
  const ValueId last = out.Transpose(x, swap);
  const ValueId y = out.Emit(OpKind::kFullyConnected, {last, weights},
                             {{"fused_activation_function", std::string("NONE")},
                              {"weights_format", std::string("DEFAULT")},
                              {"keep_num_dims", true}});
  return out.Transpose(y, swap);
}

ValueId ConstantWeights(Builder& out, const ResizeOptions& options, const ResizeAxis& axis,
                        ir::DType dtype) {
  return out.Const(ir::Constant::FromValues<float>(ir::DType::kF32, {axis.out, axis.in},
                                                   ResizeMatrix(options, axis))
                       .Cast(dtype)
                       .Evaluated());
}

Status TranslateResize(OnnxNode& node, Builder& out) {
  const ResizePlan plan = *PlanResize(node);
  const ResizeOptions options = ReadResizeOptions(node);
  if (const auto form = FindNative(node, plan)) {
    node.SetOutput(0, NativeResized(node, out, plan, *form));
    return out.status();
  }
  if (!IsConstant(node, plan)) {
    node.SetOutput(0, ResizeAtRunTime(node, out, plan));
    return out.status();
  }
  ValueId x = node.input(0);
  for (const PlannedAxis& axis : plan.axes) {
    if (options.mode == ResizeMode::kNearest || axis.plain.out == 0) {
      x = out.Emit(OpKind::kGather, {x, out.ConstI32(NearestIndices(options, axis.plain))},
                   {{"axis", std::int64_t{axis.axis}}, {"batch_dims", std::int64_t{0}}});
    } else {
      x = MultiplyAxis(out, x, axis.axis,
                       ConstantWeights(out, options, axis.plain, node.input_dtype(0)));
    }
  }
  node.SetOutput(0, x);
  return out.status();
}

// --- Tables ---

constexpr OnnxConstraint kType = {
    Reason::kUnsupportedType, TypeFits, {}, "nearest: numbers or bool; linear and cubic: floats"};
constexpr OnnxConstraint kRank = {
    Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"};
constexpr OnnxConstraint kCounted = {
    Reason::kShapeMismatch, SizesCounted, {}, "one scale or size for each axis"};
constexpr OnnxConstraint kFits = {
    Reason::kValueOutOfRange, PlanFits, {}, "positive scales or sizes within 2^24"};
constexpr OnnxConstraint kComputable = {
    Reason::kTensorTooLarge, CanBeComputed, {}, "at most 2^24 weights an axis, and one element"};

constexpr OnnxConstraint kUpsample[] = {
    kType,
    kRank,
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"mode", "nearest", "linear", "bilinear">,
     {},
     "mode nearest or linear"},
    kCounted,
    kFits,
    kComputable,
};
constexpr OnnxConstraint kResize[] = {
    kType,
    kRank,
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"mode", "nearest", "linear", "cubic">,
     {},
     "mode nearest, linear or cubic"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"coordinate_transformation_mode", "half_pixel", "half_pixel_symmetric",
                  "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize",
                  "tf_half_pixel_for_nn">,
     {},
     "coordinate_transformation_mode of ONNX"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"nearest_mode", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil">,
     {},
     "nearest_mode round_prefer_floor, round_prefer_ceil, floor or ceil"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"keep_aspect_ratio_policy", "stretch", "not_larger", "not_smaller">,
     {},
     "keep_aspect_ratio_policy stretch, not_larger or not_smaller"},
    {Reason::kValueOutOfRange, AxesFit, {}, "axes are distinct axes of the input"},
    kCounted,
    kFits,
    {Reason::kShapeMismatch, RoiFits, {}, "tf_crop_and_resize has a begin and an end an axis"},
    {Reason::kUnsupportedAttributeValue,
     AlignedSizesWhole,
     {},
     "align_corners with scale * size a whole number, or with sizes: ONNX and ONNX Runtime align "
     "others differently"},
    {Reason::kDynamicDimensionUnsupported,
     SymmetricIsConstant,
     {},
     "nearest and half_pixel_symmetric with sizes that are known, or scaled by whole numbers"},
    kComputable,
};

constexpr OnnxRule kRules[] = {
    {"", "Upsample", 1, 9, kUpsample, InferResize, TranslateResize},
    {"", "Resize", 10, 10, kUpsample, InferResize, TranslateResize},
    {"", "Resize", 11, 19, kResize, InferResize, TranslateResize},
};

}  // namespace

std::span<const OnnxRule> ResizeRules() { return kRules; }

}  // namespace smelt::onnx_import
