// Conv, FusedConv, ConvInteger and QLinearConv: one to three spatial axes, groups, any padding;
// weights constant or computed.
#include <algorithm>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/conv_volume.h"
#include "core/import/onnx/ops/fused_activation.h"
#include "core/import/onnx/ops/integer_sum.h"
#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {
namespace {

using ir::Dim;
using ir::Dims;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// (x, scale, zero point, weights, ...) in one of the three, (x, weights, ...) in the others.
bool IsQLinear(const OnnxNode& node) { return node.op_type() == "QLinearConv"; }
int WeightsAt(const OnnxNode& node) { return IsQLinear(node) ? 3 : 1; }
int BiasAt(const OnnxNode& node) {
  if (IsQLinear(node)) return 8;
  return node.op_type() == "ConvInteger" ? 4 : 2;  // ConvInteger has none
}

// The weights' spatial sizes; nothing while they are not static.
std::optional<std::vector<std::int64_t>> Kernel(const OnnxNode& node) {
  const Shape& weights = node.input_shape(WeightsAt(node));
  std::vector<std::int64_t> kernel;
  for (int i = 2; i < weights.rank(); ++i) {
    if (!weights.dim(i).is_static()) return std::nullopt;
    kernel.push_back(weights.dim(i).value());
  }
  return kernel;
}

std::optional<Window> ConvWindow(const OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(WeightsAt(node))) return std::nullopt;
  auto kernel = Kernel(node);
  if (!kernel || node.input_rank(0) < 3) return std::nullopt;
  return ReadWindow(node, node.input_rank(0) - 2, std::move(kernel));
}

Status InferConv(OnnxNode& node) {
  const auto window = ConvWindow(node);
  if (!window) return Status::Ok();
  const Shape& input = node.input_shape(0);
  Shape shape{input.dim(0), node.input_shape(WeightsAt(node)).dim(0)};
  for (int i = 0; i < input.rank() - 2; ++i) {
    shape.push_back(PlanAxis(node.symbols(), input.dim(i + 2), *window, i).output);
  }
  if (IsQLinear(node) && !node.knows_input(7)) return Status::Ok();
  const DType type = IsQLinear(node)                   ? node.input_dtype(7)
                     : node.op_type() == "ConvInteger" ? DType::kI32
                                                       : node.input_dtype(0);
  node.SetOutputType(0, {type, std::move(shape)});
  return Status::Ok();
}

// --- Constraints ---

Verdict WeightsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(WeightsAt(node))) return Verdict::kNotChecked;
  const Shape& input = node.input_shape(0);
  const Shape& weights = node.input_shape(WeightsAt(node));
  if (weights.rank() != input.rank()) {
    return Contradicted(node, WeightsAt(node), node.input_text(WeightsAt(node)), finding);
  }
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
  return Violated(node, WeightsAt(node),
                  node.input_text(WeightsAt(node)) + " with group " + std::to_string(group) +
                      " on " + node.input_text(0),
                  finding);
}

Verdict KernelShapeFits(const OnnxNode& node, Bounds, Finding& finding) {
  const auto stated = node.Ints("kernel_shape");
  if (!stated || stated->empty()) return Verdict::kHolds;
  if (!node.knows_input(WeightsAt(node))) return Verdict::kNotChecked;
  const auto kernel = Kernel(node);
  if (!kernel) return Verdict::kNotChecked;
  if (*kernel == *stated) return Verdict::kHolds;
  return Violated(node, WeightsAt(node), node.input_text(WeightsAt(node)), finding);
}

Verdict BiasFits(const OnnxNode& node, Bounds, Finding& finding) {
  const int at = BiasAt(node);
  if (!node.has_input(at)) return Verdict::kHolds;
  if (!node.knows_input(WeightsAt(node)) || !node.knows_input(at)) return Verdict::kNotChecked;
  const Shape& bias = node.input_shape(at);
  const Dim out =
      node.input_rank(WeightsAt(node)) > 0 ? node.input_shape(WeightsAt(node)).dim(0) : Dim(0);
  if (bias.rank() == 1 && (bias.dim(0) == out || !bias.dim(0).is_static() || !out.is_static())) {
    return Verdict::kHolds;
  }
  return Violated(node, at, node.input_text(at), finding);
}

