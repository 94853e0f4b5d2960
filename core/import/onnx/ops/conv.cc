// Conv: one and two spatial axes, groups, any padding; weights constant or computed.
#include <algorithm>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {
namespace {

using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// The weights' spatial sizes; nothing while they are not static.
std::optional<std::vector<std::int64_t>> Kernel(const OnnxNode& node) {
  const Shape& weights = node.input_shape(1);
  std::vector<std::int64_t> kernel;
  for (int i = 2; i < weights.rank(); ++i) {
    if (!weights.dim(i).is_static()) return std::nullopt;
    kernel.push_back(weights.dim(i).value());
  }
  return kernel;
}

std::optional<Window> ConvWindow(const OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return std::nullopt;
  auto kernel = Kernel(node);
  if (!kernel || node.input_rank(0) < 3) return std::nullopt;
  return ReadWindow(node, node.input_rank(0) - 2, std::move(kernel));
}

Status InferConv(OnnxNode& node) {
  const auto window = ConvWindow(node);
  if (!window) return Status::Ok();
  const Shape& input = node.input_shape(0);
  Shape shape{input.dim(0), node.input_shape(1).dim(0)};
  for (int i = 0; i < input.rank() - 2; ++i) {
    shape.push_back(PlanAxis(node.symbols(), input.dim(i + 2), *window, i).output);
  }
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

// --- Constraints ---

Verdict WeightsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const Shape& input = node.input_shape(0);
  const Shape& weights = node.input_shape(1);
  if (weights.rank() != input.rank()) return Violated(node, 1, node.input_text(1), finding);
  if (!weights.IsStatic() || input.rank() < 3) return Verdict::kNotChecked;
  const std::int64_t group = node.Int("group", 1);
  const std::int64_t out = weights.dim(0).value();
  const std::int64_t in = weights.dim(1).value();
  const bool has_empty =
      std::any_of(weights.begin(), weights.end(), [](Dim dim) { return dim.value() == 0; });
  const bool fits = group >= 1 && !has_empty && out % group == 0 &&
                    (!input.dim(1).is_static() ||
                     (input.dim(1).value() % in == 0 && input.dim(1).value() / in == group));
  if (fits) return Verdict::kHolds;
  return Violated(
      node, 1,
      node.input_text(1) + " with group " + std::to_string(group) + " on " + node.input_text(0),
      finding);
}

Verdict KernelShapeFits(const OnnxNode& node, Bounds, Finding& finding) {
  const auto stated = node.Ints("kernel_shape");
  if (!stated || stated->empty()) return Verdict::kHolds;
  if (!node.knows_input(1)) return Verdict::kNotChecked;
  const auto kernel = Kernel(node);
  if (!kernel) return Verdict::kNotChecked;
  if (*kernel == *stated) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1), finding);
}

Verdict BiasFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(2)) return Verdict::kHolds;
  if (!node.knows_input(1) || !node.knows_input(2)) return Verdict::kNotChecked;
  const Shape& bias = node.input_shape(2);
  const Dim out = node.input_rank(1) > 0 ? node.input_shape(1).dim(0) : Dim(0);
  if (bias.rank() == 1 && (bias.dim(0) == out || !bias.dim(0).is_static() || !out.is_static())) {
    return Verdict::kHolds;
  }
  return Violated(node, 2, node.input_text(2), finding);
}

// SAME_LOWER on a size that is not known: how much goes to which side depends on it.
Verdict PaddingKnown(const OnnxNode& node, Bounds, Finding& finding) {
  const auto window = ConvWindow(node);
  if (!window || node.input_rank(0) > 4) return Verdict::kNotChecked;
  const ImagePlan plan = PlanImage(node.symbols(), node.input_shape(0), *window);
  if (plan.same() || plan.known()) return Verdict::kHolds;
  return Violated(node, 0, window->auto_pad + " on " + node.input_text(0), finding);
}

Verdict WindowFits(const OnnxNode& node, Bounds, Finding& finding) {
  const auto window = ConvWindow(node);
  if (!window) return Verdict::kNotChecked;
  for (int i = 0; i < static_cast<int>(window->axes.size()); ++i) {
    const Dim size = node.input_shape(0).dim(i + 2);
    const Dim output = PlanAxis(node.symbols(), size, *window, i).output;
    if (size == Dim(0) || !output.is_static() || output.value() > 0) continue;
    return Violated(node, 0, "no window fits into axis " + std::to_string(i + 2), finding);
  }
  return Verdict::kHolds;
}

