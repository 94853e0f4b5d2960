// ConvTranspose: one and two spatial axes. TRANSPOSE_CONV computes the whole result without padding, a
// slice then takes what ONNX's padding leaves; padding that TFLite's SAME expresses needs no slice.
#include <algorithm>
#include <array>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {
namespace {

using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// One axis of the result, against the full size F = stride * (input - 1) + extent.
struct TransposedAxis {
  std::int64_t stride = 1, extent = 1;
  std::int64_t begin = 0;        // cut off before
  std::int64_t cut_end = 0;      // cut off behind
  std::int64_t extra = 0;        // or added behind: positions that only the bias reaches
  Dim output = 1;
};

std::optional<Window> TransposeWindow(const OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return std::nullopt;
  const Shape& weights = node.input_shape(1);
  std::vector<std::int64_t> kernel;
  for (int i = 2; i < weights.rank(); ++i) {
    if (!weights.dim(i).is_static()) return std::nullopt;
    kernel.push_back(weights.dim(i).value());
  }
  return node.input_rank(0) < 3 ? std::nullopt
                                : ReadWindow(node, node.input_rank(0) - 2, std::move(kernel));
}

// The list attribute `name` for the spatial axes; nothing when its length is wrong.
std::optional<std::vector<std::int64_t>> SpatialList(const OnnxNode& node, std::string_view name,
                                                     std::size_t count) {
  auto list = node.Ints(name);
  if (!list || list->empty()) return std::vector<std::int64_t>(count, 0);
  const bool fits = list->size() == count &&
                    std::all_of(list->begin(), list->end(), [](std::int64_t value) {
                      return value >= 0 && value <= INT32_MAX;
                    });
  return fits ? list : std::nullopt;
}

// Nothing when an attribute is out of range or needs a size that is not known.
std::optional<std::vector<TransposedAxis>> PlanTransposed(const OnnxNode& node) {
  const auto window = TransposeWindow(node);
  if (!window) return std::nullopt;
  const std::size_t count = window->axes.size();
  const auto output_padding = SpatialList(node, "output_padding", count);
  const auto output_shape = SpatialList(node, "output_shape", count);
  if (!output_padding || !output_shape) return std::nullopt;
  const bool has_shape = std::any_of(output_shape->begin(), output_shape->end(),
                                     [](std::int64_t size) { return size > 0; });
  ir::SymbolTable& symbols = node.symbols();
  std::vector<TransposedAxis> plan;
  for (std::size_t i = 0; i < count; ++i) {
    const WindowAxis& axis = window->axes[i];
    const Dim input = node.input_shape(0).dim(static_cast<int>(i) + 2);
    TransposedAxis one;
    one.stride = axis.stride;
    one.extent = axis.extent();
    const Dim full = symbols.Add(symbols.Mul(symbols.Sub(input, Dim(1)), Dim(axis.stride)),
                                 Dim(axis.extent()));
    std::int64_t behind = 0;   // result size minus F
    if (has_shape || window->auto_pad == "SAME_UPPER" || window->auto_pad == "SAME_LOWER") {
      if (has_shape && !full.is_static()) return std::nullopt;
      behind = has_shape ? (*output_shape)[i] - full.value() : axis.stride - axis.extent();
      const std::int64_t total = std::max<std::int64_t>(0, (*output_padding)[i] - behind);
      one.begin = window->auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    } else {
      one.begin = axis.begin;
      behind = (*output_padding)[i] - axis.begin - axis.end;
    }
    one.output = behind >= 0 ? symbols.Add(full, Dim(behind)) : symbols.Sub(full, Dim(-behind));
    one.extra = std::max<std::int64_t>(0, one.begin + behind);
    one.cut_end = std::max<std::int64_t>(0, -(one.begin + behind));
    plan.push_back(one);
  }
  return plan;
}

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
  const bool has_empty = std::any_of(weights.begin(), weights.end(),
                                     [](Dim dim) { return dim.value() == 0; });
  const Dim in = weights.dim(0);
  const bool fits = group >= 1 && !has_empty && in.value() % group == 0 &&
                    (input.dim(1) == in || !input.dim(1).is_static());
  if (fits) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1) + " with group " + std::to_string(group) + " on " +
                               node.input_text(0),
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
  if (node.input_rank(1) < 2 || !node.input_shape(1).dim(1).is_static()) return Verdict::kNotChecked;
  const Shape& bias = node.input_shape(2);
  const std::int64_t out = node.input_shape(1).dim(1).value() * node.Int("group", 1);
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

