// DeformConv: every tap of the kernel reads the image at a place of its own. All places in one
// GATHER, then one convolution whose kernel spans the taps.
#include <array>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Constant;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

enum Input { kX, kWeights, kOffset, kBias, kMask };

std::optional<Window> DeformWindow(const OnnxNode& node) {
  if (!node.knows_input(kX) || !node.knows_input(kWeights)) return std::nullopt;
  const Shape& weights = node.input_shape(kWeights);
  if (node.input_rank(kX) != 4 || weights.rank() != 4 || !weights.IsStatic()) return std::nullopt;
  return ReadWindow(node, 2, std::vector{weights.dim(2).value(), weights.dim(3).value()});
}

// Rows and columns of the result.
std::array<Dim, 2> ResultSize(const OnnxNode& node, const Window& window) {
  const Shape& x = node.input_shape(kX);
  return {PlanAxis(node.symbols(), x.dim(2), window, 0).output,
          PlanAxis(node.symbols(), x.dim(3), window, 1).output};
}

Status InferDeformConv(OnnxNode& node) {
  const auto window = DeformWindow(node);
  if (!window) return Status::Ok();
  const auto [rows, columns] = ResultSize(node, *window);
  node.SetOutputType(
      0, {node.input_dtype(kX),
          {node.input_shape(kX).dim(0), node.input_shape(kWeights).dim(0), rows, columns}});
  return Status::Ok();
}

ValueId Floats(Builder& out, std::vector<std::int64_t> shape, const std::vector<float>& values) {
  return out.Const(Constant::FromValues<float>(DType::kF32, std::move(shape), values));
}

// Sizes of one translation. Samples are ordered (position, tap, group).
class Deformation {
 public:
  Deformation(OnnxNode& node, Builder& out)
      : node_(node), out_(out), window_(*DeformWindow(node)), batch_(node.input_shape(kX).dim(0)) {
    const Shape& x = node.input_shape(kX);
    const auto [rows, columns] = ResultSize(node, window_);
    rows_ = rows.value();
    columns_ = columns.value();
    channels_ = x.dim(1).value();
    height_ = x.dim(2).value();
    width_ = x.dim(3).value();
    groups_ = node.Int("offset_group", 1);
    taps_ = window_.axes[0].kernel * window_.axes[1].kernel;
    positions_ = rows_ * columns_;
    samples_ = positions_ * taps_ * groups_;
  }

  ValueId Run() {
    const ValueId at = out_.Reshape(Coordinates(), {batch_, samples_, 2, 1});
    const ValueId low = out_.Unary(OpKind::kFloor, at);
    const ValueId fraction = out_.Sub(at, low);
    const ValueId gathered =
        out_.Emit(OpKind::kGather, {Image(), Places(low)},
                  {{"axis", std::int64_t{1}}, {"batch_dims", std::int64_t{1}}});
    const ValueId corners = out_.Reshape(gathered, {batch_, samples_, 4, channels_ / groups_});
    const ValueId sampled =
        out_.Emit(OpKind::kSum, {out_.Mul(corners, Weights(fraction)), out_.ConstI32({2})},
                  {{"keep_dims", false}});
    const ValueId y = Convolved(out_.Reshape(sampled, {batch_, positions_, taps_, channels_}));
    const Dim outputs = node_.input_shape(kWeights).dim(0);
    const ValueId image = out_.Reshape(y, {batch_, rows_, columns_, outputs});
    return out_.Cast(out_.Transpose(image, {0, 3, 1, 2}), node_.input_dtype(kX));
  }

 private:
  ValueId Wide(int input) { return out_.Cast(node_.input(input), DType::kF32); }

  // Input `input` (batch, groups * taps * parts, rows, columns) as (batch, position, tap, group,
  // part).
  ValueId BySample(int input, std::int64_t parts) {
    const ValueId apart = out_.Reshape(Wide(input), {batch_, groups_, taps_, parts, positions_});
    return out_.Transpose(apart, {0, 4, 2, 1, 3});
  }

