// Resize and Upsample. What TFLite's kernels compute exactly becomes RESIZE_BILINEAR or
// RESIZE_NEAREST_NEIGHBOR; with static sizes everything else becomes a GATHER (nearest) or a
// product with a constant matrix (linear, cubic) for each resized axis.
#include <algorithm>
#include <cmath>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/resize_plan.h"
#include "core/import/onnx/ops/window.h"

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

Verdict SizesKnown(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  if (!HasRoiForm(node))
    return HasScalesAttribute(node) ? Verdict::kHolds : CheckConstant(node, 1, finding);
  if (HasElements(node, 3)) {
    return node.input_dims(3) ? Verdict::kHolds
                              : Violated(node, 3, "computed at run time", finding);
  }
  if (!HasElements(node, 2)) return Violated("neither scales nor sizes", finding);
  return CheckConstant(node, 2, finding);
}

Verdict PlanFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !ResizedAxes(node)) return Verdict::kNotChecked;
  const bool has_sizes = HasRoiForm(node) && HasElements(node, 3);
  if (has_sizes ? !node.input_dims(3) : !StatedScales(node)) return Verdict::kNotChecked;
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
  if (node.String("coordinate_transformation_mode", "") != "tf_crop_and_resize")
    return Verdict::kHolds;
  if (!node.has_input(1)) return Violated("no roi", finding);
  const Verdict constant = CheckConstant(node, 1, finding);
  const auto plan = PlanResize(node);
  if (constant != Verdict::kHolds || !plan)
    return constant == Verdict::kHolds ? Verdict::kNotChecked : constant;
  for (const PlannedAxis& axis : plan->axes) {
    if (!axis.is_static()) return CheckStatic(node, 0, 0, finding);
  }
  return Verdict::kHolds;
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

Verdict CanBeComputed(const OnnxNode& node, Bounds, Finding& finding) {
  const auto plan = PlanResize(node);
  if (!plan) return Verdict::kNotChecked;
  if (FindNative(node, *plan)) return Verdict::kHolds;
  const bool matrix = ReadResizeOptions(node).mode != ResizeMode::kNearest;
  for (const PlannedAxis& axis : plan->axes) {
    const bool small =
        axis.is_static() && axis.plain.out <= kMaxMatrix &&
        (!matrix || axis.plain.in == 0 || axis.plain.out <= kMaxMatrix / axis.plain.in);
    if (small && (axis.plain.in > 0 || axis.plain.out == 0)) continue;
    return Violated(node, 0, "axis " + std::to_string(axis.axis) + " of " + node.input_text(0),
                    finding);
  }
  return Verdict::kHolds;
}

// --- Translation ---

