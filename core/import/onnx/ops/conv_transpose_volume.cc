#include "core/import/onnx/ops/conv_transpose_volume.h"

#include <array>
#include <string>

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

std::int32_t Narrow(std::int64_t value) { return static_cast<std::int32_t>(value); }

// Everything of one translation; x is channels last.
class Translation {
 public:
  Translation(Builder& out, const TransposedVolume& conv) : out_(out), conv_(conv) {}

  ValueId Run() {
    const ValueId x = out_.Transpose(conv_.x, {0, 2, 3, 4, 1});
    if (!out_.status().ok()) return {};
    const ValueId y = conv_.group == 1 ? One(x, conv_.weights, conv_.bias) : Grouped(x);
    return out_.Transpose(Cut(y), {0, 4, 1, 2, 3});
  }

 private:
  ValueId Grouped(ValueId x) {
    const Shape weights = out_.type(conv_.weights).shape;
    const std::int64_t in = weights.dim(0).value() / conv_.group, outputs = weights.dim(1).value();
    const std::array operands = {out_.ScalarI32(4), x};
    const std::vector<ValueId> parts =
        out_.EmitMany(OpKind::kSplit, operands, {{"num_splits", conv_.group}});
    std::vector<ValueId> results;
    for (std::int64_t g = 0; g < conv_.group && out_.status().ok(); ++g) {
      results.push_back(One(parts[static_cast<std::size_t>(g)],
                            PartOfFirst(out_, conv_.weights, g * in, in),
                            PartOfFirst(out_, conv_.bias, g * outputs, outputs)));
    }
    return out_.Emit(
        OpKind::kConcatenation, results,
        {{"axis", std::int64_t{4}}, {"fused_activation_function", std::string("NONE")}});
  }

  // The whole result of one group, before it is cut.
  ValueId One(ValueId x, ValueId weights, ValueId bias) {
    if (!out_.status().ok()) return {};
    const ValueId filter = out_.Transpose(weights, {2, 3, 4, 1, 0});
    const ir::TensorType input = out_.type(x);
    Shape shape{input.shape.dim(0)};
    for (const TransposedAxis& axis : conv_.axes) {
      shape.push_back(out_.module().symbols().Add(axis.output, Dim(axis.begin + axis.cut_end)));
    }
    shape.push_back(out_.type(weights).shape.dim(1));
    const std::array operands = {Sizes(x, shape), filter, x, bias};
    return out_.EmitTyped(OpKind::kConv3dTranspose, std::span(operands).first(bias.valid() ? 4 : 3),
                          {{"padding", std::string("VALID")},
                           {"stride_d", conv_.axes[0].stride},
                           {"stride_h", conv_.axes[1].stride},
                           {"stride_w", conv_.axes[2].stride},
                           {"dilation_d_factor", std::int64_t{1}},
                           {"dilation_h_factor", std::int64_t{1}},
                           {"dilation_w_factor", std::int64_t{1}},
                           {"fused_activation_function", std::string("NONE")}},
                          {input.dtype, shape});
  }

  // The size operand: a static size as it is, a symbolic one as scale * x's size + offset.
  ValueId Sizes(ValueId x, const Shape& shape) {
    if (shape.IsStatic()) {
      std::vector<std::int32_t> sizes;
      for (const std::int64_t size : shape.Sizes()) sizes.push_back(Narrow(size));
      return out_.ConstI32(sizes);
    }
    std::vector<std::int32_t> scales = {1}, offsets = {0};
    for (std::size_t i = 0; i < conv_.axes.size(); ++i) {
      const TransposedAxis& axis = conv_.axes[i];
      const Dim size = shape.dim(static_cast<int>(i) + 1);
      scales.push_back(size.is_static() ? 0 : Narrow(axis.stride));
      offsets.push_back(
          Narrow(size.is_static() ? size.value() : axis.extent - axis.stride + axis.extra));
    }
    scales.push_back(0);
    offsets.push_back(Narrow(shape.dim(4).value()));
    const ValueId sizes = out_.Emit(OpKind::kShape, {x}, {{"out_type", std::string("i32")}});
    return out_.Add(out_.Mul(sizes, out_.ConstI32(scales)), out_.ConstI32(offsets));
  }

  ValueId Cut(ValueId y) {
    if (!out_.status().ok()) return {};
    const ir::TensorType whole = out_.type(y);
    Shape shape = whole.shape;
    std::vector<std::int32_t> begin(5, 0), end(5, 0);
    std::int64_t begin_mask = 0b10001, end_mask = 0b10001;
    bool cuts = false;
    for (std::size_t i = 0; i < conv_.axes.size(); ++i) {
      const TransposedAxis& axis = conv_.axes[i];
      begin[i + 1] = Narrow(axis.begin);
      end[i + 1] = Narrow(-axis.cut_end);
      if (axis.cut_end == 0) end_mask |= std::int64_t{1} << (i + 1);
      cuts = cuts || axis.begin + axis.cut_end > 0;
      shape.dim(static_cast<int>(i) + 1) = axis.output;
    }
    if (!cuts) return y;
    const std::array operands = {y, out_.ConstI32(begin), out_.ConstI32(end),
                                 out_.ConstI32({1, 1, 1, 1, 1})};
    return out_.EmitTyped(OpKind::kStridedSlice, operands,
                          {{"begin_mask", begin_mask}, {"end_mask", end_mask}},
                          {whole.dtype, shape});
  }

  Builder& out_;
  const TransposedVolume& conv_;
};

}  // namespace

ValueId EmitTransposedVolume(Builder& out, const TransposedVolume& conv) {
  return Translation(out, conv).Run();
}

}  // namespace smelt::onnx_import
