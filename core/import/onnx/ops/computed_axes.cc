#include "core/import/onnx/ops/computed_axes.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/import/onnx/ops/indices.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

}  // namespace

ValueId SizesOf(Builder& out, ValueId x) {
  if (!out.status().ok()) return {};
  const Shape& shape = out.type(x).shape;
  const bool small = std::ranges::all_of(
      shape, [](Dim dim) { return dim.is_static() && dim.value() <= INT32_MAX; });
  if (small) {
    std::vector<std::int32_t> sizes;
    for (const Dim dim : shape) sizes.push_back(static_cast<std::int32_t>(dim.value()));
    return out.ConstI32(sizes);
  }
  return out.Emit(OpKind::kShape, {x}, {{"out_type", std::string("i32")}});
}

ValueId AsIndexRow(Builder& out, ValueId values) {
  if (!out.status().ok()) return {};
  const DType dtype = out.type(values).dtype;
  if (dtype == DType::kI64) {
    values = out.Maximum(values, out.Scalar(dtype, std::numeric_limits<std::int32_t>::min()));
    values = out.Minimum(values, out.Scalar(dtype, std::numeric_limits<std::int32_t>::max()));
  }
  values = out.Cast(values, DType::kI32);
  if (!out.status().ok() || out.type(values).shape.rank() == 1) return values;
  return out.Reshape(values, Shape{out.module().symbols().Product(out.type(values).shape)});
}

ValueId FrontAxes(Builder& out, ValueId axes, int rank) {
  return out.Emit(OpKind::kFloorMod, {AsIndexRow(out, axes), out.ScalarI32(rank)});
}

ValueId AxisTable(Builder& out, ValueId axes, int rank) {
  const ValueId rows = out.Reshape(Iota(out, rank), Shape{rank, 1});
  return out.Emit(OpKind::kEqual, {rows, axes});
}

ValueId NamedAxes(Builder& out, ValueId table) {
  return out.Emit(OpKind::kReduceAny, {table, out.ConstI32({1})}, {{"keep_dims", false}});
}

ValueId SpreadOverAxes(Builder& out, ValueId table, ValueId values) {
  const ValueId chosen = out.Mul(out.Cast(table, DType::kI32), values);
  return out.Emit(OpKind::kSum, {chosen, out.ConstI32({1})}, {{"keep_dims", false}});
}

ValueId CountUpTo(Builder& out, ValueId count) {
  return out.Emit(OpKind::kRange,
                  {out.ScalarI32(0), out.Reshape(count, Shape{}), out.ScalarI32(1)});
}

ValueId JoinRows(Builder& out, std::initializer_list<ValueId> rows) {
  return JoinRows(out, std::span<const ValueId>(rows.begin(), rows.size()));
}

ValueId JoinRows(Builder& out, std::span<const ValueId> rows) {
  return out.Emit(OpKind::kConcatenation, rows,
                  {{"axis", std::int64_t{0}}, {"fused_activation_function", std::string("NONE")}});
}

ValueId TakeAlong(Builder& out, ValueId x, ValueId indices, int axis) {
  return out.Emit(OpKind::kGather, {x, indices},
                  {{"axis", std::int64_t{axis}}, {"batch_dims", std::int64_t{0}}});
}

}  // namespace smelt::onnx_import
