// RoiAlign. With a stated number of samples and a static image: all taps of all samples in one
// GATHER; else as products of matrices.
#include <algorithm>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/roi_products.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

std::int64_t OutputSize(const OnnxNode& node, int axis) {
  return node.Int(axis == 0 ? "output_height" : "output_width", 1);
}

bool TakesMax(const OnnxNode& node) { return node.String("mode", "avg") == "max"; }

Status InferRoiAlign(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Status::Ok();
  if (node.input_rank(0) != 4 || node.input_rank(1) != 2) return Status::Ok();
  if (OutputSize(node, 0) < 1 || OutputSize(node, 1) < 1) return Status::Ok();
  node.SetOutputType(0, {node.input_dtype(0),
                         {node.input_shape(1).dim(0), node.input_shape(0).dim(1),
                          OutputSize(node, 0), OutputSize(node, 1)}});
  return Status::Ok();
}

ValueId Vector(Builder& out, const std::vector<double>& values) {
  return out.Const(ir::Constant::FromValues<double>(
                       DType::kF64, {static_cast<std::int64_t>(values.size())}, values)
                       .Cast(DType::kF32)
                       .Evaluated());
}

class Aligner {
 public:
  Aligner(OnnxNode& node, Builder& out)
      : node_(node),
        out_(out),
        regions_(node.input_shape(1).dim(0)),
        samples_(node.Int("sampling_ratio", 0)),
        takes_max_(TakesMax(node)) {}

  ValueId Run() {
    const Shape& image = node_.input_shape(0);
    const std::int64_t height = image.dim(2).value(), width = image.dim(3).value();
    const std::int64_t rows = OutputSize(node_, 0), columns = OutputSize(node_, 1);
    const std::int64_t taps = 2 * samples_;
    const Taps y = TapsOf(1, height, rows);
    const Taps x = TapsOf(0, width, columns);
    const Shape tall{regions_, rows, 1, taps, 1}, wide{regions_, 1, columns, 1, taps};
    const Shape all{regions_, rows * columns, taps * taps};
    const ValueId batch = out_.Mul(out_.Cast(node_.input(2), DType::kI32),
                                   out_.ScalarI32(static_cast<std::int32_t>(height * width)));
    const ValueId row = out_.Mul(y.places, out_.ScalarI32(static_cast<std::int32_t>(width)));
    const ValueId places =
        out_.Add(out_.Add(out_.Reshape(row, tall), out_.Reshape(batch, {regions_, 1, 1, 1, 1})),
                 out_.Reshape(x.places, wide));
    const ValueId weights = out_.Mul(out_.Reshape(y.weights, tall), out_.Reshape(x.weights, wide));
    const ValueId last = out_.Transpose(node_.input(0), {0, 2, 3, 1});
    const Dim pixels = node_.symbols().Mul(image.dim(0), Dim(height * width));
    const ValueId gathered = out_.Emit(
        OpKind::kGather, {out_.Reshape(last, {pixels, image.dim(1)}), out_.Reshape(places, all)},
        {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
    const ValueId weighted =
        out_.Mul(out_.Cast(gathered, DType::kF32),
                 out_.Reshape(weights, {regions_, rows * columns, taps * taps, 1}));
    const ValueId pooled = out_.Emit(takes_max_ ? OpKind::kReduceMax : OpKind::kSum,
                                     {weighted, out_.ConstI32({2})}, {{"keep_dims", false}});
    const ValueId narrow = out_.Cast(pooled, node_.input_dtype(0));
    return out_.Reshape(out_.Transpose(narrow, {0, 2, 1}), {regions_, image.dim(1), rows, columns});
  }

 private:
  // Two taps a sample along one axis: (regions, bins * samples, 2).
  struct Taps {
    ValueId places, weights;
  };

  // `axis` 0 is x, 1 is y, as the regions name them.
  Taps TapsOf(std::int32_t axis, std::int64_t size, std::int64_t bins) {
    const bool half_pixel =
        node_.schema_version() >= 16 &&
        node_.String("coordinate_transformation_mode", "half_pixel") == "half_pixel";
    const double shift = half_pixel ? 0.5 : 0;
    const auto scalar = [&](double value) { return out_.Scalar(DType::kF32, value); };
    const auto border = [&](std::int32_t column) {
      const ValueId corner = out_.Emit(
          OpKind::kSlice, {node_.input(1), out_.ConstI32({0, column}), out_.ConstI32({-1, 1})});
      const ValueId scaled =
          out_.Mul(out_.Cast(corner, DType::kF32), scalar(node_.Float("spatial_scale", 1)));
      return half_pixel ? out_.Sub(scaled, scalar(shift)) : scaled;
    };
    const ValueId start = border(axis);
    ValueId extent = out_.Sub(border(axis + 2), start);
    if (!half_pixel) extent = out_.Maximum(extent, scalar(1));
    const ValueId bin = out_.Mul(extent, scalar(1 / static_cast<double>(bins)));
    std::vector<double> fractions;
    for (std::int64_t i = 0; i < bins * samples_; ++i) {
      fractions.push_back(static_cast<double>(i / samples_) +
                          (static_cast<double>(i % samples_) + 0.5) /
                              static_cast<double>(samples_));
    }
    const ValueId at = out_.Add(out_.Mul(bin, Vector(out_, fractions)), start);
    const ValueId inside =
        out_.Emit(OpKind::kLogicalAnd,
                  {out_.Emit(OpKind::kGreaterEqual, {at, scalar(-1)}),
                   out_.Emit(OpKind::kLessEqual, {at, scalar(static_cast<double>(size))})});
    const ValueId last = scalar(static_cast<double>(size - 1));
    const ValueId place = out_.Minimum(out_.Maximum(at, scalar(0)), last);
    const ValueId low = out_.Unary(OpKind::kFloor, place);
    const Shape column{regions_, bins * samples_, 1};
    const ValueId fraction = out_.Reshape(out_.Sub(place, low), column);
    const ValueId both =
        out_.Minimum(out_.Add(out_.Reshape(low, column), Vector(out_, {0, 1})), last);
    const ValueId weights =
        out_.Add(out_.Mul(fraction, Vector(out_, {-1, 1})), Vector(out_, {1, 0}));
    // The mean over the samples is a factor of the weights.
    const double share = takes_max_ ? 1 : 1 / static_cast<double>(samples_);
    const ValueId counted =
        out_.Mul(out_.Cast(out_.Reshape(inside, column), DType::kF32), scalar(share));
    return {out_.Cast(both, DType::kI32), out_.Mul(weights, counted)};
  }

  OnnxNode& node_;
  Builder& out_;
  Dim regions_;
  std::int64_t samples_;
  bool takes_max_;
};

bool IsStaticFrom(const Shape& shape, int axis) {
  return std::all_of(shape.begin() + axis, shape.end(), [](Dim dim) { return dim.is_static(); });
}

Status TranslateRoiAlign(OnnxNode& node, Builder& out) {
  const bool fixed = node.Int("sampling_ratio", 0) > 0 && IsStaticFrom(node.input_shape(0), 1);
  node.SetOutput(0, fixed ? Aligner(node, out).Run() : AlignByProducts(node, out));
  return out.status();
}

Verdict RegionsFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(1) || !node.knows_input(2)) return Verdict::kNotChecked;
  const Shape& regions = node.input_shape(1);
  const Shape& batches = node.input_shape(2);
  const bool fits = regions.rank() == 2 && regions.dim(1) == Dim(4) && batches.rank() == 1 &&
                    (regions.dim(0) == batches.dim(0) || !regions.dim(0).is_static() ||
                     !batches.dim(0).is_static());
  return fits ? Verdict::kHolds
              : Violated(node, 1, node.input_text(1) + " with batch indices " + node.input_text(2),
                         finding);
}