// SAME_LOWER on a size that is not known: how much goes to which side depends on it.
Verdict PaddingKnown(const OnnxNode& node, Bounds, Finding& finding) {
  const auto window = ConvWindow(node);
  if (!window) return Verdict::kNotChecked;
  bool same = true, known = true;
  for (int i = 0; i < static_cast<int>(window->axes.size()); ++i) {
    const AxisPlan axis = PlanAxis(node.symbols(), node.input_shape(0).dim(i + 2), *window, i);
    same = same && axis.is_same;
    known = known && axis.begin.has_value();
  }
  if (node.input_rank(0) == 5 && RunsByPlanes(node)) same = false;
  if (same || known) return Verdict::kHolds;
  return Violated(node, 0, window->auto_pad + " on " + node.input_text(0), finding);
}

Verdict DepthKnown(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || node.input_rank(0) != 5) return Verdict::kHolds;
  if (!RunsByPlanes(node) || node.input_shape(0).dim(2).is_static()) return Verdict::kHolds;
  return Violated(node, 0, node.input_text(0), finding);
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

// x, weights (out, in / group, ...) and bias (invalid: none) of one type; the result has x's
// layout.
ValueId Convolution(OnnxNode& node, ir::Builder& out, ValueId x, ValueId weights, ValueId bias) {
  const Window window = *ConvWindow(node);
  if (node.input_rank(0) == 5) {
    return EmitVolumeConvolution(out, {x, weights, bias, node.Int("group", 1), window});
  }
  const ImagePlan plan = PlanImage(node.symbols(), node.input_shape(0), window);
  const bool same = plan.same() && !plan.valid();
  const std::int64_t group = node.Int("group", 1);
  const Dim per_group = node.input_shape(WeightsAt(node)).dim(1);
  const Dim channels = node.input_shape(WeightsAt(node)).dim(0);

  if (!out.status().ok()) return {};
  const DType type = out.type(x).dtype;
  x = ToChannelsLast(out, x);
  if (!same) x = PadImage(out, x, plan.padding());
  if (!bias.valid()) {
    const std::vector<std::byte> zero(8);
    const auto size = static_cast<std::size_t>(ir::ElementBits(type) / 8);
    bias = out.Const(ir::Constant::Splat(type, {channels.value()}, ByteSpan(zero).first(size)));
  }
  const ValueId kernel = WeightsAsImage(out, weights);
  ir::Attributes attrs = ConvAttributes(plan, same);
  ValueId y;
  if (group > 1 && per_group == Dim(1)) {
    attrs.Set("depth_multiplier", channels.value() / group);
    y = out.Emit(OpKind::kDepthwiseConv2d, {x, out.Transpose(kernel, {1, 2, 3, 0}), bias}, attrs);
  } else {
    y = out.Emit(OpKind::kConv2d, {x, out.Transpose(kernel, {0, 2, 3, 1}), bias}, attrs);
  }
  return FromChannelsLast(out, y, node.input_rank(0));
}

Status TranslateConv(OnnxNode& node, ir::Builder& out) {
  node.SetOutput(0, Convolution(node, out, node.input(0), node.input(1), node.input(2)));
  return out.status();
}

// activation(convolution + Z)
Status TranslateFusedConv(OnnxNode& node, ir::Builder& out) {
  ValueId y = Convolution(node, out, node.input(0), node.input(1), node.input(2));
  if (node.has_input(3)) y = out.Add(y, node.input(3));
  node.SetOutput(0, EmitFusedActivation(node, out, y));
  return out.status();
}

