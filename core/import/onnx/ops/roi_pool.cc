// MaxRoiPool: the maximum of every bin of every region, one axis after the other.
#include <limits>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

std::vector<std::int64_t> PooledSizes(const OnnxNode& node) {
  return node.Ints("pooled_shape").value_or(std::vector<std::int64_t>{});
}

Status InferRoiPool(OnnxNode& node) {
  const auto sizes = PooledSizes(node);
  if (!node.knows_input(0) || !node.knows_input(1) || sizes.size() != 2) return Status::Ok();
  if (node.input_rank(0) != 4 || node.input_rank(1) != 2) return Status::Ok();
  if (sizes[0] < 1 || sizes[1] < 1) return Status::Ok();
  node.SetOutputType(
      0, {node.input_dtype(0),
          {node.input_shape(1).dim(0), node.input_shape(0).dim(1), sizes[0], sizes[1]}});
  return Status::Ok();
}

class Pooling {
 public:
  Pooling(OnnxNode& node, Builder& out)
      : node_(node), out_(out), regions_(node.input_shape(1).dim(0)) {}

  ValueId Run() {
    const Shape& image = node_.input_shape(0);
    const Dim height = image.dim(2), width = image.dim(3);
    const std::vector<std::int64_t> sizes = PooledSizes(node_);
    const ValueId batch = out_.Reshape(out_.Cast(Column(0), DType::kI32), {regions_});
    const ValueId last = out_.Transpose(node_.input(0), {0, 2, 3, 1});
    const ValueId own = out_.Emit(OpKind::kGather, {last, batch},
                                  {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
    const Covered rows = CoveredBy(2, height.value(), sizes[0]);
    const Covered columns = CoveredBy(1, width.value(), sizes[1]);
    const ValueId tall = MaximaAlong(own, rows.places, sizes[0], 1, {regions_, height, 1, 1});
    const ValueId small = MaximaAlong(tall, columns.places, sizes[1], 2, {regions_, 1, width, 1});
    const ValueId any =
        out_.Emit(OpKind::kLogicalAnd, {out_.Reshape(rows.any, {regions_, sizes[0], 1, 1}),
                                        out_.Reshape(columns.any, {regions_, 1, sizes[1], 1})});
    const ValueId zero = out_.Scalar(node_.input_dtype(0), 0);
    return out_.Transpose(out_.Emit(OpKind::kSelectV2, {any, small, zero}), {0, 3, 1, 2});
  }

 private:
  // Which places of an axis each bin covers, (regions, bins, size), and whether it covers any.
  struct Covered {
    ValueId places, any;
  };

  ValueId Scalar(double value) { return out_.Scalar(DType::kF32, value); }

  // Column `at` of the regions (batch, x1, y1, x2, y2), f32.
  ValueId Column(std::int32_t at) {
    return out_.Cast(
        out_.Emit(OpKind::kSlice, {node_.input(1), out_.ConstI32({0, at}), out_.ConstI32({-1, 1})}),
        DType::kF32);
  }

  // A border in pixels, halves away from zero.
  ValueId Border(std::int32_t at) {
    const ValueId scaled = out_.Mul(Column(at), Scalar(node_.Float("spatial_scale", 1)));
    const ValueId size =
        out_.Unary(OpKind::kFloor, out_.Add(out_.Unary(OpKind::kAbs, scaled), Scalar(0.5)));
    return out_.Mul(out_.Unary(OpKind::kSign, scaled), size);
  }

  Covered CoveredBy(std::int32_t column, std::int64_t size, std::int64_t bins) {
    const ValueId start = Border(column);
    const ValueId extent =
        out_.Maximum(out_.Add(out_.Sub(Border(column + 2), start), Scalar(1)), Scalar(1));
    const ValueId bin = out_.Div(extent, Scalar(static_cast<double>(bins)));
    const auto edges = [&](double first, OpKind round) {
      std::vector<float> numbers;
      for (std::int64_t i = 0; i < bins; ++i) {
        numbers.push_back(static_cast<float>(first + static_cast<double>(i)));
      }
      const ValueId row =
          out_.Const(ir::Constant::FromValues<float>(DType::kF32, {1, bins}, numbers));
      const ValueId edge = out_.Add(out_.Unary(round, out_.Mul(bin, row)), start);
      return out_.Reshape(edge, {regions_, bins, 1});
    };
    std::vector<float> places;
    for (std::int64_t i = 0; i < size; ++i) places.push_back(static_cast<float>(i));
    const ValueId axis = out_.Const(ir::Constant::FromValues<float>(DType::kF32, {size}, places));
    Covered covered;
    covered.places = out_.Emit(OpKind::kLogicalAnd,
                               {out_.Emit(OpKind::kGreaterEqual, {axis, edges(0, OpKind::kFloor)}),
                                out_.Emit(OpKind::kLess, {axis, edges(1, OpKind::kCeil)})});
    covered.any =
        out_.Emit(OpKind::kReduceAny, {covered.places, out_.ConstI32({2})}, {{"keep_dims", false}});
    return covered;
  }

  // The maximum over one axis of x (regions, rows, columns, channels) for each bin, in its place.
  // `spread`: a bin's places beside x.
  ValueId MaximaAlong(ValueId x, ValueId places, std::int64_t bins, std::int32_t axis,
                      const Shape& spread) {
    const ValueId lowest =
        out_.Scalar(node_.input_dtype(0), -std::numeric_limits<double>::infinity());
    std::vector<ValueId> maxima;
    for (std::int64_t i = 0; i < bins; ++i) {
      const ValueId covered =
          out_.Emit(OpKind::kSlice, {places, out_.ConstI32({0, static_cast<std::int32_t>(i), 0}),
                                     out_.ConstI32({-1, 1, -1})});
      const ValueId masked =
          out_.Emit(OpKind::kSelectV2, {out_.Reshape(covered, spread), x, lowest});
      maxima.push_back(
          out_.Emit(OpKind::kReduceMax, {masked, out_.ConstI32({axis})}, {{"keep_dims", true}}));
    }
    if (maxima.size() == 1) return maxima[0];
    return out_.Emit(
        OpKind::kConcatenation, maxima,
        {{"axis", std::int64_t{axis}}, {"fused_activation_function", std::string("NONE")}});
  }

  OnnxNode& node_;
  Builder& out_;
  Dim regions_;
};

Status TranslateRoiPool(OnnxNode& node, Builder& out) {
  node.SetOutput(0, Pooling(node, out).Run());
  return out.status();
}

Verdict PooledShapeFits(const OnnxNode& node, Bounds bounds, Finding& finding) {
  const auto sizes = PooledSizes(node);
  bool fits = sizes.size() == 2;
  for (const std::int64_t size : sizes) fits = fits && size >= bounds.lo && size <= bounds.hi;
  return fits ? Verdict::kHolds : Violated("pooled_shape", finding);
}

Verdict RegionsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(1)) return Verdict::kNotChecked;
  const Shape& regions = node.input_shape(1);
  if (regions.rank() == 2 && regions.dim(1) == Dim(5)) return Verdict::kHolds;
  return Violated(node, 1, node.input_text(1), finding);
}

constexpr OnnxConstraint kRoiPool[] = {
    {Reason::kUnsupportedType,
     TypeIn<0, Types(DType::kF32, DType::kF16)>,
     {},
     "input of type f32 or f16"},
    {Reason::kUnsupportedRank, RankWithin<0>, {4, 4}, "input of rank {lo}"},
    {Reason::kDynamicDimensionUnsupported,
     StaticShape<0, 2>,
     {},
     "height and width of the input are static"},
    {Reason::kShapeMismatch, RegionsFit, {}, "regions (count, 5)"},
    {Reason::kUnsupportedAttributeValue,
     PooledShapeFits,
     {1, 64},
     "pooled_shape of two values from {lo} to {hi}"},
};

constexpr OnnxRule kRules[] = {
    {"", "MaxRoiPool", 1, 22, kRoiPool, InferRoiPool, TranslateRoiPool},
};

}  // namespace

std::span<const OnnxRule> RoiPoolRules() { return kRules; }

}  // namespace smelt::onnx_import
