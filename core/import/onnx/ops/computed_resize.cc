#include "core/import/onnx/ops/computed_resize.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/import/onnx/ops/computed_axes.h"
#include "core/import/onnx/ops/indices.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

ValueId Number(Builder& out, double value) { return out.Scalar(DType::kF32, value); }

ValueId Float(Builder& out, ValueId x) { return out.Cast(x, DType::kF32); }

// What the run tells of one axis, each f32[1] but `size`.
struct AxisTerms {
  ValueId in, out, scale;
  ValueId stated;   // scale * in: the result's size before it was rounded down
  ValueId aligned;  // the size whose last element align_corners puts onto the last of the input
  ValueId size;     // of the result: i32[1]
  ValueId region_begin, region_end;
};

// The scales and sizes of all axes that the node names, f32[n].
struct Stated {
  std::vector<int> axes;
  ValueId in, out, scale;
  bool aligns_out = true;  // align_corners speaks of `out`, not of what it was rounded down from
};

ValueId StatedScaleVector(OnnxNode& node, Builder& out) {
  if (HasScalesAttribute(node)) {
    const auto values = *node.Floats("scales");
    return out.Const(ir::Constant::FromValues<double>(
                         DType::kF64, {static_cast<std::int64_t>(values.size())}, values)
                         .Cast(DType::kF32)
                         .Evaluated());
  }
  return Float(out, node.input(HasRoiForm(node) ? 2 : 1));
}

// Whether some axis changes its size for certain, unless it is empty.
bool ResizesForCertain(const OnnxNode& node) {
  const auto scales = StatedScales(node);
  return scales &&
         std::ranges::any_of(*scales, [](double scale) { return scale < 1 || scale >= 2; });
}

// Where no axis gets another size the input is passed on, whatever the scales: as ONNX Runtime
// does.
void PassOnUnchanged(Builder& out, Stated& stated) {
  const ValueId gaps = out.Unary(OpKind::kAbs, out.Sub(stated.out, stated.in));
  const ValueId widest =
      out.Emit(OpKind::kReduceMax, {gaps, out.ConstI32({0})}, {{"keep_dims", true}});
  const ValueId unchanged = out.Emit(OpKind::kEqual, {widest, Number(out, 0)});
  stated.scale = out.Emit(OpKind::kSelectV2, {unchanged, Number(out, 1), stated.scale});
}

// The sizes and the scale that keep_aspect_ratio_policy chooses for all axes.
void KeepAspect(OnnxNode& node, Builder& out, Stated& stated) {
  const bool fits = node.String("keep_aspect_ratio_policy", "") == "not_larger";
  const OpKind choose = fits ? OpKind::kReduceMin : OpKind::kReduceMax;
  const ValueId chosen = out.Emit(choose, {stated.scale, out.ConstI32({0})}, {{"keep_dims", true}});
  const ValueId ones = out.Div(stated.in, stated.in);
  stated.scale = out.Mul(ones, chosen);
  stated.out = out.Unary(OpKind::kFloor, out.Add(out.Mul(stated.in, chosen), Number(out, 0.5)));
}

Stated ReadStated(OnnxNode& node, Builder& out, bool from_sizes) {
  Stated stated;
  stated.axes = *ResizedAxes(node);
  const std::vector<std::int32_t> order(stated.axes.begin(), stated.axes.end());
  stated.in = Float(out, TakeAlong(out, SizesOf(out, node.input(0)), out.ConstI32(order), 0));
  if (!from_sizes) {
    stated.scale = StatedScaleVector(node, out);
    stated.out = out.Unary(OpKind::kFloor, out.Mul(stated.scale, stated.in));
    // ONNX's own tests, which compute their scales, align what was rounded down; ONNX Runtime and
    // PyTorch, whose exporters write constant scales, the size that there is.
    stated.aligns_out = StatedScales(node).has_value();
    if (!ResizesForCertain(node)) PassOnUnchanged(out, stated);
    return stated;
  }
  stated.out = Float(out, AsIndexRow(out, node.input(3)));
  stated.scale = out.Div(stated.out, stated.in);
  if (Stretches(node)) return stated;
  KeepAspect(node, out, stated);
  PassOnUnchanged(out, stated);
  return stated;
}

AxisTerms TermsOf(OnnxNode& node, Builder& out, const Stated& stated, int axis) {
  const auto at = static_cast<std::int32_t>(
      std::find(stated.axes.begin(), stated.axes.end(), axis) - stated.axes.begin());
  const auto pick = [&](ValueId from, std::int32_t place) {
    if (out.status().ok() && out.type(from).shape == Shape{Dim(1)}) return from;
    return out.Emit(OpKind::kSlice, {from, out.ConstI32({place}), out.ConstI32({1})});
  };
  AxisTerms terms;
  terms.in = pick(stated.in, at);
  terms.out = pick(stated.out, at);
  terms.scale = pick(stated.scale, at);
  terms.stated = out.Mul(terms.scale, terms.in);
  terms.aligned = stated.aligns_out ? terms.out : terms.stated;
  terms.size = out.Cast(terms.out, DType::kI32);
  if (!CropsAndResizes(node)) return terms;
  const ValueId region = Float(out, node.input(1));
  terms.region_begin = pick(region, at);
  terms.region_end = pick(region, at + static_cast<std::int32_t>(stated.axes.size()));
  return terms;
}

