// GridSample over two or three spatial axes: all taps of all samples in one GATHER, weighted and
// summed.
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::Dims;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

enum class Mode { kNearest, kLinear, kCubic };

// Version 16 says bilinear and bicubic, later ones linear and cubic.
Mode ModeOf(const OnnxNode& node) {
  const std::string mode = node.String("mode", "linear");
  if (mode == "nearest") return Mode::kNearest;
  return mode == "cubic" || mode == "bicubic" ? Mode::kCubic : Mode::kLinear;
}

// The samples of one axis: offsets of its taps from the floor of the coordinate, and their weights
// as polynomials of the fraction, coefficient vectors from the highest power down.
struct Taps {
  std::vector<double> offsets;
  std::vector<std::vector<double>> weights;
};
Taps TapsOf(Mode mode) {
  if (mode == Mode::kNearest) return {{0}, {}};
  if (mode == Mode::kLinear) return {{0, 1}, {{-1, 1}, {1, 0}}};
  constexpr double a = -0.75;  // cubic convolution
  return {
      {-1, 0, 1, 2},
      {{a, a + 2, -(a + 2), -a}, {-2 * a, -(a + 3), 2 * a + 3, a}, {a, 0, -a, 0}, {0, 1, 0, 0}}};
}

ValueId Vector(Builder& out, const std::vector<double>& values, std::vector<std::int64_t> shape) {
  return out.Const(ir::Constant::FromValues<double>(DType::kF64, std::move(shape), values)
                       .Cast(DType::kF32)
                       .Evaluated());
}

class Sampler {
 public:
  Sampler(OnnxNode& node, Builder& out)
      : node_(node),
        out_(out),
        axes_(node.input_rank(0) - 2),
        mode_(ModeOf(node)),
        taps_(TapsOf(mode_)),
        padding_(node.String("padding_mode", "zeros")),
        aligned_(node.Int("align_corners", 0) != 0) {
    for (int i = 0; i < axes_; ++i) {  // the grid names the last axis first
      sizes_.push_back(static_cast<double>(node.input_shape(0).dim(1 + axes_ - i).value()));
      lows_.push_back(aligned_ ? 0 : -0.5);
      ranges_.push_back(aligned_ ? std::max(sizes_.back() - 1, 1.0) : sizes_.back());
    }
  }

  ValueId Run() {
    const Shape& grid = node_.input_shape(1);
    const Dim batch = grid.dim(0);
    Shape points(Dims(grid.begin() + 1, grid.end() - 1));
    const Dim count = node_.symbols().Product(points);
    const ValueId flat = out_.Reshape(node_.input(1), {batch, count, axes_});
    ValueId at = Bounded(Pixels(out_.Cast(flat, DType::kF32)));
    ValueId weights;
    if (mode_ != Mode::kNearest) {
      const ValueId base = out_.Unary(OpKind::kFloor, at);
      weights = Weights(out_.Reshape(out_.Sub(at, base), {batch, count, axes_, 1}));
      at = base;
    }
    const Shape column{batch, count, axes_, 1};
    ValueId indices = Indices(out_.Reshape(at, column));
    const std::int64_t taps = TapCount();
    indices = out_.Reshape(indices, {batch, node_.symbols().Mul(count, Dim(taps))});
    const ValueId image = Image();
    const ValueId gathered =
        out_.Emit(OpKind::kGather, {image, indices},
                  {{"axis", std::int64_t{1}}, {"batch_dims", std::int64_t{1}}});
    const ValueId sampled =
        weights.valid() ? Weighted(gathered, weights, {batch, count, taps, 1}) : gathered;
    Shape result{batch, node_.input_shape(0).dim(1)};
    for (const Dim dim : points) result.push_back(dim);
    return out_.Reshape(out_.Transpose(sampled, {0, 2, 1}), result);
  }

 private:
  std::int64_t TapCount() const {
    std::int64_t taps = 1;
    for (int i = 0; i < axes_; ++i) taps *= static_cast<std::int64_t>(taps_.offsets.size());
    return taps;
  }
  ValueId PerAxis(std::vector<double> values) { return Vector(out_, values, {axes_}); }
  std::vector<double> Shifted(std::vector<double> values, double by) const {
    for (double& value : values) value += by;
    return values;
  }

  // From -1 .. 1 to pixels, in the order of the definition: nearest rounds what comes out.
  ValueId Pixels(ValueId grid) {
    const ValueId from_zero = out_.Add(grid, out_.Scalar(DType::kF32, 1));
    const ValueId half = out_.Scalar(DType::kF32, 0.5);
    const ValueId pixels =
        aligned_
            ? out_.Mul(out_.Mul(from_zero, half), PerAxis(Shifted(sizes_, -1)))
            : out_.Mul(out_.Sub(out_.Mul(from_zero, PerAxis(sizes_)), out_.Scalar(DType::kF32, 1)),
                       half);
    return mode_ == Mode::kNearest ? out_.Unary(OpKind::kRound, pixels) : pixels;
  }

  ValueId Clamp(ValueId x, ValueId low, ValueId high) {
    return out_.Minimum(out_.Maximum(x, low), high);
  }