Verdict ImageIsStatic(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0)) return Verdict::kNotChecked;
  const Shape& image = node.input_shape(0);
  double pixels = 1;
  for (int i = 1; i < image.rank(); ++i) {
    if (!image.dim(i).is_static() && !TakesMax(node)) continue;
    if (!image.dim(i).is_static() || image.dim(i).value() < 1) {
      return Violated(node, 0, node.input_text(0), finding);
    }
    if (i > 1) pixels *= static_cast<double>(image.dim(i).value());
  }
  return pixels < 0x1p31 ? Verdict::kHolds : Violated(node, 0, node.input_text(0), finding);
}

Verdict SamplesFit(const OnnxNode& node, Bounds bounds, Finding& finding) {
  const std::int64_t samples = node.Int("sampling_ratio", 0);
  if (samples >= (TakesMax(node) ? 1 : 0) && samples <= bounds.hi) return Verdict::kHolds;
  return Violated("sampling_ratio = " + std::to_string(samples), finding);
}

constexpr OnnxConstraint kRoiAlign[] = {
    {Reason::kUnsupportedType,
     AllTypesIn<Types(DType::kF32, DType::kF16, DType::kBF16, DType::kI64)>,
     {},
     "input and regions of type f32, f16 or bf16"},
    {Reason::kUnsupportedRank, RankWithin<0>, {4, 4}, "input of rank {lo}"},
    {Reason::kDynamicDimensionUnsupported,
     ImageIsStatic,
     {},
     "channels, height and width of the input are positive; in mode max they are static"},
    {Reason::kShapeMismatch, RegionsFit, {}, "regions (count, 4) with one batch index each"},
    {Reason::kUnsupportedAttributeValue,
     SamplesFit,
     {1, 64},
     "sampling_ratio {lo} to {hi}; in mode avg also 0: as many samples as the region is large"},
    {Reason::kUnsupportedAttributeValue,
     IntAttrWithin<"output_height", 1>,
     {1, 4096},
     "output_height {lo} to {hi}"},
    {Reason::kUnsupportedAttributeValue,
     IntAttrWithin<"output_width", 1>,
     {1, 4096},
     "output_width {lo} to {hi}"},
    {Reason::kUnsupportedAttributeValue, StringAttrIn<"mode", "avg", "max">, {}, "mode avg or max"},
    {Reason::kUnsupportedAttributeValue,
     StringAttrIn<"coordinate_transformation_mode", "half_pixel", "output_half_pixel">,
     {},
     "coordinate_transformation_mode half_pixel or output_half_pixel"},
};

constexpr OnnxRule kRules[] = {
    {"", "RoiAlign", 10, 22, kRoiAlign, InferRoiAlign, TranslateRoiAlign},
};

}  // namespace

std::span<const OnnxRule> RoiRules() { return kRules; }

}  // namespace smelt::onnx_import