// The source coordinate of each result element, f32[out].
ValueId Coordinates(Builder& out, const ResizeOptions& options, const AxisTerms& t) {
  const std::string& mode = options.coordinates;
  const ValueId y = Float(out, CountUpTo(out, t.size));
  const ValueId one = Number(out, 1), half = Number(out, 0.5);
  const ValueId last = out.Sub(t.in, one);
  // The single element of a result has y = 0, whatever it is multiplied by.
  const auto steps = [&](ValueId size) { return out.Maximum(out.Sub(size, one), one); };
  if (mode == "align_corners") return out.Div(out.Mul(y, last), steps(t.aligned));
  if (mode == "asymmetric") return out.Div(y, t.scale);
  if (mode == "tf_crop_and_resize") {
    const ValueId span = out.Sub(t.region_end, t.region_begin);
    const ValueId single = Float(out, out.Emit(OpKind::kEqual, {t.out, one}));
    const ValueId middle = out.Mul(out.Mul(single, half), span);
    const ValueId begin = out.Mul(out.Add(t.region_begin, middle), last);
    return out.Add(begin, out.Div(out.Mul(out.Mul(y, span), last), steps(t.out)));
  }
  const ValueId center = out.Div(out.Add(y, half), t.scale);
  if (mode == "tf_half_pixel_for_nn") {
    const ValueId stays = out.Emit(OpKind::kEqual, {t.scale, one});
    return out.Emit(OpKind::kSelectV2, {stays, y, center});
  }
  const ValueId centered = out.Sub(center, half);
  if (mode == "pytorch_half_pixel") {
    return out.Mul(centered, Float(out, out.Emit(OpKind::kGreater, {t.out, one})));
  }
  if (mode != "half_pixel_symmetric") return centered;
  const ValueId cut = out.Sub(one, out.Div(t.out, t.stated));
  return out.Sub(out.Add(out.Mul(out.Mul(t.in, half), cut), center), half);
}

ValueId Clamped(Builder& out, ValueId x, ValueId last) {
  return out.Minimum(out.Maximum(x, Number(out, 0)), last);
}

ValueId NearestPlaces(Builder& out, const ResizeOptions& options, const AxisTerms& t, ValueId at) {
  const ValueId below = out.Unary(OpKind::kFloor, at);
  ValueId place = below;
  if (options.nearest == "ceil" || options.nearest == "simple") {
    place = out.Unary(OpKind::kCeil, at);
  }
  if (options.nearest == "simple") {
    const ValueId shrinks = out.Emit(OpKind::kLess, {t.scale, Number(out, 1)});
    place = out.Emit(OpKind::kSelectV2, {shrinks, place, below});
  }
  if (options.nearest.starts_with("round")) {
    const bool up = options.nearest == "round_prefer_ceil";
    const ValueId half = Number(out, up ? 0.5 - kHalfTolerance : 0.5 + kHalfTolerance);
    const ValueId rest = out.Sub(at, below);
    place = out.Add(below, Float(out, out.Emit(OpKind::kGreater, {rest, half})));
  }
  return out.Cast(Clamped(out, place, out.Sub(t.in, Number(out, 1))), DType::kI32);
}

// The cubic convolution kernel at non-negative distances.
ValueId CubicWeights(Builder& out, ValueId x, double a) {
  const auto number = [&](double value) { return Number(out, value); };
  const ValueId square = out.Mul(x, x);
  const ValueId inner =
      out.Add(out.Mul(out.Sub(out.Mul(x, number(a + 2)), number(a + 3)), square), number(1));
  const ValueId outer = out.Sub(
      out.Mul(out.Add(out.Mul(out.Sub(out.Mul(x, number(a)), number(5 * a)), x), number(8 * a)), x),
      number(4 * a));
  const ValueId near = out.Emit(OpKind::kLessEqual, {x, number(1)});
  const ValueId reached = out.Emit(OpKind::kLess, {x, number(2)});
  const ValueId beyond = out.Emit(OpKind::kSelectV2, {reached, outer, number(0)});
  return out.Emit(OpKind::kSelectV2, {near, inner, beyond});
}

ValueId SumOver(Builder& out, ValueId x, int axis, bool keep) {
  return out.Emit(OpKind::kSum, {x, out.ConstI32({axis})}, {{"keep_dims", keep}});
}

