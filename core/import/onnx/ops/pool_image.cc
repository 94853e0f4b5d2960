#include "core/import/onnx/ops/pool_image.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/import/onnx/ops/pool_volume.h"
#include "core/import/onnx/ops/pooled_axis.h"
#include "core/import/onnx/ops/window_count.h"

namespace smelt::onnx_import {
namespace {

using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

ir::Attributes PoolAttributes(const ImagePlan& plan, bool same) {
  return {{"padding", std::string(same ? "SAME" : "VALID")},
          {"stride_h", plan.h.stride},
          {"stride_w", plan.w.stride},
          {"filter_height", plan.h.kernel},
          {"filter_width", plan.w.kernel},
          {"fused_activation_function", std::string("NONE")}};
}

// The numbers of windows over an image; invalid where they are static.
struct WindowCounts {
  ValueId rows, columns;
};
WindowCounts CountWindows(ir::Builder& out, ValueId x, const ImagePlan& plan) {
  const auto along = [&](const WindowAxis& window, const AxisPlan& axis, int at) {
    if (axis.output.is_static()) return ValueId{};
    return WindowCount(out, SizeRow(out, x, at), window, axis);
  };
  return {along(plan.h, plan.height, 1), along(plan.w, plan.width, 2)};
}

// A dilated window over padded x: first along the height, then along the width.
ValueId Dilated(ir::Builder& out, ValueId x, const ImagePlan& plan, const WindowCounts& counts,
                OpKind kind) {
  const ValueId rows = JoinAlongAxis(out, x, 1, plan.h, plan.height.output, counts.rows, kind);
  return JoinAlongAxis(out, rows, 2, plan.w, plan.width.output, counts.columns, kind);
}

// (1, rows, columns, 1): what the sum of a window, or its plain average, is multiplied with.
ir::Constant Factors(const OnnxNode& node, const ImagePlan& plan, DType dtype, double numerator) {
  const bool counts_padding = CountsPadding(node);
  const Shape input = PooledShape(node);
  const std::int64_t height = input.rank() == 4 ? input.dim(2).value() : 1;
  const std::int64_t width = input.dim(input.rank() - 1).value();
  const std::int64_t rows = plan.height.output.value(), columns = plan.width.output.value();
  const auto counts = [&](const WindowAxis& window, const AxisPlan& axis, std::int64_t size,
                          std::int64_t positions) {
    std::vector<double> all;
    for (std::int64_t i = 0; i < positions; ++i) {
      const auto counted = static_cast<double>(Counted(window, axis, size, i, counts_padding));
      all.push_back(std::max(1.0, counted));
    }
    return all;
  };
  const auto by_row = counts(plan.h, plan.height, height, rows);
  const auto by_column = counts(plan.w, plan.width, width, columns);
  std::vector<double> factors;
  for (const double row : by_row) {
    for (const double column : by_column) factors.push_back(numerator / (row * column));
  }
  return ir::Constant::FromValues<double>(DType::kF64, {1, rows, columns, 1}, factors)
      .Cast(dtype)
      .Evaluated();
}

// The same where only the run tells the sizes of image `x`.
ValueId ComputedFactors(const OnnxNode& node, ir::Builder& out, ValueId x, const ImagePlan& plan,
                        DType dtype, double numerator) {
  const bool counts_padding = CountsPadding(node);
  const auto along = [&](const WindowAxis& window, const AxisPlan& axis, int at) {
    const ValueId size = SizeRow(out, x, at);
    const ValueId windows = WindowCount(out, size, window, axis);
    const ValueId counts = CountedElements(out, size, windows, window, axis, counts_padding);
    Shape shape{1, 1, 1, 1};
    shape.dim(at) = axis.output;
    const ValueId sizes = out.ConstI32({1, at == 1 ? -1 : 1, at == 2 ? -1 : 1, 1});
    return out.EmitTyped(OpKind::kReshape, std::vector{counts, sizes}, {}, {DType::kF32, shape});
  };
  const ValueId counted = out.Mul(along(plan.h, plan.height, 1), along(plan.w, plan.width, 2));
  return out.Cast(out.Div(out.Scalar(DType::kF32, numerator), counted), dtype);
}

// What turns plain sums, or averages, over the windows of image `x` into averages of what counts.
ValueId Corrected(const OnnxNode& node, ir::Builder& out, ValueId y, ValueId x,
                  const ImagePlan& plan, double numerator) {
  if (!out.status().ok()) return {};
  const DType dtype = out.type(y).dtype;
  const bool known = plan.height.output.is_static() && plan.width.output.is_static();
  return out.Mul(y, known ? out.Const(Factors(node, plan, dtype, numerator))
                          : ComputedFactors(node, out, x, plan, dtype, numerator));
}

}  // namespace

Shape PooledShape(const OnnxNode& node) {
  const Shape& shape = node.input_shape(0);
  if (node.Int("channels_last", 0) == 0 || shape.rank() < 3) return shape;
  Shape moved{shape.dim(0), shape.dim(shape.rank() - 1)};
  for (int axis = 1; axis + 1 < shape.rank(); ++axis) moved.push_back(shape.dim(axis));
  return moved;
}

std::optional<Window> PoolWindow(const OnnxNode& node) {
  if (!node.knows_input(0) || node.input_rank(0) < 3 || !node.Ints("kernel_shape")) {
    return std::nullopt;
  }
  std::optional<Window> window = ReadWindow(node, node.input_rank(0) - 2, std::nullopt);
  if (window) ClipToInput(*window, PooledShape(node));
  return window;
}

bool IsDilated(const Window& window) {
  return std::any_of(window.axes.begin(), window.axes.end(),
                     [](const WindowAxis& axis) { return axis.extent() != axis.kernel; });
}

std::optional<ImagePlan> PoolPlan(const OnnxNode& node) {
  const auto window = PoolWindow(node);
  if (!window || node.input_rank(0) > 4) return std::nullopt;
  return PlanImage(node.symbols(), PooledShape(node), *window);
}

bool CountsPadding(const OnnxNode& node) { return node.Int("count_include_pad", 0) != 0; }

bool NeedsFactor(const ImagePlan& plan, bool counts_padding, bool dilated) {
  if (plan.valid()) return false;
  if (!counts_padding) return dilated || !plan.same();
  return plan.height.end != plan.height.counted_end || plan.width.end != plan.width.counted_end;
}

ValueId MaximaOverImage(const OnnxNode& node, ir::Builder& out, ValueId image, double lowest) {
  const ImagePlan plan = *PoolPlan(node);
  const bool dilated = IsDilated(*PoolWindow(node));
  const bool same = plan.same() && !plan.valid() && !dilated;
  const ValueId x = same ? image : PadImage(out, image, plan.padding(), lowest);
  if (dilated) return Dilated(out, x, plan, CountWindows(out, image, plan), OpKind::kMaximum);
  const ValueId y = out.Emit(OpKind::kMaxPool2d, {x}, PoolAttributes(plan, same));
  return CutWindows(out, y, image, plan);
}

ValueId AveragesOverImage(const OnnxNode& node, ir::Builder& out, ValueId image) {
  const ImagePlan plan = *PoolPlan(node);
  const bool dilated = IsDilated(*PoolWindow(node));
  const bool counts_padding = CountsPadding(node);
  const bool same = plan.same() && !plan.valid() && !dilated && !counts_padding;
  const ValueId x = same ? image : PadImage(out, image, plan.padding());
  if (dilated) {
    const ValueId sums = Dilated(out, x, plan, CountWindows(out, image, plan), OpKind::kAdd);
    return Corrected(node, out, sums, image, plan, 1);
  }
  const ValueId y = CutWindows(
      out, out.Emit(OpKind::kAveragePool2d, {x}, PoolAttributes(plan, same)), image, plan);
  if (!NeedsFactor(plan, counts_padding, false)) return y;
  return Corrected(node, out, y, image, plan, static_cast<double>(plan.h.kernel * plan.w.kernel));
}

}  // namespace smelt::onnx_import