Verdict ResultFits(const OnnxNode& node, Bounds, Finding& finding) {
  const auto plan = PlanTransposed(node);
  if (!plan) return Verdict::kNotChecked;
  for (const TransposedAxis& axis : *plan) {
    const bool empty = IntFromDim(node.symbols(), axis.output).value_or(1) < 1;
    if (!empty && axis.extra < axis.stride) continue;
    return Violated(node, 0, "result size " + node.symbols().Text(axis.output) + " at stride " +
                                 std::to_string(axis.stride),
                    finding);
  }
  return Verdict::kHolds;
}

Verdict DilatedWeightsConstant(const OnnxNode& node, Bounds, Finding& finding) {
  const auto window = TransposeWindow(node);
  if (!window) return Verdict::kNotChecked;
  const bool dilated = std::any_of(window->axes.begin(), window->axes.end(),
                                   [](const WindowAxis& axis) { return axis.extent() != axis.kernel; });
  return dilated ? CheckConstant(node, 1, finding) : Verdict::kHolds;
}

Verdict DilatedWeightsSmall(const OnnxNode& node, Bounds bounds, Finding& finding) {
  const auto window = TransposeWindow(node);
  if (!window || !node.input_shape(1).IsStatic()) return Verdict::kNotChecked;
  double elements = 1;
  for (int i = 0; i < 2; ++i) elements *= static_cast<double>(node.input_shape(1).dim(i).value());
  for (const WindowAxis& axis : window->axes) elements *= static_cast<double>(axis.extent());
  const bool dilated = std::any_of(window->axes.begin(), window->axes.end(),
                                   [](const WindowAxis& axis) { return axis.extent() != axis.kernel; });
  if (!dilated || elements <= bounds.hi) return Verdict::kHolds;
  return Violated(node, 1, "weights with too many zeros between them", finding);
}

// --- Translation ---