// The taps that a source coordinate reaches, as offsets from its floor: f32[taps].
ValueId Taps(Builder& out, const ResizeOptions& options, ValueId shrink) {
  const double reach = options.mode == ResizeMode::kCubic ? 2 : 1;
  if (!options.antialias) {
    const auto first = static_cast<std::int32_t>(1 - reach);
    std::vector<std::int32_t> taps;
    for (std::int32_t i = first; i < 2 - first; ++i) taps.push_back(i);
    return Float(out, out.ConstI32(taps));
  }
  const ValueId far = out.Unary(OpKind::kFloor, out.Div(Number(out, -reach), shrink));
  const ValueId first = out.Cast(out.Add(far, Number(out, 1)), DType::kI32);
  const ValueId end = out.Sub(out.ScalarI32(2), first);
  return Float(out, out.Emit(OpKind::kRange, {out.Reshape(first, Shape{}),
                                              out.Reshape(end, Shape{}), out.ScalarI32(1)}));
}

// Where the taps of each result element lie, and their weights: [result, taps].
struct Interpolation {
  ValueId places, weights;
};

Interpolation Interpolate(Builder& out, const ResizeOptions& options, const AxisTerms& t,
                          ValueId at) {
  if (!out.status().ok()) return {};
  const ValueId column = out.Reshape(at, Shape{out.type(at).shape.dim(0), Dim(1)});
  const ValueId shrink = out.Minimum(t.scale, Number(out, 1));
  const ValueId taps = Taps(out, options, shrink);
  const ValueId base = out.Unary(OpKind::kFloor, column);
  ValueId distance = out.Unary(OpKind::kAbs, out.Sub(taps, out.Sub(column, base)));
  if (options.antialias) distance = out.Mul(distance, shrink);
  ValueId weights = options.mode == ResizeMode::kCubic
                        ? CubicWeights(out, distance, options.cubic_a)
                        : out.Unary(OpKind::kRelu, out.Sub(Number(out, 1), distance));
  const ValueId places = out.Add(base, taps);
  const ValueId inside = Clamped(out, places, out.Sub(t.in, Number(out, 1)));
  if (options.exclude_outside) {
    weights = out.Mul(weights, Float(out, out.Emit(OpKind::kEqual, {places, inside})));
  }
  if (options.exclude_outside || options.antialias) {
    weights = out.Div(weights, SumOver(out, weights, 1, true));
  }
  return {out.Cast(inside, DType::kI32), weights};
}

// The taps along `axis`, gathered side by side, weighted and summed: memory grows with the taps,
// where a matrix would grow with the source.
ValueId WeightedTaps(Builder& out, ValueId x, int axis, const Interpolation& taps) {
  if (!out.status().ok()) return {};
  const int behind = out.type(x).shape.rank() - 1 - axis;
  const ValueId gathered = TakeAlong(out, x, taps.places, axis);
  Shape shape = out.type(taps.weights).shape;
  for (int i = 0; i < behind; ++i) shape.push_back(Dim(1));
  const ValueId weights = out.Cast(out.Reshape(taps.weights, shape), out.type(x).dtype);
  return SumOver(out, out.Mul(gathered, weights), axis + 1, false);
}

// bool[out, 1, ..]: the coordinates of an axis that lie inside of the input.
ValueId Inside(Builder& out, const AxisTerms& t, ValueId at, int axes_behind) {
  if (!out.status().ok()) return {};
  const ValueId in_front = out.Emit(OpKind::kGreaterEqual, {at, Number(out, 0)});
  const ValueId before_end = out.Emit(OpKind::kLessEqual, {at, out.Sub(t.in, Number(out, 1))});
  Shape shape{out.type(at).shape.dim(0)};
  for (int i = 0; i < axes_behind; ++i) shape.push_back(Dim(1));
  return out.Reshape(out.Emit(OpKind::kLogicalAnd, {in_front, before_end}), shape);
}

}  // namespace

ValueId ResizeAtRunTime(OnnxNode& node, Builder& out, const ResizePlan& plan) {
  const ResizeOptions options = ReadResizeOptions(node);
  const Stated stated = ReadStated(node, out, plan.from_sizes);
  const DType dtype = node.input_dtype(0);
  const int rank = node.input_rank(0);
  ValueId x = node.input(0);
  ValueId inside;
  for (const PlannedAxis& axis : plan.axes) {
    const AxisTerms terms = TermsOf(node, out, stated, axis.axis);
    const ValueId at = Coordinates(out, options, terms);
    if (CropsAndResizes(node)) {
      const ValueId own = Inside(out, terms, at, rank - 1 - axis.axis);
      inside = inside.valid() ? out.Emit(OpKind::kLogicalAnd, {inside, own}) : own;
    }
    x = options.mode == ResizeMode::kNearest
            ? TakeAlong(out, x, NearestPlaces(out, options, terms, at), axis.axis)
            : WeightedTaps(out, x, axis.axis, Interpolate(out, options, terms, at));
  }
  if (!inside.valid()) return x;
  const ValueId value = out.Scalar(dtype, node.Float("extrapolation_value", 0));
  return out.Emit(OpKind::kSelectV2, {inside, x, value});
}

}  // namespace smelt::onnx_import