  // Row and column at which each sample reads: (batch, position, tap, group, 2).
  ValueId Coordinates() {
    const WindowAxis &h = window_.axes[0], &w = window_.axes[1];
    std::vector<float> start, step;
    for (std::int64_t i = 0; i < positions_; ++i) {
      start.push_back(static_cast<float>(i / columns_ * h.stride - begin(0)));
      start.push_back(static_cast<float>(i % columns_ * w.stride - begin(1)));
    }
    for (std::int64_t i = 0; i < taps_; ++i) {
      step.push_back(static_cast<float>(i / w.kernel * h.dilation));
      step.push_back(static_cast<float>(i % w.kernel * w.dilation));
    }
    const ValueId moved =
        out_.Add(BySample(kOffset, 2), Floats(out_, {positions_, 1, 1, 2}, start));
    return out_.Add(moved, Floats(out_, {taps_, 1, 2}, step));
  }

  std::int64_t begin(int axis) {
    return *PlanAxis(node_.symbols(), node_.input_shape(kX).dim(axis + 2), window_, axis).begin;
  }

  // The image in a border of zeros, one group of channels behind the other: (batch, pixels,
  // channels of a group).
  ValueId Image() {
    const std::int64_t per_group = channels_ / groups_;
    const ValueId apart = out_.Reshape(Wide(kX), {batch_, groups_, per_group, height_, width_});
    const std::vector<std::int32_t> border = {0, 0, 0, 0, 1, 1, 1, 1, 0, 0};
    const ValueId padded =
        out_.Emit(OpKind::kPad,
                  {out_.Transpose(apart, {0, 1, 3, 4, 2}),
                   out_.Const(Constant::FromValues<std::int32_t>(DType::kI32, {5, 2}, border))});
    return out_.Reshape(padded, {batch_, groups_ * Pixels(), per_group});
  }
  std::int64_t Pixels() const { return (height_ + 2) * (width_ + 2); }

  // Where the four corners of each sample lie in the image. What is outside falls on the border.
  ValueId Places(ValueId low) {
    const ValueId both = out_.Add(low, Floats(out_, {2}, {0, 1}));
    const ValueId inside = out_.Minimum(
        out_.Maximum(both, out_.Scalar(DType::kF32, -1)),
        Floats(out_, {2, 1}, {static_cast<float>(height_), static_cast<float>(width_)}));
    const std::vector<std::int32_t> stride = {static_cast<std::int32_t>(width_ + 2), 1};
    const ValueId steps =
        out_.Mul(out_.Cast(inside, DType::kI32),
                 out_.Const(Constant::FromValues<std::int32_t>(DType::kI32, {2, 1}, stride)));
    const ValueId row = Corner(steps, 0, {batch_, samples_, 2, 1});
    const ValueId column = Corner(steps, 1, {batch_, samples_, 1, 2});
    std::vector<std::int32_t> first;  // of the group's pixels, behind the border
    for (std::int64_t i = 0; i < groups_; ++i) {
      first.push_back(static_cast<std::int32_t>(i * Pixels() + width_ + 3));
    }
    const ValueId grouped =
        out_.Reshape(out_.Add(row, column), {batch_, positions_ * taps_, groups_, 4});
    const ValueId places = out_.Add(
        grouped, out_.Const(Constant::FromValues<std::int32_t>(DType::kI32, {groups_, 1}, first)));
    return out_.Reshape(places, {batch_, samples_ * 4});
  }

  // (batch, sample, 4, 1): the corners' shares, times the mask.
  ValueId Weights(ValueId fraction) {
    const ValueId shares =
        out_.Add(out_.Mul(fraction, Floats(out_, {2}, {-1, 1})), Floats(out_, {2}, {1, 0}));
    ValueId weights = out_.Mul(Corner(shares, 0, {batch_, samples_, 2, 1}),
                               Corner(shares, 1, {batch_, samples_, 1, 2}));
    if (node_.has_input(kMask)) {
      const ValueId mask = out_.Reshape(BySample(kMask, 1), {batch_, samples_, 1, 1});
      weights = out_.Mul(weights, mask);
    }
    return out_.Reshape(weights, {batch_, samples_, 4, 1});
  }