  // A triangle wave between the borders. `shape` is that of the per-axis constants.
  ValueId Reflected(ValueId x, const std::vector<std::int64_t>& shape) {
    const ValueId low = Vector(out_, lows_, shape);
    std::vector<double> twice = ranges_;
    for (double& value : twice) value *= 2;
    const ValueId period = Vector(out_, twice, shape);
    const ValueId distance = out_.Unary(OpKind::kAbs, out_.Sub(x, low));
    const ValueId phase = out_.Emit(OpKind::kFloorMod, {distance, period});
    return out_.Add(out_.Minimum(phase, out_.Sub(period, phase)), low);
  }

  // What padding_mode does to coordinates outside of the image.
  ValueId Bounded(ValueId at) {
    if (padding_ == "reflection") return Reflected(at, {axes_});
    if (padding_ != "border") return at;
    const ValueId zero = out_.Scalar(DType::kF32, 0);
    const ValueId clamped = Clamp(at, zero, PerAxis(Shifted(sizes_, -1)));
    if (mode_ != Mode::kCubic || aligned_) return clamped;
    // The half pixel beside the border keeps its place: cubic weights tell the difference.
    const ValueId below = out_.Emit(OpKind::kLess, {at, out_.Scalar(DType::kF32, -0.5)});
    const ValueId above = out_.Emit(OpKind::kGreater, {at, PerAxis(Shifted(sizes_, -0.5))});
    return out_.Emit(OpKind::kSelectV2,
                     {out_.Emit(OpKind::kLogicalOr, {below, above}), clamped, at});
  }

  // (batch, points, axes, 1) fractions to (batch, points, axes, taps).
  ValueId Weights(ValueId fraction) {
    const auto count = static_cast<std::int64_t>(taps_.offsets.size());
    ValueId sum;
    for (const std::vector<double>& coefficients : taps_.weights) {
      const ValueId row = Vector(out_, coefficients, {count});
      sum = sum.valid() ? out_.Add(out_.Mul(sum, fraction), row) : row;
    }
    return sum;
  }

  // Combines the taps of the axes: (batch, points, axes, taps) to (batch, points, taps, taps, ...).
  ValueId Combined(ValueId x, OpKind kind) {
    const auto count = static_cast<std::int64_t>(taps_.offsets.size());
    ValueId joined;
    for (int i = 0; i < axes_ && out_.status().ok(); ++i) {
      const Shape shape = out_.type(x).shape;
      const ValueId one = out_.Emit(
          OpKind::kSlice, {x, out_.ConstI32({0, 0, i, 0}), out_.ConstI32({-1, -1, 1, -1})});
      Shape spread{shape.dim(0), shape.dim(1)};
      for (int axis = axes_ - 1; axis >= 0; --axis) spread.push_back(axis == i ? count : 1);
      const ValueId placed = out_.Reshape(one, spread);
      if (!joined.valid()) {
        joined = placed;
      } else {
        joined = kind == OpKind::kAdd ? out_.Add(joined, placed) : out_.Mul(joined, placed);
      }
    }
    return joined;
  }

  // Places of all taps in the flattened image: (batch, points, axes, 1) to (batch, points,
  // taps...).
  ValueId Indices(ValueId base) {
    const auto count = static_cast<std::int64_t>(taps_.offsets.size());
    ValueId at = base;
    if (count > 1) at = out_.Add(base, Vector(out_, taps_.offsets, {count}));
    if (padding_ == "reflection") at = Reflected(at, {axes_, 1});
    // Zeros: the image has a border of one pixel, and all that lies outside falls on it.
    const double margin = Margin();
    at = Clamp(at, out_.Scalar(DType::kF32, -margin),
               Vector(out_, Shifted(sizes_, margin - 1), {axes_, 1}));
    std::vector<std::int32_t> strides;
    std::int32_t stride = 1;
    std::int32_t first = 0;
    for (const double size : sizes_) {
      strides.push_back(stride);
      first += stride * static_cast<std::int32_t>(margin);
      stride *= static_cast<std::int32_t>(size + 2 * margin);
    }
    const ValueId steps =
        out_.Const(ir::Constant::FromValues<std::int32_t>(DType::kI32, {axes_, 1}, strides));
    const ValueId places = Combined(out_.Mul(out_.Cast(at, DType::kI32), steps), OpKind::kAdd);
    return first == 0 ? places : out_.Add(places, out_.ScalarI32(first));
  }

  double Margin() const { return padding_ == "zeros" ? 1 : 0; }

  // The image as (batch, pixels, channels).
  ValueId Image() {
    const Shape& shape = node_.input_shape(0);
    std::vector<int> last{0};
    for (int i = 0; i < axes_; ++i) last.push_back(2 + i);
    last.push_back(1);
    ValueId image = out_.Transpose(node_.input(0), last);
    std::int64_t pixels = 1;
    for (const double size : sizes_) pixels *= static_cast<std::int64_t>(size + 2 * Margin());
    if (Margin() > 0) {
      std::vector<std::int32_t> pads(static_cast<std::size_t>(2 * shape.rank()), 1);
      pads[0] = pads[1] = pads[pads.size() - 2] = pads.back() = 0;
      image = out_.Emit(OpKind::kPad, {image, out_.Const(ir::Constant::FromValues<std::int32_t>(
                                                  DType::kI32, {shape.rank(), 2}, pads))});
    }
    return out_.Reshape(image, {shape.dim(0), pixels, shape.dim(1)});
  }

