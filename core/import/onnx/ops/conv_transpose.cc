// ConvTranspose: one to three spatial axes. TRANSPOSE_CONV (or CONV_3D_TRANSPOSE) computes the
// whole result without padding, a slice then takes what ONNX's padding leaves; padding that
// TFLite's SAME expresses needs no slice.
#include <algorithm>
#include <array>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/conv_transpose_volume.h"
#include "core/import/onnx/ops/transposed_window.h"
#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {
namespace {

using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

Status InferConvTranspose(OnnxNode& node) {
  const auto plan = PlanTransposed(node);
  if (!plan) return Status::Ok();
  const Dim group(std::clamp<std::int64_t>(node.Int("group", 1), 0, INT32_MAX));
  Shape shape{node.input_shape(0).dim(0), node.symbols().Mul(node.input_shape(1).dim(1), group)};
  for (const TransposedAxis& axis : *plan) {
    if (IntFromDim(node.symbols(), axis.output).value_or(1) < 1) return Status::Ok();
    shape.push_back(axis.output);
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
  const bool has_empty =
      std::any_of(weights.begin(), weights.end(), [](Dim dim) { return dim.value() == 0; });
  const Dim in = weights.dim(0);
  const bool fits = group >= 1 && !has_empty && in.value() % group == 0 &&
                    (input.dim(1) == in || !input.dim(1).is_static());
  if (fits) return Verdict::kHolds;
  return Violated(
      node, 1,
      node.input_text(1) + " with group " + std::to_string(group) + " on " + node.input_text(0),
      finding);
}

Verdict KernelShapeFits(const OnnxNode& node, Bounds, Finding& finding) {
  const auto stated = node.Ints("kernel_shape");
  const auto window = TransposeWindow(node);
  if (!stated || stated->empty()) return Verdict::kHolds;
  if (!window) return Verdict::kNotChecked;
  for (std::size_t i = 0; i < window->axes.size(); ++i) {
    if (stated->size() == window->axes.size() && (*stated)[i] == window->axes[i].kernel) continue;
    return Violated(node, 1, node.input_text(1), finding);
  }
  return Verdict::kHolds;
}

Verdict BiasFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(2)) return Verdict::kHolds;
  if (!node.knows_input(1) || !node.knows_input(2)) return Verdict::kNotChecked;
  if (node.input_rank(1) < 2 || !node.input_shape(1).dim(1).is_static())
    return Verdict::kNotChecked;
  const Shape& bias = node.input_shape(2);
  std::int64_t out = 0;
  if (__builtin_mul_overflow(node.input_shape(1).dim(1).value(), node.Int("group", 1), &out) ||
      out < 0) {
    return Verdict::kNotChecked;  // the group is reported
  }
  if (bias.rank() == 1 && bias.dim(0) == Dim(out)) return Verdict::kHolds;
  return Violated(node, 2, node.input_text(2), finding);
}

Verdict SpatialLists(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const auto count = static_cast<std::size_t>(std::max(node.input_rank(0) - 2, 0));
  for (const char* name : {"output_padding", "output_shape"}) {
    if (!SpatialList(node, name, count)) return Violated(name, finding);
  }
  return Verdict::kHolds;
}

Verdict SizesKnown(const OnnxNode& node, Bounds, Finding& finding) {
  const auto list = node.Ints("output_shape");
  if (!list || list->empty()) return Verdict::kHolds;
  return CheckStatic(node, 0, 2, finding);
}

// Below that ONNX's text and its runtimes give different sizes.
Verdict SameKernelCoversStride(const OnnxNode& node, Bounds, Finding& finding) {
  const auto window = TransposeWindow(node);
  if (!window) return Verdict::kNotChecked;
  const auto shape = node.Ints("output_shape");
  const bool same = window->auto_pad == "SAME_UPPER" || window->auto_pad == "SAME_LOWER";
  if (!same || (shape && !shape->empty())) return Verdict::kHolds;
  for (const WindowAxis& axis : window->axes) {
    if (axis.extent() >= axis.stride) continue;
    return Violated(
        "kernel " + std::to_string(axis.extent()) + " at stride " + std::to_string(axis.stride),
        finding);
  }
  return Verdict::kHolds;
}

Verdict ResultFits(const OnnxNode& node, Bounds, Finding& finding) {
  const auto plan = PlanTransposed(node);
  if (!plan) return Verdict::kNotChecked;
  for (const TransposedAxis& axis : *plan) {
    const bool empty = IntFromDim(node.symbols(), axis.output).value_or(1) < 1;
    if (!empty && axis.extra < axis.stride) continue;
    return Violated(node, 0,
                    "result size " + node.symbols().Text(axis.output) + " at stride " +
                        std::to_string(axis.stride),
                    finding);
  }
  return Verdict::kHolds;
}

