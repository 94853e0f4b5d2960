#include "core/import/onnx/ops/roi_products.h"

#include <span>
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

class Products {
 public:
  Products(const OnnxNode& node, Builder& out)
      : node_(node),
        out_(out),
        image_(node.input_shape(0)),
        corners_(node.input(1)),
        images_(node.input(2)),
        regions_(node.input_shape(1).dim(0)),
        half_pixel_(node.schema_version() >= 16 &&
                    node.String("coordinate_transformation_mode", "half_pixel") == "half_pixel") {}

  ValueId Run() {
    // There may be none, which kernels of products refuse: one of zeros stands before them.
    const bool padded = !regions_.is_static();
    if (padded) Pad();
    const std::int64_t rows = node_.Int("output_height", 1), columns = node_.Int("output_width", 1);
    const Dim channels = image_.dim(1), height = image_.dim(2), width = image_.dim(3);
    const ValueId by_row = Weights(1, rows), by_column = Weights(0, columns);
    ValueId image = out_.Cast(node_.input(0), DType::kF32);
    // Each region's own image: a copy of it, read once for each column of bins. To choose the image
    // by the weights of its rows instead would multiply the arithmetic by the number of images.
    if (image_.dim(0) != Dim(1)) {
      image = out_.Emit(OpKind::kGather, {image, NonNegative(out_, images_, image, 0)},
                        {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
    }
    const Dim lines = out_.module().symbols().Mul(channels, height);
    const Dim images = image_.dim(0) == Dim(1) ? Dim(1) : regions_;
    const ValueId narrow = Product(out_.Reshape(image, {images, lines, width}), by_column, true);
    const ValueId bins =
        Product(out_.Reshape(by_row, {regions_, 1, rows, height}),
                out_.Reshape(narrow, {regions_, channels, height, columns}), false);
    const ValueId y = padded ? Cut(bins) : bins;
    return out_.Cast(y, node_.input_dtype(0));
  }

 private:
  void Pad() {
    const auto table = [&](std::vector<std::int32_t> pads) {
      const auto rank = static_cast<std::int64_t>(pads.size() / 2);
      return out_.Const(
          ir::Constant::FromValues<std::int32_t>(DType::kI32, {rank, 2}, std::span(pads)));
    };
    corners_ = out_.Emit(OpKind::kPad, {corners_, table({1, 0, 0, 0})});
    images_ = out_.Emit(OpKind::kPad, {images_, table({1, 0})});
    regions_ = out_.module().symbols().Add(regions_, Dim(1));
  }
  ValueId Cut(ValueId bins) {
    const ValueId operands[] = {bins, out_.ConstI32({1, 0, 0, 0}), out_.ConstI32({-1, -1, -1, -1})};
    return out_.EmitTyped(OpKind::kSlice, operands, {},
                          {DType::kF32,
                           {node_.input_shape(1).dim(0), image_.dim(1),
                            node_.Int("output_height", 1), node_.Int("output_width", 1)}});
  }

  ValueId Product(ValueId a, ValueId b, bool transposed) {
    return out_.Emit(
        OpKind::kBatchMatmul, {a, b},
        {{"adj_x", false}, {"adj_y", transposed}, {"asymmetric_quantize_inputs", false}});
  }
  ValueId Scalar(double value) { return out_.Scalar(DType::kF32, value); }

  // A column of the regions in pixels of the image: (regions, 1).
  ValueId Border(std::int32_t column) {
    const ValueId corner =
        out_.Emit(OpKind::kSlice, {corners_, out_.ConstI32({0, column}), out_.ConstI32({-1, 1})});
    const ValueId scaled =
        out_.Mul(out_.Cast(corner, DType::kF32), Scalar(node_.Float("spatial_scale", 1)));
    return half_pixel_ ? out_.Sub(scaled, Scalar(0.5)) : scaled;
  }

  // What each bin takes from each pixel along one axis, 0 for x and 1 for y as the regions name
  // them: (regions, bins, pixels). Samples outside of the image take nothing, but count.
  ValueId Weights(std::int32_t axis, std::int64_t bins) {
    const int place = axis == 1 ? 2 : 3;
    const ValueId start = Border(axis);
    ValueId extent = out_.Sub(Border(axis + 2), start);
    if (!half_pixel_) extent = out_.Maximum(extent, Scalar(1));
    const ValueId bin = out_.Div(extent, Scalar(static_cast<double>(bins)));
    const std::int64_t stated = node_.Int("sampling_ratio", 0);
    const ValueId samples =
        stated > 0 ? Scalar(static_cast<double>(stated)) : out_.Unary(OpKind::kCeil, bin);
    const ValueId count = out_.Maximum(samples, Scalar(1));

    // (regions, 1, samples): as many as the largest bin has, those that others lack left out.
    const ValueId number = out_.Cast(Numbers(stated, count), DType::kF32);
    const ValueId offsets =
        out_.Div(out_.Mul(out_.Add(number, Scalar(0.5)), Wide(bin)), Wide(count));
    const ValueId exists = out_.Emit(OpKind::kLess, {number, Wide(samples)});
    const ValueId first = out_.Cast(out_.Reshape(Iota(out_, bins), Shape{1, bins, 1}), DType::kF32);
    const ValueId at = out_.Add(out_.Add(Wide(start), out_.Mul(first, Wide(bin))), offsets);

    const ValueId size = SizeOf(out_, node_.input(0), place, DType::kF32);
    const ValueId inside =
        out_.Emit(OpKind::kLogicalAnd, {out_.Emit(OpKind::kGreaterEqual, {at, Scalar(-1)}),
                                        out_.Emit(OpKind::kLessEqual, {at, size})});
    const ValueId taken = out_.Cast(out_.Emit(OpKind::kLogicalAnd, {inside, exists}), DType::kF32);
    const ValueId pixel = out_.Minimum(out_.Maximum(at, Scalar(0)), out_.Sub(size, Scalar(1)));
    const ValueId pixels = out_.Cast(PlacesAlong(out_, node_.input(0), place), DType::kF32);
    const ValueId distance = out_.Unary(OpKind::kAbs, out_.Sub(Column(pixel), pixels));
    const ValueId near = out_.Maximum(out_.Sub(Scalar(1), distance), Scalar(0));
    const ValueId sum = out_.Emit(OpKind::kSum, {out_.Mul(near, Column(taken)), out_.ConstI32({2})},
                                  {{"keep_dims", false}});
    return out_.Div(sum, Wide(count));
  }

  // 0, 1, .. as i32[samples].
  ValueId Numbers(std::int64_t stated, ValueId count) {
    if (stated > 0) return Iota(out_, stated);
    const ValueId most =
        out_.Emit(OpKind::kReduceMax, {count, out_.ConstI32({0, 1})}, {{"keep_dims", false}});
    return CountUpTo(out_, out_.Cast(out_.Maximum(most, Scalar(1)), DType::kI32));
  }

  // (regions, 1) as (regions, 1, 1); a scalar as it is.
  ValueId Wide(ValueId x) {
    if (!out_.status().ok() || out_.type(x).shape.rank() == 0) return x;
    return out_.Reshape(x, Shape{regions_, 1, 1});
  }

  // A new last axis of size 1.
  ValueId Column(ValueId x) {
    if (!out_.status().ok()) return {};
    return out_.Emit(OpKind::kExpandDims, {x, out_.ScalarI32(-1)});
  }

  const OnnxNode& node_;
  Builder& out_;
  Shape image_;
  ValueId corners_;  // (regions, 4)
  ValueId images_;   // (regions): which image each is of
  Dim regions_;
  bool half_pixel_;
};

}  // namespace

ValueId AlignByProducts(const OnnxNode& node, Builder& out) { return Products(node, out).Run(); }

}  // namespace smelt::onnx_import