  // Row 0 or column 1 of (batch, sample, 2, 2).
  ValueId Corner(ValueId x, std::int32_t axis, const Shape& shape) {
    const ValueId one = out_.Emit(
        OpKind::kSlice, {x, out_.ConstI32({0, 0, axis, 0}), out_.ConstI32({-1, -1, 1, -1})});
    return out_.Reshape(one, shape);
  }

  // (batch, positions, taps, channels) under weights that span all taps.
  ValueId Convolved(ValueId x) {
    const Shape& given = node_.input_shape(kWeights);
    const std::int64_t outputs = given.dim(0).value(), group = node_.Int("group", 1);
    const ValueId weights = out_.Reshape(Wide(kWeights), {outputs, given.dim(1), 1, taps_});
    ValueId bias;
    if (node_.has_input(kBias)) {
      bias = Wide(kBias);
    } else {
      const std::vector<float> zeros(static_cast<std::size_t>(outputs), 0.0F);
      bias = Floats(out_, {outputs}, zeros);
    }
    ir::Attributes attrs{
        {"padding", std::string("VALID")},      {"stride_h", std::int64_t{1}},
        {"stride_w", std::int64_t{1}},          {"dilation_h_factor", std::int64_t{1}},
        {"dilation_w_factor", std::int64_t{1}}, {"fused_activation_function", std::string("NONE")}};
    if (group > 1 && given.dim(1) == Dim(1)) {
      attrs.Set("depth_multiplier", outputs / group);
      return out_.Emit(OpKind::kDepthwiseConv2d, {x, out_.Transpose(weights, {1, 2, 3, 0}), bias},
                       attrs);
    }
    return out_.Emit(OpKind::kConv2d, {x, out_.Transpose(weights, {0, 2, 3, 1}), bias}, attrs);
  }

  OnnxNode& node_;
  Builder& out_;
  Window window_;
  Dim batch_;
  std::int64_t rows_ = 0, columns_ = 0, channels_ = 0, height_ = 0, width_ = 0;
  std::int64_t groups_ = 1, taps_ = 1, positions_ = 0, samples_ = 0;
};

Status TranslateDeformConv(OnnxNode& node, Builder& out) {
  node.SetOutput(0, Deformation(node, out).Run());
  return out.status();
}

// --- Checks ---

Verdict WeightsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(kX) || !node.knows_input(kWeights)) return Verdict::kNotChecked;
  const Shape& x = node.input_shape(kX);
  const Shape& weights = node.input_shape(kWeights);
  if (x.rank() != 4 || weights.rank() != 4 || !weights.IsStatic() || !x.dim(1).is_static()) {
    return Verdict::kNotChecked;
  }
  const std::int64_t group = node.Int("group", 1), offsets = node.Int("offset_group", 1);
  const std::int64_t channels = x.dim(1).value(), outputs = weights.dim(0).value();
  const bool fits = group > 0 && offsets > 0 && channels > 0 && outputs > 0 &&
                    channels % offsets == 0 && outputs % group == 0 && weights.dim(2).value() > 0 &&
                    weights.dim(3).value() > 0 && channels % group == 0 &&
                    channels / group == weights.dim(1).value();
  return fits ? Verdict::kHolds
              : Violated(node, kWeights,
                         node.input_text(kWeights) + " with group " + std::to_string(group) +
                             " and offset_group " + std::to_string(offsets) + " on " +
                             node.input_text(kX),
                         finding);
}

Verdict ImageIsStatic(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(kX)) return Verdict::kNotChecked;
  const Shape& x = node.input_shape(kX);
  double pixels = 1;
  for (int i = 1; i < x.rank(); ++i) {
    if (!x.dim(i).is_static() || x.dim(i).value() < 1) {
      return Violated(node, kX, node.input_text(kX), finding);
    }
    pixels *= static_cast<double>(x.dim(i).value() + 2);
  }
  return pixels < 0x1p31 ? Verdict::kHolds : Violated(node, kX, node.input_text(kX), finding);
}