Verdict AddendFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(3)) return Verdict::kHolds;
  if (!node.knows_input(3) || !node.output_type(0)) return Verdict::kNotChecked;
  const Shape& addend = node.input_shape(3);
  const Shape& result = node.output_type(0)->shape;
  bool fits = addend.rank() == result.rank();
  for (int i = 0; fits && i < addend.rank(); ++i) {
    fits =
        addend.dim(i) == result.dim(i) || !addend.dim(i).is_static() || !result.dim(i).is_static();
  }
  return fits ? Verdict::kHolds : Violated(node, 3, node.input_text(3), finding);
}

// Products that one output value adds up.
std::int64_t Terms(const OnnxNode& node) {
  std::int64_t terms = 1;
  const Shape& weights = node.input_shape(WeightsAt(node));
  for (int i = 1; i < weights.rank(); ++i) terms *= weights.dim(i).value();
  return terms;
}

// The sums of an integer convolution, as i32. What is padded is the zero point.
ValueId IntegerConvolution(OnnxNode& node, ir::Builder& out, int x_zero, int weights_zero) {
  const ValueId x = Centered(node, out, 0, x_zero, 1);
  const ValueId weights = Centered(node, out, WeightsAt(node), weights_zero, 0);
  return IntegerSum(out, weights, Terms(node),
                    [&](ValueId piece) { return Convolution(node, out, x, piece, {}); });
}

Status TranslateConvInteger(OnnxNode& node, ir::Builder& out) {
  node.SetOutput(0, IntegerConvolution(node, out, 2, 3));
  return out.status();
}

Status TranslateQLinearConv(OnnxNode& node, ir::Builder& out) {
  const int rank = node.input_rank(0);
  ValueId sum = IntegerConvolution(node, out, 2, 5);
  if (node.has_input(8)) {
    Shape along(Dims(static_cast<std::size_t>(rank), Dim(1)));
    along.dim(1) = node.input_shape(8).dim(0);
    sum = out.Add(sum, out.Reshape(node.input(8), along));
  }
  const auto parameter = [&](int i) { return AlongAxis(node, out, i, rank, 1); };
  const ValueId ratio = out.Div(out.Mul(parameter(1), parameter(4)), parameter(6));
  const ValueId y = out.Mul(out.Cast(sum, DType::kF32), ratio);
  node.SetOutput(0, Saturated(out, y, parameter(7), node.output_type(0)->dtype));
  return out.status();
}

// Scales and zero points of the weights are one, or one an output channel; all others one.
Verdict ParametersFit(const OnnxNode& node, Bounds, Finding& finding) {
  const int at = WeightsAt(node);
  if (!node.knows_input(at) || node.input_rank(at) == 0) return Verdict::kNotChecked;
  const Shape channels{node.input_shape(at).dim(0)};
  const Shape single{Dim(1)};
  const bool narrows = IsQLinear(node);
  const std::vector<int> of_weights = narrows ? std::vector{4, 5} : std::vector{3};
  const std::vector<int> of_others = narrows ? std::vector{1, 2, 6, 7} : std::vector{2};
  for (const auto& [inputs, of] : {std::pair{of_weights, channels}, {of_others, single}}) {
    for (const int input : inputs) {
      const Verdict verdict = ParameterFits(node, input, of, 0, finding);
      if (verdict != Verdict::kHolds) return verdict;
    }
  }
  return Verdict::kHolds;
}

Verdict TermsFit(const OnnxNode& node, Bounds, Finding& finding) {
  const int at = WeightsAt(node);
  if (!node.knows_input(at) || !node.input_shape(at).IsStatic()) return Verdict::kNotChecked;
  if (Terms(node) <= kMaxIntegerTerms) return Verdict::kHolds;
  return Violated(node, at, node.input_text(at), finding);
}

Verdict StaticWeights(const OnnxNode& node, Bounds, Finding& finding) {
  return CheckStatic(node, WeightsAt(node), 0, finding);
}

