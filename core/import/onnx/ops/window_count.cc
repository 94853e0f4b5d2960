#include "core/import/onnx/ops/window_count.h"

#include "core/import/onnx/ops/computed_axes.h"
#include "core/import/onnx/ops/indices.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

ValueId Row(Builder& out, std::int64_t value) {
  return out.ConstI32({static_cast<std::int32_t>(value)});
}

// floor((x + plus) / by)
ValueId Quotient(Builder& out, ValueId x, std::int64_t plus, std::int64_t by) {
  const ValueId sum = plus == 0 ? x : out.Add(x, Row(out, plus));
  return by == 1 ? sum : out.Emit(OpKind::kFloorDiv, {sum, Row(out, by)});
}

}  // namespace

ValueId WindowCount(Builder& out, ValueId size, const WindowAxis& window, const AxisPlan& plan) {
  const std::int64_t stride = window.stride;
  const std::int64_t padding = *plan.begin + *plan.end;
  const ValueId all = Quotient(out, size, padding - window.extent() + stride, stride);
  if (!plan.may_exceed) return all;
  return out.Minimum(all, Quotient(out, size, *plan.begin + stride - 1, stride));
}

ValueId CountedElements(Builder& out, ValueId size, ValueId windows, const WindowAxis& window,
                        const AxisPlan& plan, bool counts_padding) {
  const std::int64_t low = counts_padding ? -*plan.begin : 0;
  const ValueId high = counts_padding ? out.Add(size, Row(out, plan.counted_end)) : size;
  const ValueId first =
      out.Sub(out.Mul(CountUpTo(out, windows), Row(out, window.stride)), Row(out, *plan.begin));
  // The last and the first element of each window that is within low and high.
  const ValueId last = out.Minimum(Quotient(out, out.Sub(high, first), -1, window.dilation),
                                   Row(out, window.kernel - 1));
  const ValueId begin = out.Maximum(
      Quotient(out, out.Sub(Row(out, low), first), window.dilation - 1, window.dilation),
      Row(out, 0));
  const ValueId count = out.Add(out.Sub(last, begin), Row(out, 1));
  return out.Cast(out.Maximum(count, Row(out, 1)), DType::kF32);
}

ValueId SizeRow(Builder& out, ValueId x, int axis) {
  return out.Reshape(SizeOf(out, x, axis, DType::kI32), Shape{1});
}

ValueId CutWindows(Builder& out, ValueId y, ValueId x, const ImagePlan& plan) {
  if (!out.status().ok() || (!plan.height.may_exceed && !plan.width.may_exceed)) return y;
  const auto along = [&](const WindowAxis& window, const AxisPlan& axis, int at) {
    return axis.may_exceed ? WindowCount(out, SizeRow(out, x, at), window, axis) : Row(out, -1);
  };
  const ValueId size = JoinRows(out, {Row(out, -1), along(plan.h, plan.height, 1),
                                      along(plan.w, plan.width, 2), Row(out, -1)});
  if (!out.status().ok()) return {};
  ir::TensorType type = out.type(y);
  type.shape.dim(1) = plan.height.output;
  type.shape.dim(2) = plan.width.output;
  const ValueId operands[] = {y, out.ConstI32({0, 0, 0, 0}), size};
  return out.EmitTyped(OpKind::kSlice, operands, {}, std::move(type));
}

}  // namespace smelt::onnx_import
