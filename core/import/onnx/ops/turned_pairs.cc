#include "core/import/onnx/ops/turned_pairs.h"

#include <string>
#include <vector>

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// `count` features from `begin` on, of the last of four axes.
ValueId Features(Builder& out, ValueId x, std::int64_t begin, std::int64_t count) {
  const auto at = static_cast<std::int32_t>(begin);
  const auto size = static_cast<std::int32_t>(count);
  return out.Emit(OpKind::kSlice,
                  {x, out.ConstI32({0, 0, 0, at}), out.ConstI32({-1, -1, -1, size})});
}

ValueId Join(Builder& out, std::vector<ValueId> parts, std::int64_t axis) {
  return out.Emit(OpKind::kConcatenation, parts,
                  {{"axis", axis}, {"fused_activation_function", std::string("NONE")}});
}

}  // namespace

ValueId TurnPairs(Builder& out, ValueId x, ValueId cosine, ValueId sine, std::int64_t rotated,
                  bool interleaved) {
  if (!out.status().ok()) return {};
  const Shape shape = out.type(x).shape;
  const std::int64_t head = shape.dim(3).value();
  const std::int64_t half = rotated / 2;
  const ir::Dim rows =
      out.module().symbols().Product(Shape{shape.dim(0), shape.dim(1), shape.dim(2)});
  const ValueId turned = rotated == head ? x : Features(out, x, 0, rotated);
  ValueId first, second;
  if (interleaved) {  // (..., half, 2): the pairs' members, apart
    const ValueId split = out.Reshape(turned, {rows, half, 2});
    Shape member = shape;
    member.dim(3) = half;
    const auto take = [&](std::int32_t at) {
      return out.Reshape(
          out.Emit(OpKind::kSlice, {split, out.ConstI32({0, 0, at}), out.ConstI32({-1, -1, 1})}),
          member);
    };
    first = take(0);
    second = take(1);
  } else {
    first = Features(out, turned, 0, half);
    second = Features(out, turned, half, half);
  }
  const ValueId real = out.Sub(out.Mul(cosine, first), out.Mul(sine, second));
  const ValueId imaginary = out.Add(out.Mul(sine, first), out.Mul(cosine, second));
  ValueId y;
  if (interleaved) {
    const Shape column{rows, half, 1};
    Shape whole = shape;
    whole.dim(3) = rotated;
    y = out.Reshape(Join(out, {out.Reshape(real, column), out.Reshape(imaginary, column)}, 2),
                    whole);
  } else {
    y = Join(out, {real, imaginary}, 3);
  }
  if (rotated < head) y = Join(out, {y, Features(out, x, rotated, head - rotated)}, 3);
  return y;
}

}  // namespace smelt::onnx_import