// --- Translation ---

ir::Attributes ConvAttributes(const ImagePlan& plan, bool same) {
  return {{"padding", std::string(same ? "SAME" : "VALID")},
          {"stride_h", plan.h.stride},
          {"stride_w", plan.w.stride},
          {"dilation_h_factor", plan.h.dilation},
          {"dilation_w_factor", plan.w.dilation},
          {"fused_activation_function", std::string("NONE")}};
}

// (out, in, [kh,] kw) with the axes of a four-dimensional kernel.
ValueId WeightsAsImage(ir::Builder& out, ValueId weights) {
  const Shape shape = out.type(weights).shape;
  if (shape.rank() == 4) return weights;
  return out.Reshape(weights, {shape.dim(0), shape.dim(1), 1, shape.dim(2)});
}

Status TranslateConv(OnnxNode& node, ir::Builder& out) {
  const Window window = *ConvWindow(node);
  const ImagePlan plan = PlanImage(node.symbols(), node.input_shape(0), window);
  const bool same = plan.same() && !plan.valid();
  const std::int64_t group = node.Int("group", 1);
  const Dim per_group = node.input_shape(1).dim(1);
  const Dim channels = node.input_shape(1).dim(0);

  ValueId x = ToChannelsLast(out, node.input(0));
  if (!same) x = PadImage(out, x, plan.padding());
  ValueId bias = node.input(2);
  if (!bias.valid()) {
    const std::vector<std::byte> zero(8);
    const auto size = static_cast<std::size_t>(ir::ElementBits(node.input_dtype(0)) / 8);
    bias = out.Const(
        ir::Constant::Splat(node.input_dtype(0), {channels.value()}, ByteSpan(zero).first(size)));
  }
  const ValueId kernel = WeightsAsImage(out, node.input(1));
  ir::Attributes attrs = ConvAttributes(plan, same);
  ValueId y;
  if (group > 1 && per_group == Dim(1)) {
    attrs.Set("depth_multiplier", channels.value() / group);
    y = out.Emit(OpKind::kDepthwiseConv2d, {x, out.Transpose(kernel, {1, 2, 3, 0}), bias}, attrs);
  } else {
    y = out.Emit(OpKind::kConv2d, {x, out.Transpose(kernel, {0, 2, 3, 1}), bias}, attrs);
  }
  node.SetOutput(0, FromChannelsLast(out, y, node.input_rank(0)));
  return out.status();
}

constexpr OnnxConstraint kConv[] = {
    {Reason::kUnsupportedRank,
     RankWithin<0>,
     {3, 4},
     "input of rank {lo} to {hi}: one or two spatial axes"},
    {Reason::kDynamicDimensionUnsupported, StaticShape<1>, {}, "weights of static shape"},
    {Reason::kShapeMismatch,
     WeightsFit,
     {},
     "weights (out, in / group, kernel...) with group dividing both channel counts"},
    {Reason::kShapeMismatch, KernelShapeFits, {}, "kernel_shape equal to the weights' sizes"},
    {Reason::kShapeMismatch, BiasFits, {}, "a bias of one value for each output channel"},
    {Reason::kValueOutOfRange,
     WindowAttributes,
     {},
     "strides and dilations positive, pads not negative, one (pads: two) for each spatial axis"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "">,
     {},
     "auto_pad NOTSET, SAME_UPPER, SAME_LOWER or VALID"},
    {Reason::kDynamicDimensionUnsupported,
     PaddingKnown,
     {},
     "SAME_LOWER with a stride above 1 needs static spatial sizes"},
    {Reason::kShapeMismatch, WindowFits, {}, "the kernel fits into the padded input"},
};

constexpr OnnxRule kRules[] = {
    {"", "Conv", 1, 22, kConv, InferConv, TranslateConv},
};

}  // namespace

std::span<const OnnxRule> ConvRules() { return kRules; }

}  // namespace smelt::onnx_import
