#include "core/import/onnx/ops/resize_native.h"

#include <algorithm>
#include <cmath>

#include "core/import/onnx/ops/computed_axes.h"
#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::OpKind;
using ir::ValueId;

// Height and width as an operand, each from where it is known.
ValueId SizeOperand(OnnxNode& node, Builder& out, const ResizePlan& plan) {
  const auto axes = *ResizedAxes(node);
  const auto side = [&](int axis) {
    const Dim size = plan.shape.dim(axis);
    if (size.is_static()) return out.ConstI32({static_cast<std::int32_t>(size.value())});
    const auto planned = std::ranges::find(plan.axes, axis, &PlannedAxis::axis);
    const bool stays = planned == plan.axes.end();
    if (plan.from_sizes && !stays) {
      const auto at = std::ranges::find(axes, axis) - axes.begin();
      const std::int32_t place = static_cast<std::int32_t>(at);
      return TakeAlong(out, AsIndexRow(out, node.input(3)), out.ConstI32({place}), 0);
    }
    const ValueId whole = TakeAlong(out, SizesOf(out, node.input(0)), out.ConstI32({axis}), 0);
    const double scale = stays ? 1 : planned->scale;
    if (scale >= 1) {
      return out.Mul(whole, out.ConstI32({static_cast<std::int32_t>(std::llround(scale))}));
    }
    const auto parts = static_cast<std::int32_t>(std::llround(1 / scale));
    return out.Emit(OpKind::kFloorDiv, {whole, out.ConstI32({parts})});
  };
  const ValueId height = side(2), width = side(3);
  const ir::Constant* rows = out.status().ok() ? out.constant(height) : nullptr;
  const ir::Constant* columns = out.status().ok() ? out.constant(width) : nullptr;
  if (rows == nullptr || columns == nullptr) return JoinRows(out, {height, width});
  return out.ConstI32({static_cast<std::int32_t>(rows->AsInts()->front()),
                       static_cast<std::int32_t>(columns->AsInts()->front())});
}

}  // namespace

ValueId NativeResized(OnnxNode& node, Builder& out, const ResizePlan& plan, NativeResize form) {
  const ValueId image = ToChannelsLast(out, node.input(0));
  const ValueId operands[] = {image, SizeOperand(node, out, plan)};
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

}  // namespace smelt::onnx_import