Verdict DilatedWeightsSmall(const OnnxNode& node, Bounds bounds, Finding& finding) {
  const auto window = TransposeWindow(node);
  if (!window || !node.input_shape(1).IsStatic()) return Verdict::kNotChecked;
  double elements = 1;
  for (int i = 0; i < 2; ++i) elements *= static_cast<double>(node.input_shape(1).dim(i).value());
  for (const WindowAxis& axis : window->axes) elements *= static_cast<double>(axis.extent());
  const bool dilated =
      std::any_of(window->axes.begin(), window->axes.end(),
                  [](const WindowAxis& axis) { return axis.extent() != axis.kernel; });
  if (!dilated || elements <= bounds.hi) return Verdict::kHolds;
  return Violated(node, 1, "weights with too many zeros between them", finding);
}

// --- Translation ---

// Everything of one translation.
class Translation {
 public:
  Translation(OnnxNode& node, ir::Builder& out) : node_(node), out_(out) {
    const std::vector<TransposedAxis> plan = *PlanTransposed(node);
    w_ = plan.back();
    if (plan.size() > 1) h_ = plan.front();
    h_.output = plan.size() > 1 ? h_.output : Dim(1);
    plan_ = plan;
  }

  Status Run() {
    const std::int64_t group = node_.Int("group", 1);
    if (node_.input_rank(0) == 5) {
      node_.SetOutput(
          0, EmitTransposedVolume(out_, {node_.input(0), Weights(), node_.input(2), group, plan_}));
      return out_.status();
    }
    const ValueId x = ToChannelsLast(out_, node_.input(0));
    const ValueId weights = Weights();
    if (!out_.status().ok()) return out_.status();
    ValueId y = group == 1 ? One(x, weights, node_.input(2)) : Grouped(x, weights, group);
    node_.SetOutput(0, FromChannelsLast(out_, y, node_.input_rank(0)));
    return out_.status();
  }

 private:
  // (in, out, kh, kw) or (in, out, kd, kh, kw), dilated.
  ValueId Weights() {
    ValueId weights = node_.input(1);
    const Window window = *TransposeWindow(node_);
    const bool dilated =
        std::any_of(window.axes.begin(), window.axes.end(),
                    [](const WindowAxis& axis) { return axis.extent() != axis.kernel; });
    if (dilated && out_.constant(weights) == nullptr) {
      weights = DilateAtRunTime(out_, weights, window.axes);
    } else if (dilated) {
      weights = out_.Const(DilateWeights(*out_.constant(weights), plan_));
    }
    if (!out_.status().ok() || out_.type(weights).shape.rank() != 3) return weights;
    const Shape shape = out_.type(weights).shape;
    return out_.Reshape(weights, {shape.dim(0), shape.dim(1), 1, shape.dim(2)});
  }

  ValueId Grouped(ValueId x, ValueId weights, std::int64_t group) {
    const std::int64_t in = out_.type(weights).shape.dim(0).value() / group;
    const std::int64_t out = out_.type(weights).shape.dim(1).value();
    const std::vector<ValueId> parts =
        out_.EmitMany(OpKind::kSplit, std::array{out_.ScalarI32(3), x}, {{"num_splits", group}});
    std::vector<ValueId> results;
    for (std::int64_t g = 0; g < group && out_.status().ok(); ++g) {
      results.push_back(One(parts[static_cast<std::size_t>(g)],
                            PartOfFirst(out_, weights, g * in, in),
                            PartOfFirst(out_, node_.input(2), g * out, out)));
    }
    return out_.Emit(
        OpKind::kConcatenation, results,
        {{"axis", std::int64_t{3}}, {"fused_activation_function", std::string("NONE")}});
  }

  // TFLite's SAME cuts off what it would have added to the result as a convolution's input.
  static bool IsSame(const TransposedAxis& axis, Dim input) {
    if (!axis.output.is_static() || !input.is_static()) return false;
    const std::int64_t size = axis.output.value();
    const std::int64_t windows = (size + axis.stride - 1) / axis.stride;
    const std::int64_t total =
        std::max<std::int64_t>(0, (windows - 1) * axis.stride + axis.extent - size);
    return windows == input.value() && axis.begin == total / 2;
  }

  ValueId One(ValueId x, ValueId weights, ValueId bias) {
    if (!out_.status().ok()) return {};
    const ValueId filter = out_.Transpose(weights, {1, 2, 3, 0});
    const Shape input = out_.type(x).shape;
    const Dim channels = out_.type(weights).shape.dim(1);
    const bool cuts = h_.begin + h_.cut_end + w_.begin + w_.cut_end > 0;
    const bool same = cuts && IsSame(h_, input.dim(1)) && IsSame(w_, input.dim(2));
    const Dim height = same ? h_.output : Full(h_), width = same ? w_.output : Full(w_);
    const ir::TensorType type{node_.input_dtype(0), {input.dim(0), height, width, channels}};
    const std::array operands = {OutputShape(x, type.shape), filter, x, bias};
    const ValueId y =
        out_.EmitTyped(OpKind::kTransposeConv, std::span(operands).first(bias.valid() ? 4 : 3),
                       {{"padding", std::string(same ? "SAME" : "VALID")},
                        {"stride_h", h_.stride},
                        {"stride_w", w_.stride},
                        {"fused_activation_function", std::string("NONE")}},
                       type);
    return cuts && !same ? Cut(y, {type.shape.dim(0), h_.output, w_.output, channels}) : y;
  }

