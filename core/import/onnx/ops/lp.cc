// The p-norms: LpNormalization, GlobalLpPool, LpPool.
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/pool_image.h"
#include "core/import/onnx/ops/pool_volume.h"
#include "core/import/onnx/ops/window.h"
#include "core/import/onnx/ops/window_count.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Constant;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// Of the pools p was a number of any kind in opset 1, an integer since.
double Order(const OnnxNode& node) {
  const bool pools = node.op_type() != "LpNormalization";
  return pools && node.schema_version() == 1 ? node.Float("p", 2)
                                             : static_cast<double>(node.Int("p", 2));
}

ValueId Power(Builder& out, ValueId x, double p) {
  if (p == 1) return out.Unary(OpKind::kAbs, x);
  if (p == 2) return out.Mul(x, x);
  return out.Emit(OpKind::kPow, {out.Unary(OpKind::kAbs, x), out.Scalar(DType::kF32, p)});
}

ValueId Root(Builder& out, ValueId sum, double p) {
  if (p == 1) return sum;
  if (p == 2) return out.Unary(OpKind::kSqrt, sum);
  return out.Emit(OpKind::kPow, {sum, out.Scalar(DType::kF32, 1 / p)});
}

ValueId Norm(Builder& out, ValueId x, const std::vector<std::int32_t>& axes, double p) {
  const ValueId sum =
      out.Emit(OpKind::kSum, {Power(out, x, p), out.ConstI32(axes)}, {{"keep_dims", true}});
  return Root(out, sum, p);
}

// Of zeros the norm is 0 and so is the result: any divisor does.
Status TranslateLpNormalization(OnnxNode& node, Builder& out) {
  const int axis = *ir::NormalizeAxis(node.Int("axis", -1), node.input_rank(0));
  const ValueId x = out.Cast(node.input(0), DType::kF32);
  const ValueId norm = Norm(out, x, {axis}, Order(node));
  const ValueId divisor =
      out.Maximum(norm, out.Scalar(DType::kF32, std::numeric_limits<float>::min()));
  node.SetOutput(0, out.Cast(out.Div(x, divisor), node.input_dtype(0)));
  return out.status();
}

Status InferGlobal(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  ir::TensorType type = node.input_type(0);
  for (int i = 2; i < type.shape.rank(); ++i) type.shape.dim(i) = Dim(1);
  node.SetOutputType(0, std::move(type));
  return Status::Ok();
}

Status TranslateGlobal(OnnxNode& node, Builder& out) {
  std::vector<std::int32_t> axes(static_cast<std::size_t>(node.input_rank(0) - 2));
  std::iota(axes.begin(), axes.end(), 2);
  const ValueId x = out.Cast(node.input(0), DType::kF32);
  node.SetOutput(0, out.Cast(Norm(out, x, axes, Order(node)), node.input_dtype(0)));
  return out.status();
}

// --- LpPool ---

