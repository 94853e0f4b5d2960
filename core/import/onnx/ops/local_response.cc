// LRN: each element divided by a power of the squares of its neighbours among the channels.
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/window.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

constexpr double kDefaultAlpha = 9.999999747378752e-05;  // 1e-4 as a float

// The kernel's window reaches as far to both sides; an even one reaches further to the end. Then
// the squares are averaged along the channels, as the height of a picture of one channel.
ValueId ByAverage(OnnxNode& node, Builder& out) {
  const std::int64_t size = node.Int("size", 1);
  const Shape& shape = node.input_shape(0);
  const ValueId x = out.Cast(node.input(0), DType::kF32);
  Dim places(1);
  for (int i = 2; i < shape.rank(); ++i) places = node.symbols().Mul(places, shape.dim(i));
  ValueId squares = out.Reshape(out.Mul(x, x), Shape{shape.dim(0), shape.dim(1), places, 1});
  squares = PadImage(out, squares, {(size - 1) / 2, size / 2, 0, 0});
  const ValueId mean = out.Emit(OpKind::kAveragePool2d, {squares},
                                {{"padding", std::string("VALID")},
                                 {"stride_w", std::int64_t{1}},
                                 {"stride_h", std::int64_t{1}},
                                 {"filter_width", std::int64_t{1}},
                                 {"filter_height", size}});
  const ValueId scaled = out.Mul(out.Reshape(mean, shape),
                                 out.Scalar(DType::kF32, node.Float("alpha", kDefaultAlpha)));
  const ValueId sum = out.Add(scaled, out.Scalar(DType::kF32, node.Float("bias", 1.0)));
  const ValueId power =
      out.Emit(OpKind::kPow, {sum, out.Scalar(DType::kF32, -node.Float("beta", 0.75))});
  return out.Cast(out.Mul(x, power), node.input_dtype(0));
}

Status TranslateLrn(OnnxNode& node, Builder& out) {
  const std::int64_t size = node.Int("size", 1);
  if (size % 2 == 0 || node.input_rank(0) != 4) {
    node.SetOutput(0, ByAverage(node, out));
    return out.status();
  }
  const ValueId y =
      out.Emit(OpKind::kLocalResponseNormalization, {ToChannelsLast(out, node.input(0))},
               {{"radius", (size - 1) / 2},
                {"bias", node.Float("bias", 1.0)},
                {"alpha", node.Float("alpha", kDefaultAlpha) / static_cast<double>(size)},
                {"beta", node.Float("beta", 0.75)}});
  node.SetOutput(0, FromChannelsLast(out, y, 4));
  return out.status();
}

constexpr OnnxConstraint kLrn[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {3, 8}, "input of rank {lo} to {hi}"},
    {Reason::kUnsupportedAttributeValue,
     IntAttrWithin<"size", 1>,
     {1, 1 << 20},
     "size {lo} to {hi}"},
};

constexpr OnnxRule kRules[] = {
    {"", "LRN", 1, 13, kLrn, SameAsFirst, TranslateLrn},
};

}  // namespace

std::span<const OnnxRule> LocalResponseRules() { return kRules; }

}  // namespace smelt::onnx_import