constexpr OnnxConstraint kRank = {Reason::kUnsupportedRank,
                                  RankWithin<0>,
                                  {3, 5},
                                  "input of rank {lo} to {hi}: one to three spatial axes"};
constexpr OnnxConstraint kStatic = {
    Reason::kDynamicDimensionUnsupported, StaticWeights, {}, "weights of static shape"};
constexpr OnnxConstraint kWeights = {
    Reason::kShapeMismatch,
    WeightsFit,
    {},
    "weights (out, in / group, kernel...) with group dividing both channel counts"};
constexpr OnnxConstraint kKernel = {
    Reason::kShapeMismatch, KernelShapeFits, {}, "kernel_shape equal to the weights' sizes"};
constexpr OnnxConstraint kBias = {
    Reason::kShapeMismatch, BiasFits, {}, "a bias of one value for each output channel"};
constexpr OnnxConstraint kAttributes = {
    Reason::kValueOutOfRange,
    WindowAttributes,
    {},
    "strides and dilations positive, pads not negative, one (pads: two) for each spatial axis"};
constexpr OnnxConstraint kAutoPad = {
    Reason::kUnsupportedAttributeValue,
    StringAttrIn<"auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "">,
    {},
    "auto_pad NOTSET, SAME_UPPER, SAME_LOWER or VALID"};
constexpr OnnxConstraint kPadding = {Reason::kDynamicDimensionUnsupported,
                                     PaddingKnown,
                                     {},
                                     "SAME_LOWER with a stride above 1 needs static spatial sizes"};
constexpr OnnxConstraint kDepth = {Reason::kDynamicDimensionUnsupported,
                                   DepthKnown,
                                   {},
                                   "groups over three spatial axes need a static depth"};
constexpr OnnxConstraint kFits = {
    Reason::kShapeMismatch, WindowFits, {}, "the kernel fits into the padded input"};
constexpr OnnxConstraint kParameters = {
    Reason::kShapeMismatch,
    ParametersFit,
    {},
    "scales and zero points of one element, the weights' also one for each output channel"};
constexpr OnnxConstraint kTerms = {
    Reason::kTensorTooLarge, TermsFit, {}, "at most 16448 products in a sum, to stay exact"};
constexpr TypeSet kBytes = Types(DType::kU8, DType::kI8);

constexpr OnnxConstraint kConv[] = {kRank,       kStatic,  kWeights, kKernel, kBias,
                                    kAttributes, kAutoPad, kPadding, kDepth,  kFits};
constexpr OnnxConstraint kFusedConv[] = {
    kRank,
    kStatic,
    kWeights,
    kKernel,
    kBias,
    kAttributes,
    kAutoPad,
    kPadding,
    kFits,
    kFusedActivation,
    {Reason::kShapeMismatch, AddendFits, {}, "an addend Z of the result's shape"}};
constexpr OnnxConstraint kConvInteger[] = {kRank,       kStatic,     kWeights, kKernel,
                                           kAttributes, kAutoPad,    kPadding, kDepth,
                                           kFits,       kParameters, kTerms};
constexpr OnnxConstraint kQLinearConv[] = {
    {Reason::kUnsupportedType, TypeIn<7, kBytes>, {}, "a result of u8 or i8"},
    kRank,
    kStatic,
    kWeights,
    kKernel,
    kBias,
    kAttributes,
    kAutoPad,
    kPadding,
    kDepth,
    kFits,
    kParameters,
    kTerms,
};

constexpr OnnxRule kRules[] = {
    {"", "Conv", 1, 22, kConv, InferConv, TranslateConv},
    {"", "ConvInteger", 10, 10, kConvInteger, InferConv, TranslateConvInteger},
    {kContribDomain, "FusedConv", 1, 1, kFusedConv, InferConv, TranslateFusedConv},
    {"", "QLinearConv", 10, 10, kQLinearConv, InferConv, TranslateQLinearConv},
};

}  // namespace

std::span<const OnnxRule> ConvRules() { return kRules; }

}  // namespace smelt::onnx_import