// Weights with zeros between their spatial elements: the same convolution without dilation.
ir::Constant Dilate(const ir::Constant& weights, std::span<const TransposedAxis> plan) {
  const std::vector<std::int64_t>& from = weights.shape();
  std::vector<std::int64_t> to = {from[0], from[1]};
  for (const TransposedAxis& axis : plan) to.push_back(axis.extent);
  const std::int64_t kh = from.size() == 4 ? from[2] : 1, kw = from.back();
  const std::int64_t eh = from.size() == 4 ? to[2] : 1, ew = to.back();
  const std::int64_t dh = kh > 1 ? (eh - 1) / (kh - 1) : 1, dw = kw > 1 ? (ew - 1) / (kw - 1) : 1;
  const auto size = static_cast<std::size_t>(ir::ElementBits(weights.dtype()) / 8);
  const SharedBytes source = weights.Materialize();
  const std::int64_t planes = from[0] * from[1];
  std::vector<std::byte> bytes(static_cast<std::size_t>(planes * eh * ew) * size);
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    for (std::int64_t y = 0; y < kh; ++y) {
      for (std::int64_t x = 0; x < kw; ++x) {
        const auto at = static_cast<std::size_t>((plane * kh + y) * kw + x) * size;
        const auto put = static_cast<std::size_t>((plane * eh + y * dh) * ew + x * dw) * size;
        std::copy_n(source.data() + at, size, bytes.data() + put);
      }
    }
  }
  auto made = ir::Constant::FromBytes(weights.dtype(), std::move(to), SharedBytes::Own(std::move(bytes)));
  SMELT_CHECK(made.ok());
  return std::move(made).value();
}

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
    const ValueId x = ToChannelsLast(out_, node_.input(0));
    const ValueId weights = Weights();
    if (!out_.status().ok()) return out_.status();
    const std::int64_t group = node_.Int("group", 1);
    ValueId y = group == 1 ? One(x, weights, node_.input(2)) : Grouped(x, weights, group);
    node_.SetOutput(0, FromChannelsLast(out_, y, node_.input_rank(0)));
    return out_.status();
  }

 private:
  // (in, out, kh, kw), dilated.
  ValueId Weights() {
    ValueId weights = node_.input(1);
    const Window window = *TransposeWindow(node_);
    const bool dilated = std::any_of(
        window.axes.begin(), window.axes.end(),
        [](const WindowAxis& axis) { return axis.extent() != axis.kernel; });
    if (dilated) weights = out_.Const(Dilate(*out_.constant(weights), plan_));
    if (!out_.status().ok() || out_.type(weights).shape.rank() == 4) return weights;
    const Shape shape = out_.type(weights).shape;
    return out_.Reshape(weights, {shape.dim(0), shape.dim(1), 1, shape.dim(2)});
  }

  // Elements [begin, begin + size) of an axis of static size; views of constants.
  ValueId Part(ValueId value, int axis, std::int64_t begin, std::int64_t size) {
    if (!value.valid() || !out_.status().ok()) return value;
    const Shape shape = out_.type(value).shape;
    std::vector<std::int64_t> from(static_cast<std::size_t>(shape.rank()), 0);
    std::vector<std::int64_t> count = shape.Sizes();
    from[static_cast<std::size_t>(axis)] = begin;
    count[static_cast<std::size_t>(axis)] = size;
    if (const ir::Constant* constant = out_.constant(value)) {
      const std::vector<std::int64_t> ones(from.size(), 1);
      return out_.Const(constant->Sliced(from, count, ones));
    }
    const std::vector<std::int32_t> from32(from.begin(), from.end());
    const std::vector<std::int32_t> count32(count.begin(), count.end());
    return out_.Emit(OpKind::kSlice, {value, out_.ConstI32(from32), out_.ConstI32(count32)});
  }

  ValueId Grouped(ValueId x, ValueId weights, std::int64_t group) {
    const std::int64_t in = out_.type(weights).shape.dim(0).value() / group;
    const std::int64_t out = out_.type(weights).shape.dim(1).value();
    const std::vector<ValueId> parts = out_.EmitMany(
        OpKind::kSplit, std::array{out_.ScalarI32(3), x}, {{"num_splits", group}});
    std::vector<ValueId> results;
    for (std::int64_t g = 0; g < group && out_.status().ok(); ++g) {
      results.push_back(One(parts[static_cast<std::size_t>(g)], Part(weights, 0, g * in, in),
                            Part(node_.input(2), 0, g * out, out)));
    }
    return out_.Emit(OpKind::kConcatenation, results,
                     {{"axis", std::int64_t{3}},
                      {"fused_activation_function", std::string("NONE")}});
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
    const ValueId y = out_.EmitTyped(
        OpKind::kTransposeConv, std::span(operands).first(bias.valid() ? 4 : 3),
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
      for (const std::int64_t size : shape.Sizes()) sizes.push_back(static_cast<std::int32_t>(size));
      return out_.ConstI32(sizes);
    }
    const auto narrow = [](std::int64_t value) { return static_cast<std::int32_t>(value); };
    const auto offset = [&](const TransposedAxis& axis) {
      return narrow(axis.extent - axis.stride + axis.extra);
    };
    const ValueId sizes = out_.Emit(OpKind::kShape, {x}, {{"out_type", std::string("i32")}});
    const ValueId scaled =
        out_.Mul(sizes, out_.ConstI32({1, narrow(h_.stride), narrow(w_.stride), 0}));
    return out_.Add(scaled, out_.ConstI32({0, offset(h_), offset(w_), narrow(shape.dim(3).value())}));
  }

  ValueId Cut(ValueId y, const Shape& shape) {
    const auto narrow = [](std::int64_t value) { return static_cast<std::int32_t>(value); };
    const ValueId begin = out_.ConstI32({0, narrow(h_.begin), narrow(w_.begin), 0});
    const ValueId end = out_.ConstI32({0, narrow(-h_.cut_end), narrow(-w_.cut_end), 0});
    const std::int64_t end_mask =
        1 | 8 | (h_.cut_end == 0 ? 2 : 0) | (w_.cut_end == 0 ? 4 : 0);
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
    {Reason::kUnsupportedRank, RankWithin<0>, {3, 4},
     "input of rank {lo} to {hi}: one or two spatial axes"},
    {Reason::kDynamicDimensionUnsupported, StaticShape<1>, {}, "weights of static shape"},
    {Reason::kShapeMismatch, WeightsFit, {},
     "weights (in, out / group, kernel...) with group dividing the input channels"},
    {Reason::kShapeMismatch, KernelShapeFits, {}, "kernel_shape equal to the weights' sizes"},
    {Reason::kShapeMismatch, BiasFits, {}, "a bias of one value for each output channel"},
    {Reason::kValueOutOfRange, WindowAttributes, {},
     "strides and dilations positive, pads not negative, one (pads: two) for each spatial axis"},
    {Reason::kValueOutOfRange, SpatialLists, {},
     "output_padding and output_shape not negative, one value for each spatial axis"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "">, {},
     "auto_pad NOTSET, SAME_UPPER, SAME_LOWER or VALID"},
    {Reason::kDynamicDimensionUnsupported, SizesKnown, {},
     "output_shape needs static spatial sizes of the input"},
    {Reason::kRequiresConstantInput, DilatedWeightsConstant, {},
     "dilations above 1 need constant weights"},
    {Reason::kUnsupportedAttributeValue, DilatedWeightsSmall, {0, 1 << 26},
     "at most {hi} elements in the weights with the zeros of their dilation"},
    {Reason::kUnsupportedAttributeValue, ResultFits, {},
     "a result of at least 1, extended by less than the stride"},
};

constexpr OnnxRule kRules[] = {
    {"", "ConvTranspose", 1, 22, kConvTranspose, InferConvTranspose, TranslateConvTranspose},
};

}  // namespace

std::span<const OnnxRule> ConvTransposeRules() { return kRules; }

}  // namespace smelt::onnx_import