Status InferPool(OnnxNode& node) {
  const auto window = PoolWindow(node);
  if (!window) return Status::Ok();
  const Shape& input = node.input_shape(0);
  Shape shape{input.dim(0), input.dim(1)};
  for (int i = 0; i < input.rank() - 2; ++i) {
    shape.push_back(PlanAxis(node.symbols(), input.dim(i + 2), *window, i).output);
  }
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

// Sums over windows of (N, H, W, C): an average times the window's size, or, where the window has
// gaps, a convolution of each channel with ones.
ValueId WindowSums(Builder& out, ValueId x, const ImagePlan& plan) {
  if (!out.status().ok()) return {};
  const WindowAxis &h = plan.h, &w = plan.w;
  if (h.dilation == 1 && w.dilation == 1) {
    const ValueId mean = out.Emit(OpKind::kAveragePool2d, {x},
                                  {{"padding", std::string("VALID")},
                                   {"stride_w", w.stride},
                                   {"stride_h", h.stride},
                                   {"filter_width", w.kernel},
                                   {"filter_height", h.kernel}});
    return out.Mul(mean, out.Scalar(DType::kF32, static_cast<double>(h.kernel * w.kernel)));
  }
  const std::int64_t channels = out.type(x).shape.dim(3).value();
  const ValueId one = out.Scalar(DType::kF32, 1);
  const std::vector<std::int64_t> ones = {1, h.kernel, w.kernel, channels};
  const std::vector<float> zeros(static_cast<std::size_t>(channels), 0.0F);
  return out.Emit(OpKind::kDepthwiseConv2d,
                  {x, out.Const(out.constant(one)->BroadcastTo(ones)),
                   out.Const(Constant::FromValues<float>(DType::kF32, {channels}, zeros))},
                  {{"padding", std::string("VALID")},
                   {"stride_w", w.stride},
                   {"stride_h", h.stride},
                   {"depth_multiplier", std::int64_t{1}},
                   {"dilation_w_factor", w.dilation},
                   {"dilation_h_factor", h.dilation}});
}

// Three spatial axes: the elements of every window added up, one axis after the other.
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

Status TranslatePool(OnnxNode& node, Builder& out) {
  if (node.input_rank(0) == 5) {
    const VolumePlan volume = PlanVolume(node);
    const double order = Order(node);
    const ValueId power = Power(out, out.Cast(node.input(0), DType::kF32), order);
    const ValueId sums = JoinWindows(out, PadVolume(out, power, volume, 0), volume, OpKind::kAdd);
    node.SetOutput(0, out.Cast(Root(out, sums, order), node.input_dtype(0)));
    return out.status();
  }
  const ImagePlan plan = PlanImage(node.symbols(), node.input_shape(0), *PoolWindow(node));
  const double p = Order(node);
  ValueId x = out.Cast(node.input(0), DType::kF32);
  x = Power(out, ToChannelsLast(out, x), p);
  const ValueId sums = WindowSums(out, PadImage(out, x, plan.padding()), plan);
  const ValueId y = Root(out, CutWindows(out, sums, x, plan), p);
  node.SetOutput(0, out.Cast(FromChannelsLast(out, y, node.input_rank(0)), node.input_dtype(0)));
  return out.status();
}

Verdict PoolFits(const OnnxNode& node, Bounds, Finding& finding) {
  const auto window = PoolWindow(node);
  if (!window) return Verdict::kNotChecked;
  const auto fits = [](const AxisPlan& axis) {
    return axis.begin && axis.end && (!axis.output.is_static() || axis.output.value() > 0);
  };
  if (node.input_rank(0) == 5) {
    const Verdict known = CheckStatic(node, 0, 2, finding);
    if (known != Verdict::kHolds) return known;
    for (int i = 0; i < 3; ++i) {
      const Dim input = node.input_shape(0).dim(i + 2);
      const bool small = window->axes[static_cast<std::size_t>(i)].kernel <= 64;
      if (small && fits(PlanAxis(node.symbols(), input, *window, i))) continue;
      return Violated(node, 0, node.input_text(0), finding);
    }
    return Verdict::kHolds;
  }
  const ImagePlan plan = PlanImage(node.symbols(), node.input_shape(0), *window);
  const bool gaps = plan.h.dilation != 1 || plan.w.dilation != 1;
  const bool channels = !gaps || node.input_shape(0).dim(1).is_static();
  if (fits(plan.height) && fits(plan.width) && channels) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
}

Verdict OrderWithin(const OnnxNode& node, Bounds bounds, Finding& finding) {
  const double p = Order(node);
  if (p >= bounds.lo && p <= bounds.hi) return Verdict::kHolds;
  return Violated("p = " + std::to_string(p), finding);
}

constexpr OnnxConstraint kFloat = {Reason::kUnsupportedType,
                                   TypeIn<0, Types(DType::kF32, DType::kF16, DType::kBF16)>,
                                   {},
                                   "the input is f32, f16 or bf16"};
constexpr OnnxConstraint kNorm[] = {
    kFloat,
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 8}, "input of rank {lo} to {hi}"},
    {Reason::kValueOutOfRange, AxisAttr<"axis", -1>, {}, "axis is an axis of the input"},
    {Reason::kUnsupportedAttributeValue, IntAttrWithin<"p", 2>, {1, 2}, "p {lo} or {hi}"},
};
constexpr OnnxConstraint kOrder = {
    Reason::kUnsupportedAttributeValue, OrderWithin, {1, 64}, "p {lo} to {hi}"};
constexpr OnnxConstraint kGlobal[] = {
    kFloat,
    {Reason::kUnsupportedRank, RankWithin<0>, {3, 6}, "input of rank {lo} to {hi}"},
    kOrder,
};
constexpr OnnxConstraint kPool[] = {
    kFloat,
    {Reason::kUnsupportedRank,
     RankWithin<0>,
     {3, 5},
     "input of rank {lo} to {hi}: one to three spatial axes"},
    kOrder,
    {Reason::kValueOutOfRange,
     WindowAttributes,
     {},
     "kernel_shape, strides and dilations positive, pads not negative, one (pads: two) for each "
     "spatial axis"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "">,
     {},
     "auto_pad NOTSET, SAME_UPPER, SAME_LOWER or VALID"},
    {Reason::kDynamicDimensionUnsupported,
     PoolFits,
     {},
     "padding that depends on sizes needs static ones, dilation a static number of channels, three "
     "axes static sizes and windows of at most 64; every window fits"},
};

constexpr OnnxRule kRules[] = {
    {"", "LpNormalization", 1, 22, kNorm, SameAsFirst, TranslateLpNormalization},
    {"", "GlobalLpPool", 1, 22, kGlobal, InferGlobal, TranslateGlobal},
    {"", "LpPool", 1, 22, kPool, InferPool, TranslatePool},
};

}  // namespace

std::span<const OnnxRule> LpRules() { return kRules; }

}  // namespace smelt::onnx_import
