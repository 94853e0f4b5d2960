#include "core/import/onnx/ops/indices.h"

#include <algorithm>
#include <string>
#include <vector>

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

bool AllPositive(const OnnxNode& node, int input) {
  const auto values = node.input_ints(input);
  return values &&
         std::all_of(values->begin(), values->end(), [](std::int64_t v) { return v >= 0; });
}

std::vector<std::int64_t> RowMajor(const Shape& shape) {
  std::vector<std::int64_t> strides(static_cast<std::size_t>(shape.rank()), 1);
  for (int i = shape.rank() - 2; i >= 0; --i) {
    const auto at = static_cast<std::size_t>(i);
    strides[at] = strides[at + 1] * shape.dim(i + 1).value();
  }
  return strides;
}

// A rank 1 constant of an index type.
ValueId IndexRow(Builder& out, DType dtype, const std::vector<std::int64_t>& values) {
  return out.Cast(out.ConstI64(values), dtype);
}

ValueId ShapeOf(Builder& out, ValueId x, int first, int count, DType dtype) {
  const ValueId shape =
      out.Emit(OpKind::kShape, {x}, {{"out_type", std::string(ir::DTypeName(dtype))}});
  return out.Emit(OpKind::kSlice, {shape, out.ConstI32({first}), out.ConstI32({count})});
}

}  // namespace

ValueId SizeOf(Builder& out, ValueId x, int axis, DType dtype) {
  if (!out.status().ok()) return {};
  const Dim size = out.type(x).shape.dim(axis);
  if (size.is_static()) return out.Scalar(dtype, static_cast<double>(size.value()));
  const DType wide = dtype == DType::kI64 ? DType::kI64 : DType::kI32;
  return out.Cast(out.Reshape(ShapeOf(out, x, axis, 1, wide), Shape{}), dtype);
}

ValueId NonNegative(OnnxNode& node, Builder& out, int input, ValueId data, int axis) {
  const ValueId indices = node.input(input);
  if (!out.status().ok() || AllPositive(node, input)) return indices;
  if (out.type(data).shape.dim(axis) == Dim(0)) return indices;  // nothing can be indexed
  return out.Emit(OpKind::kFloorMod, {indices, SizeOf(out, data, axis, node.input_dtype(input))});
}

ValueId NonNegativeRows(OnnxNode& node, Builder& out, int input, ValueId data, int first,
                        int depth) {
  const ValueId indices = node.input(input);
  if (!out.status().ok() || AllPositive(node, input)) return indices;
  const DType type = node.input_dtype(input);
  std::vector<std::int64_t> sizes;
  bool is_static = true;
  for (int i = first; i < first + depth; ++i) {
    const Dim size = out.type(data).shape.dim(i);
    if (size == Dim(0)) return indices;
    is_static = is_static && size.is_static();
    if (is_static) sizes.push_back(size.value());
  }
  const ValueId divisor =
      is_static ? IndexRow(out, type, sizes) : ShapeOf(out, data, first, depth, type);
  return out.Emit(OpKind::kFloorMod, {indices, divisor});
}

ValueId FlattenRows(Builder& out, ValueId rows, const Shape& sizes) {
  if (!out.status().ok()) return {};
  Shape shape = out.type(rows).shape;
  shape.dims().pop_back();
  if (sizes.rank() == 1) return out.Reshape(rows, shape);
  const ValueId scaled = out.Mul(rows, IndexRow(out, out.type(rows).dtype, RowMajor(sizes)));
  return out.Emit(OpKind::kSum, {scaled, out.ConstI32({shape.rank()})}, {{"keep_dims", false}});
}

ValueId ElementPositions(Builder& out, ValueId indices, const Shape& data, int axis) {
  if (!out.status().ok()) return {};
  const Shape shape = out.type(indices).shape;
  const std::int64_t count = *shape.ElementCount();
  const std::vector<std::int64_t> steps = RowMajor(data);
  const std::vector<std::int64_t> own = RowMajor(shape);
  std::vector<std::int32_t> bases;
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t base = 0;
    for (int d = 0; d < shape.rank(); ++d) {
      const auto at = static_cast<std::size_t>(d);
      if (d != axis) base += i / own[at] % shape.dim(d).value() * steps[at];
    }
    bases.push_back(static_cast<std::int32_t>(base));
  }
  ValueId along = out.Reshape(out.Cast(indices, DType::kI32), Shape{count});
  const std::int64_t step = steps[static_cast<std::size_t>(axis)];
  if (step != 1) along = out.Mul(along, out.ScalarI32(static_cast<std::int32_t>(step)));
  const bool shifted = std::any_of(bases.begin(), bases.end(), [](auto base) { return base != 0; });
  return shifted ? out.Add(along, out.ConstI32(bases)) : along;
}

ValueId Iota(Builder& out, std::int64_t count) {
  std::vector<std::int32_t> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<std::int32_t>(i));
  return out.ConstI32(values);
}

}  // namespace smelt::onnx_import
