// MaxPool, AveragePool over one to three spatial axes, and the global poolings over any number.
#include <algorithm>
#include <array>
#include <numeric>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/pool_volume.h"
#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {
namespace {

using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

std::optional<Window> PoolWindow(const OnnxNode& node) {
  if (!node.knows_input(0) || node.input_rank(0) < 3 || !node.Ints("kernel_shape")) {
    return std::nullopt;
  }
  return ReadWindow(node, node.input_rank(0) - 2, std::nullopt);
}

Status InferPool(OnnxNode& node) {
  const auto window = PoolWindow(node);
  if (!window) return Status::Ok();
  const Shape& input = node.input_shape(0);
  Shape shape{input.dim(0), input.dim(1)};
  for (int i = 0; i < input.rank() - 2; ++i) {
    shape.push_back(PlanAxis(node.symbols(), input.dim(i + 2), *window, i).output);
  }
  if (node.output_count() > 1) node.SetOutputType(1, {DType::kI64, shape});
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

// What no image kernel does: three spatial axes, and the places of maxima.
bool IsVolume(const OnnxNode& node) { return node.input_rank(0) == 5 || node.has_output(1); }

bool IsDilated(const Window& window) {
  return std::any_of(window.axes.begin(), window.axes.end(),
                     [](const WindowAxis& axis) { return axis.extent() != axis.kernel; });
}

// Two axes as an image; nothing when window or rank do not allow it.
std::optional<ImagePlan> PoolPlan(const OnnxNode& node) {
  const auto window = PoolWindow(node);
  if (!window || node.input_rank(0) > 4) return std::nullopt;
  return PlanImage(node.symbols(), node.input_shape(0), *window);
}

// --- Constraints ---

Verdict WindowFits(const OnnxNode& node, Bounds, Finding& finding) {
  const auto window = PoolWindow(node);
  if (!window) return Verdict::kNotChecked;
  for (int i = 0; i < static_cast<int>(window->axes.size()); ++i) {
    const WindowAxis& axis = window->axes[static_cast<std::size_t>(i)];
    const Dim output = PlanAxis(node.symbols(), node.input_shape(0).dim(i + 2), *window, i).output;
    // A window that sees padding only has no maximum and no average.
    const bool all_padding = axis.begin >= axis.extent() || axis.end >= axis.extent();
    if (!all_padding && (!output.is_static() || output.value() > 0)) continue;
    return Violated(node, 0, "no window fits into axis " + std::to_string(i + 2), finding);
  }
  return Verdict::kHolds;
}

Verdict PaddingKnown(const OnnxNode& node, Bounds, Finding& finding) {
  if (IsVolume(node)) return Verdict::kHolds;
  const auto plan = PoolPlan(node);
  if (!plan) return Verdict::kNotChecked;
  if (plan->same() || plan->known()) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

// A dilated window becomes one slice for each of its elements, so their ends must be known.
Verdict DilationExpands(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (IsVolume(node)) return Verdict::kHolds;
  const auto window = PoolWindow(node);
  const auto plan = PoolPlan(node);
  if (!window || !plan) return Verdict::kNotChecked;
  if (!IsDilated(*window)) return Verdict::kHolds;
  if (plan->h.kernel + plan->w.kernel > bounds.hi || !plan->known()) {
    return Violated(node, 0,
                    "a dilated window of " + std::to_string(plan->h.kernel) + " x " +
                        std::to_string(plan->w.kernel) + " on " + node.input_text(0),
                    finding);
  }
  return CheckStatic(node, 0, 2, finding);
}

bool CountsPadding(const OnnxNode& node) { return node.Int("count_include_pad", 0) != 0; }

// Whether AVERAGE_POOL_2D divides by the right number everywhere; else a factor corrects it.
bool NeedsFactor(const ImagePlan& plan, bool counts_padding, bool dilated) {
  if (plan.valid()) return false;
  if (!counts_padding) return dilated || !plan.same();
  return plan.height.end != plan.height.counted_end || plan.width.end != plan.width.counted_end;
}

Verdict DivisorKnown(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (IsVolume(node)) return Verdict::kHolds;
  const auto window = PoolWindow(node);
  const auto plan = PoolPlan(node);
  if (!window || !plan) return Verdict::kNotChecked;
  if (CountsPadding(node) && !plan->known()) return CheckStatic(node, 0, 2, finding);
  const bool dilated = IsDilated(*window);
  if (!dilated && !NeedsFactor(*plan, CountsPadding(node), false)) return Verdict::kHolds;
  const Dim rows = plan->height.output, columns = plan->width.output;
  if (rows.is_static() && columns.is_static() &&
      rows.value() > bounds.hi / std::max<std::int64_t>(1, columns.value())) {
    return Violated(node, 0, "too many windows", finding);
  }
  return CheckStatic(node, 0, 2, finding);
}

Verdict VolumeKnown(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (!IsVolume(node)) return Verdict::kHolds;
  const auto window = PoolWindow(node);
  if (!window) return Verdict::kNotChecked;
  const Verdict known = CheckStatic(node, 0, node.has_output(1) ? 1 : 2, finding);
  if (known != Verdict::kHolds) return known;
  double cost = 1;
  for (int i = 0; i < static_cast<int>(window->axes.size()); ++i) {
    const WindowAxis& axis = window->axes[static_cast<std::size_t>(i)];
    const Dim input = node.input_shape(0).dim(i + 2);
    cost *= static_cast<double>(PlanAxis(node.symbols(), input, *window, i).output.value());
    if (node.has_output(1)) cost *= static_cast<double>(axis.kernel);
    if (axis.kernel > 64) {
      return Violated(node, 0, "a window of " + std::to_string(axis.kernel), finding);
    }
  }
  return cost <= bounds.hi ? Verdict::kHolds : Violated(node, 0, "too many windows", finding);
}

// --- Translation ---

VolumePlan PlanVolume(const OnnxNode& node) {
  VolumePlan plan;
  plan.window = *PoolWindow(node);
  for (int i = 0; i < node.input_rank(0) - 2; ++i) {
    const Dim input = node.input_shape(0).dim(i + 2);
    plan.sizes.push_back(input.value());
    plan.axes.push_back(PlanAxis(node.symbols(), input, plan.window, i));
  }
  return plan;
}

ir::Attributes PoolAttributes(const ImagePlan& plan, bool same) {
  return {{"padding", std::string(same ? "SAME" : "VALID")},
          {"stride_h", plan.h.stride},
          {"stride_w", plan.w.stride},
          {"filter_height", plan.h.kernel},
          {"filter_width", plan.w.kernel},
          {"fused_activation_function", std::string("NONE")}};
}

// Joins (by `kind`) the strided slices of one axis, one for each element of the window.
ValueId JoinSlices(ir::Builder& out, ValueId x, int axis, const WindowAxis& window,
                   std::int64_t count, OpKind kind) {
  ValueId joined;
  for (std::int64_t k = 0; k < window.kernel && out.status().ok(); ++k) {
    std::array<std::int32_t, 4> begin{}, end{}, stride = {1, 1, 1, 1};
    const auto at = static_cast<std::size_t>(axis);
    begin[at] = static_cast<std::int32_t>(k * window.dilation);
    end[at] = static_cast<std::int32_t>(k * window.dilation + (count - 1) * window.stride + 1);
    stride[at] = static_cast<std::int32_t>(window.stride);
    const std::int64_t others = 15 & ~(std::int64_t{1} << axis);
    const ValueId slice = out.Emit(
        OpKind::kStridedSlice, {x, out.ConstI32(begin), out.ConstI32(end), out.ConstI32(stride)},
        {{"begin_mask", others}, {"end_mask", others}});
    if (!joined.valid()) {
      joined = slice;
    } else {
      joined = kind == OpKind::kAdd ? out.Add(joined, slice) : out.Maximum(joined, slice);
    }
  }
  return joined;
}

// A dilated window over padded x: first along the height, then along the width.
ValueId Dilated(ir::Builder& out, ValueId x, const ImagePlan& plan, OpKind kind) {
  const ValueId rows = JoinSlices(out, x, 1, plan.h, plan.height.output.value(), kind);
  return JoinSlices(out, rows, 2, plan.w, plan.width.output.value(), kind);
}

Status TranslateMaxPool(OnnxNode& node, ir::Builder& out) {
  const double lowest = LowestOf(node.input_dtype(0));
  if (node.has_output(1)) {
    const bool column_major = node.Int("storage_order", 0) != 0;
    const auto found = FindMaxima(out, node.input(0), PlanVolume(node), lowest, column_major);
    node.SetOutput(0, found.maximum);
    node.SetOutput(1, found.place);
    return out.status();
  }
  if (IsVolume(node)) {
    const VolumePlan volume = PlanVolume(node);
    const ValueId padded = PadVolume(out, node.input(0), volume, lowest);
    node.SetOutput(0, JoinWindows(out, padded, volume, OpKind::kMaximum));
    return out.status();
  }
  const ImagePlan plan = *PoolPlan(node);
  const bool dilated = IsDilated(*PoolWindow(node));
  const bool same = plan.same() && !plan.valid() && !dilated;
  ValueId x = ToChannelsLast(out, node.input(0));
  if (!same) x = PadImage(out, x, plan.padding(), lowest);
  const ValueId y = dilated ? Dilated(out, x, plan, OpKind::kMaximum)
                            : out.Emit(OpKind::kMaxPool2d, {x}, PoolAttributes(plan, same));
  node.SetOutput(0, FromChannelsLast(out, y, node.input_rank(0)));
  return out.status();
}

// (1, rows, columns, 1): what the sum of a window, or its plain average, is multiplied with.
ir::Constant Factors(const OnnxNode& node, const ImagePlan& plan, bool counts_padding,
                     double numerator) {
  const Shape& input = node.input_shape(0);
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
      .Cast(node.input_dtype(0))
      .Evaluated();
}

// The reciprocal of how many elements each window counts: (1, 1, windows...).
ir::Constant VolumeFactors(const OnnxNode& node, const VolumePlan& plan) {
  std::vector<double> factors{1};
  std::vector<std::int64_t> shape{1, 1};
  for (std::size_t axis = 0; axis < plan.axes.size(); ++axis) {
    shape.push_back(plan.axes[axis].output.value());
    std::vector<double> longer;
    for (const double factor : factors) {
      for (std::int64_t i = 0; i < shape.back(); ++i) {
        const auto counted = Counted(plan.window.axes[axis], plan.axes[axis], plan.sizes[axis], i,
                                     CountsPadding(node));
        longer.push_back(factor / static_cast<double>(std::max<std::int64_t>(1, counted)));
      }
    }
    factors = std::move(longer);
  }
  return ir::Constant::FromValues<double>(DType::kF64, std::move(shape), factors)
      .Cast(node.input_dtype(0))
      .Evaluated();
}

Status TranslateAveragePool(OnnxNode& node, ir::Builder& out) {
  if (IsVolume(node)) {
    const VolumePlan volume = PlanVolume(node);
    const ValueId padded = PadVolume(out, node.input(0), volume, 0);
    const ValueId sums = JoinWindows(out, padded, volume, OpKind::kAdd);
    node.SetOutput(0, out.Mul(sums, out.Const(VolumeFactors(node, volume))));
    return out.status();
  }
  const ImagePlan plan = *PoolPlan(node);
  const bool dilated = IsDilated(*PoolWindow(node));
  const bool counts_padding = CountsPadding(node);
  const bool same = plan.same() && !plan.valid() && !dilated && !counts_padding;
  ValueId x = ToChannelsLast(out, node.input(0));
  if (!same) x = PadImage(out, x, plan.padding());
  ValueId y;
  if (dilated) {
    y = Dilated(out, x, plan, OpKind::kAdd);
    y = out.Mul(y, out.Const(Factors(node, plan, counts_padding, 1)));
  } else {
    y = out.Emit(OpKind::kAveragePool2d, {x}, PoolAttributes(plan, same));
    if (NeedsFactor(plan, counts_padding, false)) {
      const auto all = static_cast<double>(plan.h.kernel * plan.w.kernel);
      y = out.Mul(y, out.Const(Factors(node, plan, counts_padding, all)));
    }
  }
  node.SetOutput(0, FromChannelsLast(out, y, node.input_rank(0)));
  return out.status();
}

Status InferGlobal(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  ir::TensorType type = node.input_type(0);
  for (int i = 2; i < type.shape.rank(); ++i) type.shape.dim(i) = Dim(1);
  node.SetOutputType(0, std::move(type));
  return Status::Ok();
}

template <OpKind kKind>
Status TranslateGlobal(OnnxNode& node, ir::Builder& out) {
  std::vector<std::int32_t> axes(static_cast<std::size_t>(node.input_rank(0) - 2));
  std::iota(axes.begin(), axes.end(), 2);
  node.SetOutput(0, out.Emit(kKind, {node.input(0), out.ConstI32(axes)}, {{"keep_dims", true}}));
  return out.status();
}

// --- Tables ---

constexpr OnnxConstraint kRank = {Reason::kUnsupportedRank,
                                  RankWithin<0>,
                                  {3, 5},
                                  "input of rank {lo} to {hi}: one to three spatial axes"};
constexpr OnnxConstraint kAttributes = {
    Reason::kValueOutOfRange,
    WindowAttributes,
    {},
    "kernel_shape, strides and dilations positive, pads not negative, one (pads: two) for each "
    "spatial axis"};
constexpr OnnxConstraint kAutoPad = {
    Reason::kUnsupportedAttributeValue,
    StringAttrIn<"auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "">,
    {},
    "auto_pad NOTSET, SAME_UPPER, SAME_LOWER or VALID"};
constexpr OnnxConstraint kPadding = {
    Reason::kDynamicDimensionUnsupported,
    PaddingKnown,
    {},
    "SAME_LOWER with a stride above 1, or ceil_mode with a window smaller than its stride and the "
    "padding behind, needs static spatial sizes"};
constexpr OnnxConstraint kFits = {
    Reason::kShapeMismatch, WindowFits, {}, "every window sees at least one element of the input"};
constexpr OnnxConstraint kDilation = {
    Reason::kDynamicDimensionUnsupported,
    DilationExpands,
    {0, 64},
    "a dilated window has static spatial sizes and at most {hi} rows and columns"};

constexpr OnnxConstraint kVolume = {
    Reason::kDynamicDimensionUnsupported,
    VolumeKnown,
    {0, 1 << 24},
    "three spatial axes, or Indices, need static spatial sizes (Indices: static channels too) and "
    "at most {hi} windows (Indices: elements of windows)"};

constexpr OnnxConstraint kMaxPool[] = {
    kRank, kAttributes, kAutoPad, kPadding, kFits, kDilation, kVolume,
};
constexpr OnnxConstraint kAveragePool[] = {
    kRank,
    kAttributes,
    kAutoPad,
    kPadding,
    kFits,
    kDilation,
    kVolume,
    {Reason::kDynamicDimensionUnsupported,
     DivisorKnown,
     {0, 1 << 24},
     "padding that changes the divisor needs static spatial sizes and at most {hi} windows"},
};
constexpr OnnxConstraint kGlobal[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {3, 8}, "input of rank {lo} to {hi}"},
};

constexpr OnnxRule kRules[] = {
    {"", "MaxPool", 1, 22, kMaxPool, InferPool, TranslateMaxPool},
    {"", "AveragePool", 1, 22, kAveragePool, InferPool, TranslateAveragePool},
    {"", "GlobalAveragePool", 1, 22, kGlobal, InferGlobal, TranslateGlobal<OpKind::kMean>},
    {"", "GlobalMaxPool", 1, 22, kGlobal, InferGlobal, TranslateGlobal<OpKind::kReduceMax>},
};

}  // namespace

std::span<const OnnxRule> PoolingRules() { return kRules; }

}  // namespace smelt::onnx_import
