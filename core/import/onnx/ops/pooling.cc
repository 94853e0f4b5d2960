// MaxPool, AveragePool over one to three spatial axes, and the global poolings over any number.
#include <algorithm>
#include <numeric>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/pool_image.h"
#include "core/import/onnx/ops/pool_volume.h"
#include "core/import/onnx/ops/quantized_operand.h"
#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {
namespace {

using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

Status InferPool(OnnxNode& node) {
  const auto window = PoolWindow(node);
  if (!window) return Status::Ok();
  const Shape input = PooledShape(node);
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

// --- Constraints ---

Verdict WindowFits(const OnnxNode& node, Bounds, Finding& finding) {
  const auto window = PoolWindow(node);
  if (!window) return Verdict::kNotChecked;
  for (int i = 0; i < static_cast<int>(window->axes.size()); ++i) {
    const WindowAxis& axis = window->axes[static_cast<std::size_t>(i)];
    const Dim output = PlanAxis(node.symbols(), PooledShape(node).dim(i + 2), *window, i).output;
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

Verdict DilationExpands(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (IsVolume(node)) return Verdict::kHolds;
  const auto window = PoolWindow(node);
  const auto plan = PoolPlan(node);
  if (!window || !plan) return Verdict::kNotChecked;
  if (!IsDilated(*window)) return Verdict::kHolds;
  if (plan->h.kernel + plan->w.kernel <= bounds.hi && plan->known()) return Verdict::kHolds;
  return Violated(node, 0,
                  "a dilated window of " + std::to_string(plan->h.kernel) + " x " +
                      std::to_string(plan->w.kernel) + " on " + node.input_text(0),
                  finding);
}

Verdict DivisorKnown(const OnnxNode& node, Bounds bounds, Finding& finding) {
  if (IsVolume(node)) return Verdict::kHolds;
  const auto window = PoolWindow(node);
  const auto plan = PoolPlan(node);
  if (!window || !plan) return Verdict::kNotChecked;
  if (CountsPadding(node) && !plan->known()) {
    return Violated(node, 0, node.input_text(0), finding);
  }
  const bool dilated = IsDilated(*window);
  if (!dilated && !NeedsFactor(*plan, CountsPadding(node), false)) return Verdict::kHolds;
  const Dim rows = plan->height.output, columns = plan->width.output;
  if (rows.is_static() && columns.is_static() &&
      rows.value() > bounds.hi / std::max<std::int64_t>(1, columns.value())) {
    return Violated(node, 0, "too many windows", finding);
  }
  return Verdict::kHolds;
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
  const ValueId y = MaximaOverImage(node, out, ToChannelsLast(out, node.input(0)), lowest);
  node.SetOutput(0, FromChannelsLast(out, y, node.input_rank(0)));
  return out.status();
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
  const ValueId y = AveragesOverImage(node, out, ToChannelsLast(out, node.input(0)));
  node.SetOutput(0, FromChannelsLast(out, y, node.input_rank(0)));
  return out.status();
}

// --- QLinearAveragePool: the average of what the numbers stand for ---

bool IsChannelsLast(const OnnxNode& node) { return node.Int("channels_last", 0) != 0; }

Status InferQuantized(OnnxNode& node) {
  SMELT_RETURN_IF_ERROR(InferPool(node));
  if (!node.output_type(0) || !IsChannelsLast(node)) return Status::Ok();
  const Shape& planned = node.output_type(0)->shape;
  Shape shape{planned.dim(0)};
  for (int i = 2; i < planned.rank(); ++i) shape.push_back(planned.dim(i));
  shape.push_back(planned.dim(1));
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

Status TranslateQuantized(OnnxNode& node, ir::Builder& out) {
  const ValueId x = WithoutZero(node, out, 0);
  const bool last = IsChannelsLast(node);
  ValueId y = AveragesOverImage(node, out, last ? x : ToChannelsLast(out, x));
  if (!last) y = FromChannelsLast(out, y, node.input_rank(0));
  const ValueId ratio = out.Div(OneNumber(node, out, 1), OneNumber(node, out, 3));
  node.SetOutput(0, ToQuantized(node, out, out.Mul(y, ratio), 3, node.input_dtype(0)));
  return out.status();
}

Verdict OrderKnown(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  if (!IsChannelsLast(node) || node.input_rank(0) == 4) return Verdict::kHolds;
  return Violated(node, 0, "channels_last on " + node.input_text(0), finding);
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
constexpr OnnxConstraint kPadding = {Reason::kDynamicDimensionUnsupported,
                                     PaddingKnown,
                                     {},
                                     "SAME_LOWER with a stride above 1 needs static spatial sizes"};
constexpr OnnxConstraint kFits = {
    Reason::kShapeMismatch, WindowFits, {}, "every window sees at least one element of the input"};
constexpr OnnxConstraint kDilation = {
    Reason::kDynamicDimensionUnsupported,
    DilationExpands,
    {0, 1 << 16},
    "a dilated window has at most {hi} rows and columns; with SAME_UPPER and a stride above 1, "
    "static spatial sizes"};

constexpr OnnxConstraint kVolume = {
    Reason::kDynamicDimensionUnsupported,
    VolumeKnown,
    {0, 1 << 24},
    "three spatial axes, or Indices, need static spatial sizes (Indices: static channels too) and "
    "at most {hi} windows (Indices: elements of windows)"};

constexpr OnnxConstraint kMaxPool[] = {
    kRank, kAttributes, kAutoPad, kPadding, kFits, kDilation, kVolume,
};
constexpr OnnxConstraint kDivisor = {
    Reason::kDynamicDimensionUnsupported,
    DivisorKnown,
    {0, 1 << 24},
    "padding that changes the divisor has at most {hi} windows; static spatial sizes where "
    "count_include_pad comes with SAME_UPPER and a stride above 1"};

constexpr OnnxConstraint kAveragePool[] = {
    kRank, kAttributes, kAutoPad, kPadding, kFits, kDilation, kVolume, kDivisor,
};
constexpr OnnxConstraint kQuantized[] = {
    kOneElement<0b11110>,
    {Reason::kUnsupportedRank, RankWithin<0>, {3, 4}, "input of rank {lo} or {hi}"},
    {Reason::kUnsupportedRank, OrderKnown, {}, "with channels_last: input of rank 4"},
    kAttributes,
    kAutoPad,
    kPadding,
    kFits,
    kDilation,
    kDivisor,
};
constexpr OnnxConstraint kGlobal[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {3, 8}, "input of rank {lo} to {hi}"},
};

constexpr OnnxRule kRules[] = {
    {"", "MaxPool", 1, 22, kMaxPool, InferPool, TranslateMaxPool},
    {"", "AveragePool", 1, 22, kAveragePool, InferPool, TranslateAveragePool},
    {kContribDomain, "QLinearAveragePool", 1, 1, kQuantized, InferQuantized, TranslateQuantized},
    {"", "GlobalAveragePool", 1, 22, kGlobal, InferGlobal, TranslateGlobal<OpKind::kMean>},
    {"", "GlobalMaxPool", 1, 22, kGlobal, InferGlobal, TranslateGlobal<OpKind::kReduceMax>},
};

}  // namespace

std::span<const OnnxRule> PoolingRules() { return kRules; }

}  // namespace smelt::onnx_import
