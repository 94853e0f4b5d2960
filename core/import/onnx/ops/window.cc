#include "core/import/onnx/ops/window.h"

#include <algorithm>
#include <array>

#include "core/ir/infer.h"

namespace smelt::onnx_import {
namespace {

using ir::Dim;

constexpr std::int64_t kMaxWindow = std::int64_t{1} << 30;  // any attribute of a window

// A list attribute with `count` entries within lo..kMaxWindow; `fallback` where absent.
std::optional<std::vector<std::int64_t>> ReadList(const OnnxNode& node, std::string_view name,
                                                  std::size_t count, std::int64_t lo,
                                                  std::int64_t fallback) {
  auto list = node.Ints(name);
  if (!list || list->empty()) return std::vector<std::int64_t>(count, fallback);
  if (list->size() != count) return std::nullopt;
  const bool fits = std::all_of(list->begin(), list->end(), [&](std::int64_t value) {
    return value >= lo && value <= kMaxWindow;
  });
  return fits ? list : std::nullopt;
}

// ONNX's SAME: ceil(input / stride) windows, the padding split into halves.
AxisPlan PlanSame(ir::SymbolTable& symbols, Dim input, const WindowAxis& axis, bool upper) {
  AxisPlan plan;
  plan.output = ir::infer::WindowPositions(symbols, input, Dim(axis.kernel), axis.stride,
                                           axis.dilation, true);
  std::optional<std::int64_t> total;
  if (input.is_static()) {
    total = std::max<std::int64_t>(
        0, (plan.output.value() - 1) * axis.stride + axis.extent() - input.value());
  } else if (axis.stride == 1) {
    total = axis.extent() - 1;
  }
  if (total) {
    plan.begin = upper ? *total / 2 : *total - *total / 2;
    plan.end = *total - *plan.begin;
    plan.counted_end = *plan.end;
  }
  plan.is_same = upper || (total && *total % 2 == 0);
  return plan;
}

// Whether explicit padding is what TFLite's SAME would add.
bool EqualsSame(ir::SymbolTable& symbols, Dim input, const WindowAxis& axis) {
  const AxisPlan same = PlanSame(symbols, input, axis, true);
  return same.begin == axis.begin && same.end == axis.end;
}

AxisPlan PlanExplicit(ir::SymbolTable& symbols, Dim input, const WindowAxis& axis, bool ceil_mode) {
  AxisPlan plan;
  plan.begin = axis.begin;
  plan.end = plan.counted_end = axis.end;
  const Dim padded = symbols.Add(input, Dim(axis.begin + axis.end));
  plan.output = ir::infer::WindowPositions(symbols, padded, Dim(axis.kernel), axis.stride,
                                           axis.dilation, false);
  if (ceil_mode && axis.stride > 1) {
    if (!padded.is_static()) {
      // Every size rounds up when the padding is longer by what rounding down takes off.
      plan.end = axis.end + axis.stride - 1;
      plan.output = ir::infer::WindowPositions(symbols, symbols.Add(padded, Dim(axis.stride - 1)),
                                               Dim(axis.kernel), axis.stride, axis.dilation, false);
      // The last window might begin in the padding behind the input; then it is none.
      plan.may_exceed = axis.extent() < axis.end + axis.stride;
      if (plan.may_exceed) {
        const Dim begun = symbols.CeilDiv(symbols.Add(input, Dim(axis.begin)), Dim(axis.stride));
        plan.output = symbols.Min(plan.output, begun);
        return plan;
      }
      // TFLite's SAME pads one element at most, and behind.
      plan.is_same = axis.extent() == 2 && axis.stride == 2 && axis.begin == 0 && axis.end == 0;
      return plan;
    }
    const std::int64_t room = padded.value() - axis.extent();
    std::int64_t windows = room < 0 ? 0 : (room + axis.stride - 1) / axis.stride + 1;
    // The last window must begin inside of the input or the padding before it.
    if (windows > 1 && (windows - 1) * axis.stride >= input.value() + axis.begin) --windows;
    const std::int64_t needed = (windows - 1) * axis.stride + axis.extent();
    plan.end = std::max(axis.end, needed - input.value() - axis.begin);
    plan.output = Dim(windows);
    if (*plan.end != axis.end) return plan;
  }
  plan.is_same = EqualsSame(symbols, input, axis);
  return plan;
}

}  // namespace

std::optional<Window> ReadWindow(const OnnxNode& node, int spatial,
                                 std::optional<std::vector<std::int64_t>> kernel) {
  if (spatial < 0) return std::nullopt;
  const auto count = static_cast<std::size_t>(spatial);
  if (!kernel) kernel = ReadList(node, "kernel_shape", count, 1, 1);
  const auto strides = ReadList(node, "strides", count, 1, 1);
  const auto dilations = ReadList(node, "dilations", count, 1, 1);
  const auto pads = ReadList(node, "pads", 2 * count, 0, 0);
  if (!kernel || kernel->size() != count || !strides || !dilations || !pads) return std::nullopt;
  Window window;
  window.auto_pad = node.String("auto_pad", "NOTSET");
  if (window.auto_pad.empty()) window.auto_pad = "NOTSET";
  window.ceil_mode = node.Int("ceil_mode", 0) != 0;
  const bool is_explicit = window.auto_pad == "NOTSET";
  for (std::size_t i = 0; i < count; ++i) {
    const bool fits = (*kernel)[i] >= 1 && (*kernel)[i] <= kMaxWindow &&
                      ((*kernel)[i] - 1) <= kMaxWindow / (*dilations)[i];
    if (!fits) return std::nullopt;
    window.axes.push_back({(*kernel)[i], (*strides)[i], (*dilations)[i],
                           is_explicit ? (*pads)[i] : 0, is_explicit ? (*pads)[i + count] : 0});
  }
  return window;
}

void ClipToInput(Window& window, const ir::Shape& input) {
  if (!window.ceil_mode || window.auto_pad.starts_with("SAME")) return;
  for (std::size_t i = 0; i < window.axes.size(); ++i) {
    WindowAxis& axis = window.axes[i];
    const Dim size = input.dim(static_cast<int>(i) + 2);
    if (!size.is_static() || size.value() < 1) continue;
    const std::int64_t padded = size.value() + axis.begin + axis.end;
    const std::int64_t lacking = axis.extent() - padded;
    if (lacking <= 0 || lacking >= axis.stride) continue;
    axis.kernel = (padded - 1) / axis.dilation + 1;
    axis.stride = padded;
  }
}

AxisPlan PlanAxis(ir::SymbolTable& symbols, Dim input, const Window& window, int axis) {
  const WindowAxis& one = window.axes[static_cast<std::size_t>(axis)];
  if (window.auto_pad == "SAME_UPPER") return PlanSame(symbols, input, one, true);
  if (window.auto_pad == "SAME_LOWER") return PlanSame(symbols, input, one, false);
  // VALID too rounds up in ceil_mode: ONNX's text says otherwise, its shape inference and ONNX
  // Runtime agree on this.
  return PlanExplicit(symbols, input, one, window.ceil_mode);
}

Verdict WindowAttributes(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const int spatial = node.input_rank(0) - 2;
  if (spatial < 1) return Verdict::kNotChecked;  // the rank is reported
  const auto count = static_cast<std::size_t>(spatial);
  struct Row {
    std::string_view name;
    std::size_t factor;
    std::int64_t lo;
  };
  static constexpr Row kRows[] = {
      {"kernel_shape", 1, 1}, {"strides", 1, 1}, {"dilations", 1, 1}, {"pads", 2, 0}};
  for (const Row& row : kRows) {
    if (ReadList(node, row.name, row.factor * count, row.lo, row.lo)) continue;
    std::string text;
    const auto stated = node.Ints(row.name);
    for (const std::int64_t value : *stated) {
      text += (text.empty() ? "" : ", ") + std::to_string(value);
    }
    return Violated(std::string(row.name) + " = [" + text + "]", finding);
  }
  return Verdict::kHolds;
}

ir::ValueId ToChannelsLast(ir::Builder& out, ir::ValueId x) {
  if (!out.status().ok()) return {};
  if (out.type(x).shape.rank() == 4) return out.Transpose(x, {0, 2, 3, 1});
  const ir::ValueId last = out.Transpose(x, {0, 2, 1});
  if (!out.status().ok()) return {};
  const ir::Shape shape = out.type(last).shape;
  return out.Reshape(last, {shape.dim(0), 1, shape.dim(1), shape.dim(2)});
}

ir::ValueId FromChannelsLast(ir::Builder& out, ir::ValueId y, int rank) {
  if (!out.status().ok()) return {};
  if (rank == 4) return out.Transpose(y, {0, 3, 1, 2});
  const ir::Shape shape = out.type(y).shape;
  const ir::ValueId flat = out.Reshape(y, {shape.dim(0), shape.dim(2), shape.dim(3)});
  return out.Transpose(flat, {0, 2, 1});
}

ir::ValueId PadImage(ir::Builder& out, ir::ValueId x, const ImagePadding& padding,
                     std::optional<double> value) {
  if (padding.empty() || !out.status().ok()) return x;
  const std::array<std::int32_t, 8> pads = {0,
                                            0,
                                            static_cast<std::int32_t>(padding.top),
                                            static_cast<std::int32_t>(padding.bottom),
                                            static_cast<std::int32_t>(padding.left),
                                            static_cast<std::int32_t>(padding.right),
                                            0,
                                            0};
  const ir::ValueId table =
      out.Const(ir::Constant::FromValues<std::int32_t>(ir::DType::kI32, {4, 2}, std::span(pads)));
  if (!value) return out.Emit(ir::OpKind::kPad, {x, table});
  return out.Emit(ir::OpKind::kPadv2, {x, table, out.Scalar(out.type(x).dtype, *value)});
}

ImagePadding ImagePlan::padding() const {
  return {*height.begin, *height.end, *width.begin, *width.end};
}

ImagePlan PlanImage(ir::SymbolTable& symbols, const ir::Shape& input, const Window& window) {
  ImagePlan plan;
  const int last = static_cast<int>(window.axes.size()) - 1;
  plan.w = window.axes[static_cast<std::size_t>(last)];
  plan.width = PlanAxis(symbols, input.dim(input.rank() - 1), window, last);
  if (last > 0) {
    plan.h = window.axes[0];
    plan.height = PlanAxis(symbols, input.dim(input.rank() - 2), window, 0);
  } else {
    plan.height.output = Dim(1);
    plan.height.is_same = true;
    plan.height.begin = plan.height.end = 0;
  }
  return plan;
}

}  // namespace smelt::onnx_import
