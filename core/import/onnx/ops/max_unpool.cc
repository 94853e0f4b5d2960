// MaxUnpool: values at the places that a MaxPool named, zeros elsewhere.
#include <limits>
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

std::optional<Window> UnpoolWindow(const OnnxNode& node) {
  if (!node.knows_input(0) || node.input_rank(0) < 3 || !node.Ints("kernel_shape")) {
    return std::nullopt;
  }
  return ReadWindow(node, node.input_rank(0) - 2, std::nullopt);
}

// The tensor that the indices count in; nothing when it is not static.
std::optional<Shape> PooledShape(const OnnxNode& node) {
  const auto window = UnpoolWindow(node);
  if (!window || !node.input_shape(0).IsStatic()) return std::nullopt;
  const Shape& input = node.input_shape(0);
  Shape shape{input.dim(0), input.dim(1)};
  for (int i = 0; i < input.rank() - 2; ++i) {
    const WindowAxis& axis = window->axes[static_cast<std::size_t>(i)];
    const std::int64_t size =
        (input.dim(i + 2).value() - 1) * axis.stride + axis.kernel - axis.begin - axis.end;
    if (size < 1) return std::nullopt;
    shape.push_back(size);
  }
  return shape;
}

Status InferMaxUnpool(OnnxNode& node) {
  const auto pooled = PooledShape(node);
  if (!pooled) return Status::Ok();
  Shape shape = *pooled;
  if (node.has_input(2)) {
    const auto wanted = node.input_ints(2);
    if (wanted && static_cast<int>(wanted->size()) != shape.rank()) return Status::Ok();
    for (const std::int64_t size : wanted.value_or(std::vector<std::int64_t>{})) {
      if (size < 0) return Status::Ok();
    }
    shape = wanted ? Shape::Of(*wanted) : FreshShape(node, shape.rank());
  }
  node.SetOutputType(0, {node.input_dtype(0), std::move(shape)});
  return Status::Ok();
}

Status TranslateMaxUnpool(OnnxNode& node, Builder& out) {
  const Shape pooled = *PooledShape(node);
  const Shape& result = node.output_type(0)->shape;
  const std::int64_t count = *node.input_shape(0).ElementCount();
  const auto total = static_cast<std::int32_t>(*pooled.ElementCount());
  const ValueId places = out.Reshape(out.Cast(node.input(1), DType::kI32), {count, 1});
  const ValueId values = out.Reshape(node.input(0), {count});
  ValueId flat = out.Emit(OpKind::kScatterNd, {places, values, out.ConstI32({total})});
  const Window window = *UnpoolWindow(node);
  bool overlaps = false;
  for (const WindowAxis& axis : window.axes) overlaps = overlaps || axis.stride < axis.kernel;
  if (overlaps) {  // a maximum of two windows comes twice, and the kernel adds: count and divide
    const DType dtype = node.input_dtype(0);
    const double one = 1;
    const ValueId ones =
        out.Const(ir::Constant::FromValues<double>(DType::kF64, {1}, std::span(&one, 1))
                      .Cast(dtype)
                      .BroadcastTo(std::vector<std::int64_t>{count}));
    const ValueId times = out.Emit(OpKind::kScatterNd, {places, ones, out.ConstI32({total})});
    flat = out.Div(flat, out.Maximum(times, out.Scalar(dtype, 1)));
  }
  ValueId y = out.Reshape(flat, pooled);
  if (node.has_input(2) &&
      !node.input_ints(2)) {  // zeros behind each axis, as many as are asked for
    std::vector<std::int32_t> sizes, zeros;
    for (const std::int64_t size : pooled.Sizes()) {
      sizes.push_back(static_cast<std::int32_t>(size));
      zeros.push_back(0);
    }
    const ValueId more = out.Sub(out.Cast(node.input(2), DType::kI32), out.ConstI32(sizes));
    const ValueId pads = out.Emit(OpKind::kPack, {out.ConstI32(zeros), more},
                                  {{"values_count", std::int64_t{2}}, {"axis", std::int64_t{1}}});
    y = out.Emit(OpKind::kPad, {y, pads});
  } else if (result != pooled) {
    std::vector<std::int32_t> pads;
    for (int i = 0; i < pooled.rank(); ++i) {
      pads.push_back(0);
      pads.push_back(static_cast<std::int32_t>(result.dim(i).value() - pooled.dim(i).value()));
    }
    y = out.Emit(OpKind::kPad, {y, out.Const(ir::Constant::FromValues<std::int32_t>(
                                       DType::kI32, {pooled.rank(), 2}, pads))});
  }
  node.SetOutput(0, y);
  return out.status();
}

Verdict ShapesFit(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || !node.knows_input(1)) return Verdict::kNotChecked;
  if (!node.input_shape(0).IsStatic() || !node.input_shape(1).IsStatic()) return Verdict::kHolds;
  const auto pooled = PooledShape(node);
  if (!pooled || pooled->ElementCount().value_or(INT64_MAX) > INT32_MAX) {
    return Violated(node, 0, node.input_text(0), finding);
  }
  if (node.input_shape(0) != node.input_shape(1)) {
    return Violated(node, 1, node.input_text(1), finding);
  }
  if (!node.has_input(2)) return Verdict::kHolds;
  const auto wanted = node.input_ints(2);
  if (!wanted) {
    if (!node.knows_input(2)) return Verdict::kNotChecked;
    const bool one_each = node.input_shape(2) == Shape{pooled->rank()};
    return one_each ? Verdict::kHolds : Violated(node, 2, node.input_text(2), finding);
  }
  bool fits = static_cast<int>(wanted->size()) == pooled->rank();
  for (int i = 0; fits && i < pooled->rank(); ++i) {
    fits = (*wanted)[static_cast<std::size_t>(i)] >= pooled->dim(i).value();
  }
  return fits ? Verdict::kHolds : Violated(node, 2, node.input_text(2), finding);
}

constexpr OnnxConstraint kMaxUnpool[] = {
    {Reason::kUnsupportedType,
     TypeIn<0, Types(DType::kF32, DType::kF16)>,
     {},
     "input of type f32 or f16"},
    {Reason::kUnsupportedRank, RankWithin<0>, {3, 5}, "input of rank {lo} to {hi}"},
    {Reason::kValueOutOfRange,
     WindowAttributes,
     {},
     "kernel_shape and strides positive, pads not negative, one (pads: two) for each spatial axis"},
    {Reason::kDynamicDimensionUnsupported, StaticShape<0>, {}, "input of static sizes"},
    {Reason::kDynamicDimensionUnsupported, StaticShape<1>, {}, "indices of static sizes"},
    {Reason::kShapeMismatch,
     ShapesFit,
     {},
     "input and indices of one shape; output_shape one size for each axis, no smaller than what "
     "the window gives"},
};

constexpr OnnxRule kRules[] = {
    {"", "MaxUnpool", 9, 22, kMaxUnpool, InferMaxUnpool, TranslateMaxUnpool},
};

}  // namespace

std::span<const OnnxRule> MaxUnpoolRules() { return kRules; }

}  // namespace smelt::onnx_import