  // The size before cutting.
  Dim Full(const TransposedAxis& axis) {
    return node_.symbols().Add(axis.output, Dim(axis.begin + axis.cut_end));
  }

  // The size operand; computed from x's own where it is not static.
  ValueId OutputShape(ValueId x, const Shape& shape) {
    if (shape.IsStatic()) {
      std::vector<std::int32_t> sizes;
      for (const std::int64_t size : shape.Sizes())
        sizes.push_back(static_cast<std::int32_t>(size));
      return out_.ConstI32(sizes);
    }
    const auto narrow = [](std::int64_t value) { return static_cast<std::int32_t>(value); };
    // A static size stands as it is; a symbolic one is scale * x's size + offset.
    const auto scale = [&](const TransposedAxis& axis, Dim size) {
      return size.is_static() ? 0 : narrow(axis.stride);
    };
    const auto offset = [&](const TransposedAxis& axis, Dim size) {
      return narrow(size.is_static() ? size.value() : axis.extent - axis.stride + axis.extra);
    };
    const Dim height = shape.dim(1), width = shape.dim(2);
    const ValueId sizes = out_.Emit(OpKind::kShape, {x}, {{"out_type", std::string("i32")}});
    const ValueId scaled =
        out_.Mul(sizes, out_.ConstI32({1, scale(h_, height), scale(w_, width), 0}));
    return out_.Add(scaled, out_.ConstI32({0, offset(h_, height), offset(w_, width),
                                           narrow(shape.dim(3).value())}));
  }

  ValueId Cut(ValueId y, const Shape& shape) {
    const auto narrow = [](std::int64_t value) { return static_cast<std::int32_t>(value); };
    const ValueId begin = out_.ConstI32({0, narrow(h_.begin), narrow(w_.begin), 0});
    const ValueId end = out_.ConstI32({0, narrow(-h_.cut_end), narrow(-w_.cut_end), 0});
    const std::int64_t end_mask = 1 | 8 | (h_.cut_end == 0 ? 2 : 0) | (w_.cut_end == 0 ? 4 : 0);
    const std::array operands = {y, begin, end, out_.ConstI32({1, 1, 1, 1})};
    return out_.EmitTyped(OpKind::kStridedSlice, operands,
                          {{"begin_mask", std::int64_t{9}}, {"end_mask", end_mask}},
                          {node_.input_dtype(0), shape});
  }

  OnnxNode& node_;
  ir::Builder& out_;
  std::vector<TransposedAxis> plan_;
  TransposedAxis h_, w_;
};

Status TranslateConvTranspose(OnnxNode& node, ir::Builder& out) {
  return Translation(node, out).Run();
}

constexpr OnnxConstraint kConvTranspose[] = {
    {Reason::kUnsupportedRank,
     RankWithin<0>,
     {3, 5},
     "input of rank {lo} to {hi}: one to three spatial axes"},
    {Reason::kDynamicDimensionUnsupported, StaticShape<1>, {}, "weights of static shape"},
    {Reason::kShapeMismatch,
     WeightsFit,
     {},
     "weights (in, out / group, kernel...) with group dividing the input channels"},
    {Reason::kShapeMismatch, KernelShapeFits, {}, "kernel_shape equal to the weights' sizes"},
    {Reason::kShapeMismatch, BiasFits, {}, "a bias of one value for each output channel"},
    {Reason::kValueOutOfRange,
     WindowAttributes,
     {},
     "strides and dilations positive, pads not negative, one (pads: two) for each spatial axis"},
    {Reason::kValueOutOfRange,
     SpatialLists,
     {},
     "output_padding and output_shape not negative, one value for each spatial axis"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "">,
     {},
     "auto_pad NOTSET, SAME_UPPER, SAME_LOWER or VALID"},
    {Reason::kDynamicDimensionUnsupported,
     SizesKnown,
     {},
     "output_shape needs static spatial sizes of the input"},
    {Reason::kUnsupportedAttributeValue,
     DilatedWeightsSmall,
     {0, 1 << 26},
     "at most {hi} elements in the weights with the zeros of their dilation"},
    {Reason::kUnsupportedAttributeValue,
     SameKernelCoversStride,
     {},
     "auto_pad SAME_UPPER or SAME_LOWER with a kernel at least as large as the stride"},
    {Reason::kUnsupportedAttributeValue,
     ResultFits,
     {},
     "a result of at least 1, extended by less than the stride"},
};

constexpr OnnxRule kRules[] = {
    {"", "ConvTranspose", 1, 22, kConvTranspose, InferConvTranspose, TranslateConvTranspose},
};

}  // namespace

std::span<const OnnxRule> ConvTransposeRules() { return kRules; }

}  // namespace smelt::onnx_import