  ValueId Weighted(ValueId gathered, ValueId weights, const Shape& shape) {
    const DType dtype = node_.input_dtype(0);
    const DType wide = dtype == DType::kF64 ? DType::kF64 : DType::kF32;
    const ValueId factors = out_.Cast(out_.Reshape(Combined(weights, OpKind::kMul), shape), wide);
    const Shape taps{shape.dim(0), shape.dim(1), shape.dim(2), node_.input_shape(0).dim(1)};
    const ValueId product = out_.Mul(out_.Reshape(out_.Cast(gathered, wide), taps), factors);
    return out_.Cast(out_.Emit(OpKind::kSum, {product, out_.ConstI32({2})}, {{"keep_dims", false}}),
                     dtype);
  }

  OnnxNode& node_;
  Builder& out_;
  int axes_;
  Mode mode_;
  Taps taps_;
  std::string padding_;
  bool aligned_;
  std::vector<double> sizes_, lows_, ranges_;  // in the grid's order of axes
};

Status InferGridSample(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Status::Ok();
  const Shape& image = node.input_shape(0);
  const Shape& grid = node.input_shape(1);
  if (image.rank() < 3 || grid.rank() != image.rank()) return Status::Ok();
  Shape shape{image.dim(0).is_static() ? image.dim(0) : grid.dim(0), image.dim(1)};
  for (int i = 1; i + 1 < grid.rank(); ++i) shape.push_back(grid.dim(i));
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

Status TranslateGridSample(OnnxNode& node, Builder& out) {
  node.SetOutput(0, Sampler(node, out).Run());
  return out.status();
}

Verdict GridFits(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  const Shape& image = node.input_shape(0);
  const Shape& grid = node.input_shape(1);
  const bool same_batch = image.rank() == 0 || grid.rank() == 0 || image.dim(0) == grid.dim(0) ||
                          !image.dim(0).is_static() || !grid.dim(0).is_static();
  // A last axis that only the run tells has the one size that the operator is defined for.
  if (grid.rank() == image.rank() && same_batch &&
      (!grid.dim(grid.rank() - 1).is_static() ||
       grid.dim(grid.rank() - 1) == Dim(image.rank() - 2))) {
    return Verdict::kHolds;
  }
  return Violated(node, 1, node.input_text(1), finding);
}

Verdict ImageHasPixels(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const Shape& image = node.input_shape(0);
  double pixels = 1;
  for (int i = 1; i < image.rank(); ++i) {
    const Dim dim = image.dim(i);
    if (!dim.is_static() || dim.value() < 1) {
      return Violated(node, 0, node.input_text(0), finding);
    }
    if (i > 1) pixels *= static_cast<double>(dim.value() + 2);
  }
  return pixels < 0x1p31 ? Verdict::kHolds : Violated(node, 0, node.input_text(0), finding);
}

Verdict ModeFits(const OnnxNode& node, Bounds, Finding& finding) {
  const std::string mode = node.String("mode", "linear");
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const bool named =
      node.schema_version() < 20
          ? mode == "nearest" || mode == "bilinear" || mode == "bicubic" || !node.has_attr("mode")
          : mode == "nearest" || mode == "linear" || mode == "cubic";
  const bool fits = named && (ModeOf(node) != Mode::kCubic || node.input_rank(0) == 4) &&
                    (ModeOf(node) == Mode::kNearest || ir::IsFloat(node.input_dtype(0)));
  if (fits) return Verdict::kHolds;
  return Violated("mode = \"" + mode + "\" on " + node.input_text(0), finding);
}

constexpr OnnxConstraint kGridSample[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {4, 5}, "input of rank {lo} or {hi}"},
    {Reason::kUnsupportedType, TypeIn<0, kPlainTypes>, {}, "input of numbers or booleans"},
    {Reason::kUnsupportedType, TypeIn<1, kFloatTypes>, {}, "grid of a float type"},
    {Reason::kDynamicDimensionUnsupported,
     ImageHasPixels,
     {},
     "channels and spatial sizes of the input are static and positive"},
    {Reason::kShapeMismatch,
     GridFits,
     {},
     "grid of the input's rank and batch, its last axis one coordinate for each spatial axis"},
    {Reason::kUnsupportedAttributeValue,
     ModeFits,
     {},
     "mode linear (bilinear) or nearest, with two spatial axes also cubic (bicubic); numbers that "
     "are not floats: nearest"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"padding_mode", "zeros", "border", "reflection">,
     {},
     "padding_mode zeros, border or reflection"},
};

constexpr OnnxRule kRules[] = {
    {"", "GridSample", 16, 22, kGridSample, InferGridSample, TranslateGridSample},
};

}  // namespace

std::span<const OnnxRule> GridSampleRules() { return kRules; }

}  // namespace smelt::onnx_import