// Height and width as an operand.
ValueId SizeOperand(OnnxNode& node, Builder& out, const ResizePlan& plan, ValueId image) {
  const Dim height = plan.shape.dim(2), width = plan.shape.dim(3);
  if (height.is_static() && width.is_static()) {
    return out.ConstI32(
        {static_cast<std::int32_t>(height.value()), static_cast<std::int32_t>(width.value())});
  }
  const ValueId ones = out.ConstI32({1});
  if (plan.from_sizes) {
    const auto axes = *ResizedAxes(node);
    std::vector<std::int32_t> order;
    for (int axis = 2; axis < 4; ++axis) {
      order.push_back(
          static_cast<std::int32_t>(std::find(axes.begin(), axes.end(), axis) - axes.begin()));
    }
    const bool both = std::all_of(order.begin(), order.end(), [&](std::int32_t at) {
      return at < static_cast<std::int32_t>(axes.size());
    });
    if (both) {
      const ValueId sizes = out.Emit(OpKind::kGather, {node.input(3), out.ConstI32(order)},
                                     {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
      return out.Cast(sizes, ir::DType::kI32);
    }
  }
  const ValueId shape = out.Emit(OpKind::kShape, {image}, {{"out_type", std::string("i32")}});
  const ValueId sides =
      out.Emit(OpKind::kStridedSlice, {shape, out.ConstI32({1}), out.ConstI32({3}), ones});
  std::int32_t up[2] = {1, 1}, down[2] = {1, 1};
  for (const PlannedAxis& axis : plan.axes) {
    const int side = axis.axis - 2;
    if (axis.scale >= 1) up[side] = static_cast<std::int32_t>(std::llround(axis.scale));
    if (axis.scale > 0 && axis.scale < 1)
      down[side] = static_cast<std::int32_t>(std::llround(1 / axis.scale));
  }
  ValueId result = out.Mul(sides, out.ConstI32({up[0], up[1]}));
  if (down[0] != 1 || down[1] != 1)
    result = out.Emit(OpKind::kFloorDiv, {result, out.ConstI32({down[0], down[1]})});
  return result;
}

ValueId Native(OnnxNode& node, Builder& out, const ResizePlan& plan, NativeResize form) {
  const ValueId image = ToChannelsLast(out, node.input(0));
  const ValueId operands[] = {image, SizeOperand(node, out, plan, image)};
  const OpKind kind = ReadResizeOptions(node).mode == ResizeMode::kNearest
                          ? OpKind::kResizeNearestNeighbor
                          : OpKind::kResizeBilinear;
  const ir::TensorType type{
      node.input_dtype(0),
      {plan.shape.dim(0), plan.shape.dim(2), plan.shape.dim(3), plan.shape.dim(1)}};
  const ValueId y = out.EmitTyped(
      kind, operands,
      {{"align_corners", form.align_corners}, {"half_pixel_centers", form.half_pixel_centers}},
      type);
  return FromChannelsLast(out, y, 4);
}

// x with `axis` multiplied by a (result, source) matrix.
ValueId MultiplyAxis(Builder& out, ValueId x, const PlannedAxis& axis,
                     const ResizeOptions& options) {
  if (!out.status().ok()) return {};
  const int rank = out.type(x).shape.rank();
  std::vector<int> swap(static_cast<std::size_t>(rank));
  for (int i = 0; i < rank; ++i) swap[static_cast<std::size_t>(i)] = i;
  std::swap(swap[static_cast<std::size_t>(axis.axis)], swap.back());
  const ir::DType dtype = out.type(x).dtype;
  const ValueId weights =
      out.Const(ir::Constant::FromValues<float>(ir::DType::kF32, {axis.plain.out, axis.plain.in},
                                                ResizeMatrix(options, axis.plain))
                    .Cast(dtype)
                    .Evaluated());
  const ValueId last = out.Transpose(x, swap);
  const ValueId y = out.Emit(OpKind::kFullyConnected, {last, weights},
                             {{"fused_activation_function", std::string("NONE")},
                              {"weights_format", std::string("DEFAULT")},
                              {"keep_num_dims", true}});
  return out.Transpose(y, swap);
}

// x with extrapolation_value wherever the coordinate of `axis` lies outside of the input.
ValueId Extrapolated(OnnxNode& node, Builder& out, ValueId x, const PlannedAxis& axis,
                     const ResizeOptions& options) {
  if (!out.status().ok()) return {};
  std::vector<std::uint8_t> outside;
  for (const double at : ResizeCoordinates(options, axis.plain)) {
    outside.push_back(IsExtrapolated(options, axis.plain, at) ? 1 : 0);
  }
  if (std::find(outside.begin(), outside.end(), 1) == outside.end()) return x;
  const auto behind = static_cast<std::size_t>(out.type(x).shape.rank() - 1 - axis.axis);
  std::vector<std::int64_t> shape(behind + 1, 1);
  shape[0] = axis.plain.out;
  const ValueId mask = out.Const(
      ir::Constant::FromValues<std::uint8_t>(ir::DType::kBool, std::move(shape), outside));
  const ValueId value = out.Scalar(out.type(x).dtype, node.Float("extrapolation_value", 0));
  return out.Emit(OpKind::kSelectV2, {mask, value, x});
}

Status TranslateResize(OnnxNode& node, Builder& out) {
  const ResizePlan plan = *PlanResize(node);
  const ResizeOptions options = ReadResizeOptions(node);
  if (const auto form = FindNative(node, plan)) {
    node.SetOutput(0, Native(node, out, plan, *form));
    return out.status();
  }
  ValueId x = node.input(0);
  for (const PlannedAxis& axis : plan.axes) {
    if (options.mode == ResizeMode::kNearest) {
      x = out.Emit(OpKind::kGather, {x, out.ConstI32(NearestIndices(options, axis.plain))},
                   {{"axis", std::int64_t{axis.axis}}, {"batch_dims", std::int64_t{0}}});
    } else {
      x = MultiplyAxis(out, x, axis, options);
    }
  }
  for (const PlannedAxis& axis : plan.axes) x = Extrapolated(node, out, x, axis, options);
  node.SetOutput(0, x);
  return out.status();
}

// --- Tables ---

constexpr OnnxConstraint kType = {
    Reason::kUnsupportedType, TypeFits, {}, "nearest: numbers or bool; linear and cubic: floats"};
constexpr OnnxConstraint kRank = {
    Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"};
constexpr OnnxConstraint kKnown = {Reason::kRequiresConstantInput,
                                   SizesKnown,
                                   {},
                                   "constant scales, or sizes made of constants and dimensions"};
constexpr OnnxConstraint kFits = {
    Reason::kDynamicDimensionUnsupported,
    PlanFits,
    {},
    "one positive scale or size for each axis; a symbolic axis scales by n or 1/n"};
constexpr OnnxConstraint kComputable = {
    Reason::kDynamicDimensionUnsupported,
    CanBeComputed,
    {},
    "static sizes, or a form that RESIZE_BILINEAR or RESIZE_NEAREST_NEIGHBOR computes exactly"};

constexpr OnnxConstraint kUpsample[] = {
    kType,
    kRank,
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"mode", "nearest", "linear", "bilinear">,
     {},
     "mode nearest or linear"},
    kKnown,
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
    kKnown,
    kFits,
    {Reason::kUnsupportedAttributeValue,
     RoiFits,
     {},
     "tf_crop_and_resize has a constant roi and static sizes"},
    {Reason::kUnsupportedAttributeValue,
     AlignedSizesWhole,
     {},
     "align_corners with scale * size a whole number"},
    kComputable,
};

constexpr OnnxRule kRules[] = {
    {"", "Upsample", 7, 9, kUpsample, InferResize, TranslateResize},
    {"", "Resize", 10, 10, kUpsample, InferResize, TranslateResize},
    {"", "Resize", 11, 19, kResize, InferResize, TranslateResize},
};

}  // namespace

std::span<const OnnxRule> ResizeRules() { return kRules; }

}  // namespace smelt::onnx_import
