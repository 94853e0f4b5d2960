#include "core/import/onnx/ops/indices.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/ops/computed_axes.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::Dims;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

bool AllPositive(const ir::Constant* indices) {
  const auto values = indices == nullptr ? std::nullopt : indices->AsInts();
  return values &&
         std::all_of(values->begin(), values->end(), [](std::int64_t v) { return v >= 0; });
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

// Sizes to divide by. The run may find an axis empty, and then nothing to divide; the kernel fails
// for a 0 even so.
ValueId Divisor(Builder& out, ValueId sizes) {
  if (!out.status().ok() || out.constant(sizes) != nullptr) return sizes;
  return out.Maximum(sizes, out.Scalar(out.type(sizes).dtype, 1));
}

bool AreStatic(const Shape& shape, int first, int count) {
  return std::all_of(shape.begin() + first, shape.begin() + first + count,
                     [](Dim dim) { return dim.is_static(); });
}

// One symbolic dimension of a reshape is told by the number of elements.
bool HasSymbols(const Shape& shape) {
  return std::count_if(shape.begin(), shape.end(), [](Dim dim) { return !dim.is_static(); }) > 1;
}

// `steps` along `axis` of `x` as steps from element to element of the flattened tensor.
ValueId InElements(Builder& out, ValueId steps, ValueId x, int axis) {
  if (!out.status().ok()) return {};
  const int inner = out.type(x).shape.rank() - axis - 1;
  return inner == 0 ? steps : out.Mul(steps, ElementsIn(out, x, axis + 1, inner));
}

}  // namespace

ValueId SizeOf(Builder& out, ValueId x, int axis, DType dtype) {
  if (!out.status().ok()) return {};
  const Dim size = out.type(x).shape.dim(axis);
  if (size.is_static()) return out.Scalar(dtype, static_cast<double>(size.value()));
  const DType wide = dtype == DType::kI64 ? DType::kI64 : DType::kI32;
  return out.Cast(out.Reshape(ShapeOf(out, x, axis, 1, wide), Shape{}), dtype);
}

ValueId NonNegative(Builder& out, ValueId indices, ValueId data, int axis) {
  if (!out.status().ok() || AllPositive(out.constant(indices))) return indices;
  if (out.type(data).shape.dim(axis) == Dim(0)) return indices;  // nothing can be indexed
  const ValueId size = SizeOf(out, data, axis, out.type(indices).dtype);
  return out.Emit(OpKind::kFloorMod, {indices, Divisor(out, size)});
}

ValueId NonNegativeRows(OnnxNode& node, Builder& out, int input, ValueId data, int first,
                        int depth) {
  const ValueId indices = node.input(input);
  if (!out.status().ok() || AllPositive(node.input_constant(input))) return indices;
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
      is_static ? IndexRow(out, type, sizes) : Divisor(out, ShapeOf(out, data, first, depth, type));
  return out.Emit(OpKind::kFloorMod, {indices, divisor});
}

ValueId ElementsIn(Builder& out, ValueId x, int first, int count) {
  if (!out.status().ok()) return {};
  const Shape& shape = out.type(x).shape;
  if (count == 1) return SizeOf(out, x, first, DType::kI32);
  if (AreStatic(shape, first, count)) {
    std::int64_t product = 1;
    for (int i = first; i < first + count; ++i) product *= shape.dim(i).value();
    return out.ScalarI32(static_cast<std::int32_t>(product));
  }
  return out.Emit(OpKind::kReduceProd,
                  {ShapeOf(out, x, first, count, DType::kI32), out.ConstI32({0})},
                  {{"keep_dims", false}});
}

ValueId MergeAxes(Builder& out, ValueId x, int first, int count) {
  if (!out.status().ok()) return {};
  const ir::TensorType type = out.type(x);
  const Dim* dims = type.shape.dims().data();
  const int behind = first + count, rest = type.shape.rank() - behind;
  Shape merged(Dims(dims, dims + first));
  merged.push_back(out.module().symbols().Product(Shape(Dims(dims + first, dims + behind))));
  for (int i = 0; i < rest; ++i) merged.push_back(dims[behind + i]);
  if (!HasSymbols(merged)) return out.Reshape(x, merged);
  std::vector<ValueId> sizes;
  if (first > 0) sizes.push_back(ShapeOf(out, x, 0, first, DType::kI32));
  sizes.push_back(out.Reshape(ElementsIn(out, x, first, count), Shape{1}));
  if (rest > 0) sizes.push_back(ShapeOf(out, x, behind, rest, DType::kI32));
  const ValueId shape = JoinRows(out, sizes);
  return out.EmitTyped(OpKind::kReshape, std::vector{x, shape}, {}, {type.dtype, merged});
}

ValueId ReshapeLike(Builder& out, ValueId x, ValueId like) {
  if (!out.status().ok()) return {};
  const ir::TensorType type{out.type(x).dtype, out.type(like).shape};
  if (type == out.type(x) || !HasSymbols(type.shape)) return out.Reshape(x, type.shape);
  return out.EmitTyped(OpKind::kReshape, std::vector{x, SizesOf(out, like)}, {}, type);
}

ValueId FlattenRows(Builder& out, ValueId rows, ValueId data, int first, int depth) {
  if (!out.status().ok()) return {};
  Shape shape = out.type(rows).shape;
  shape.dims().pop_back();
  if (depth == 1) {
    return shape.rank() == 0 ? out.Reshape(rows, shape) : MergeAxes(out, rows, shape.rank() - 1, 2);
  }
  std::vector<ValueId> steps;
  for (int i = 1; i <= depth; ++i) steps.push_back(ElementsIn(out, data, first + i, depth - i));
  const ValueId row = out.Emit(OpKind::kPack, steps,
                               {{"values_count", std::int64_t{depth}}, {"axis", std::int64_t{0}}});
  if (!out.status().ok()) return {};
  const ValueId scaled = out.Mul(rows, out.Cast(row, out.type(rows).dtype));
  return out.Emit(OpKind::kSum, {scaled, out.ConstI32({shape.rank()})}, {{"keep_dims", false}});
}

ValueId ElementPositions(Builder& out, ValueId indices, ValueId data, int axis) {
  if (!out.status().ok()) return {};
  const Shape shape = out.type(indices).shape;
  ValueId others;  // summed from the inside out: few elements first
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (i == axis || shape.dim(i) == Dim(1)) continue;
    Shape column{shape.dim(i)};
    for (int inner = i + 1; inner < shape.rank(); ++inner) column.push_back(Dim(1));
    const ValueId steps =
        out.Reshape(InElements(out, PlacesAlong(out, indices, i), data, i), column);
    others = others.valid() ? out.Add(steps, others) : steps;
  }
  ValueId positions = InElements(out, out.Cast(indices, DType::kI32), data, axis);
  if (others.valid()) positions = out.Add(positions, others);
  if (!out.status().ok()) return {};
  return MergeAxes(out, positions, 0, shape.rank());
}

ValueId PlacesAlong(Builder& out, ValueId x, int axis) {
  if (!out.status().ok()) return {};
  const Dim size = out.type(x).shape.dim(axis);
  if (size.is_static()) return Iota(out, size.value());
  const ValueId operands[] = {out.ScalarI32(0), SizeOf(out, x, axis, DType::kI32),
                              out.ScalarI32(1)};
  return out.EmitTyped(OpKind::kRange, operands, {}, {DType::kI32, Shape{size}});
}

ValueId Iota(Builder& out, std::int64_t count) {
  std::vector<std::int32_t> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<std::int32_t>(i));
  return out.ConstI32(values);
}

}  // namespace smelt::onnx_import