// Offsets and mask have two and one value for each tap of each group at each position.
Verdict PartsFit(const OnnxNode& node, Bounds, Finding& finding) {
  const auto window = DeformWindow(node);
  if (!window) return Verdict::kNotChecked;
  const auto [rows, columns] = ResultSize(node, *window);
  if (!rows.is_static() || !columns.is_static()) return Verdict::kNotChecked;
  if (rows.value() < 1 || columns.value() < 1) {
    return Violated(node, kX, "no window fits into " + node.input_text(kX), finding);
  }
  const std::int64_t groups = node.Int("offset_group", 1);
  const Dim channels = node.input_shape(kX).dim(1);
  if (groups < 1 || !channels.is_static() || groups > channels.value()) {
    return Verdict::kNotChecked;  // reported with the weights
  }
  const std::int64_t height = window->axes[0].kernel, width = window->axes[1].kernel;
  if (static_cast<double>(height) * static_cast<double>(width) * static_cast<double>(groups) >
      0x1p31) {
    return Violated(node, kWeights, node.input_text(kWeights), finding);
  }
  const std::int64_t taps = height * width * groups;
  for (const auto& [input, count] : {std::pair{kOffset, 2 * taps}, std::pair{kMask, taps}}) {
    if (!node.has_input(input)) continue;
    if (!node.knows_input(input)) return Verdict::kNotChecked;
    const Shape& shape = node.input_shape(input);
    const Dim batch = node.input_shape(kX).dim(0);
    const bool fits = shape.rank() == 4 && shape.dim(1) == Dim(count) && shape.dim(2) == rows &&
                      shape.dim(3) == columns &&
                      (shape.dim(0) == batch || !batch.is_static() || !shape.dim(0).is_static());
    if (!fits) return Violated(node, input, node.input_text(input), finding);
  }
  return Verdict::kHolds;
}

Verdict BiasFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.has_input(kBias)) return Verdict::kHolds;
  if (!node.knows_input(kBias) || !node.knows_input(kWeights)) return Verdict::kNotChecked;
  if (node.input_rank(kWeights) < 1) return Verdict::kNotChecked;
  if (node.input_shape(kBias) == Shape{node.input_shape(kWeights).dim(0)}) return Verdict::kHolds;
  return Violated(node, kBias, node.input_text(kBias), finding);
}

constexpr OnnxConstraint kDeformConv[] = {
    {Reason::kUnsupportedType, AllTypesIn<kFloatTypes>, {}, "inputs of a float type"},
    {Reason::kUnsupportedRank, RankWithin<kX>, {4, 4}, "input of rank {lo}: two spatial axes"},
    {Reason::kUnsupportedRank, RankWithin<kWeights>, {4, 4}, "weights of rank {lo}"},
    {Reason::kDynamicDimensionUnsupported, StaticShape<kWeights>, {}, "weights of static shape"},
    {Reason::kDynamicDimensionUnsupported,
     ImageIsStatic,
     {},
     "channels, height and width of the input are static and positive"},
    {Reason::kShapeMismatch,
     WeightsFit,
     {},
     "weights (out, in / group, kernel...) with group dividing both channel counts and "
     "offset_group those of the input"},
    {Reason::kValueOutOfRange,
     WindowAttributes,
     {},
     "strides and dilations positive, pads not negative, one (pads: two) for each spatial axis"},
    {Reason::kShapeMismatch,
     PartsFit,
     {},
     "offset and mask of the result's size, with two values and one for each tap and group"},
    {Reason::kShapeMismatch, BiasFits, {}, "a bias of one value for each output channel"},
};

constexpr OnnxRule kRules[] = {
    {"", "DeformConv", 19, 22, kDeformConv, InferDeformConv, TranslateDeformConv},
};

}  // namespace

std::span<const OnnxRule> DeformConvRules() { return kRules; }

}  // namespace smelt::onnx_import
