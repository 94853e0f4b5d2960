#include "core/import/onnx/ops/integer_sum.h"

#include <cmath>

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

constexpr std::int64_t kExact = std::int64_t{1} << 24;
constexpr std::int64_t kLargest = 255;

// Bits of a piece; 8 stands for the whole.
int PieceBits(std::int64_t terms) {
  if (terms <= kExact / (kLargest * kLargest)) return 8;
  return terms <= kExact / (kLargest * 16) ? 4 : 2;
}

}  // namespace

ValueId Widened(const OnnxNode& node, Builder& out, int input) {
  const ir::Constant* constant = node.input_constant(input);
  if (constant == nullptr || ir::ElementBits(constant->dtype()) >= 8) {
    return out.Cast(node.input(input), DType::kF32);
  }
  return out.Const(constant->Cast(DType::kF32));
}

ValueId AlongAxis(OnnxNode& node, Builder& out, int input, int rank, int axis) {
  const ValueId value = Widened(node, out, input);
  const Shape& shape = node.input_shape(input);
  if (shape.rank() != 1) return value;
  if (shape.dim(0) == ir::Dim(1)) return out.Reshape(value, Shape{});
  Shape along;
  for (int i = 0; i < rank; ++i) along.push_back(i == axis ? shape.dim(0) : ir::Dim(1));
  return out.Reshape(value, along);
}

Verdict ParameterFits(const OnnxNode& node, int input, const Shape& of, int axis,
                      Finding& finding) {
  if (!node.has_input(input)) return Verdict::kHolds;
  if (!node.knows_input(input)) return Verdict::kNotChecked;
  const Shape& shape = node.input_shape(input);
  const ir::Dim one(1);
  bool fits = shape.rank() <= of.rank();
  for (int i = 1; fits && i <= shape.rank(); ++i) {
    const ir::Dim size = shape.dim(shape.rank() - i);
    const ir::Dim whole = shape.rank() == 1 ? of.dim(axis) : of.dim(of.rank() - i);
    fits = size == one || size == whole;
  }
  return fits ? Verdict::kHolds : Violated(node, input, node.input_text(input), finding);
}

ValueId Centered(OnnxNode& node, Builder& out, int x, int zero_point, int axis) {
  const ValueId wide = out.Cast(node.input(x), DType::kF32);
  if (!node.has_input(zero_point)) return wide;
  return out.Sub(wide, AlongAxis(node, out, zero_point, node.input_rank(x), axis));
}

ValueId IntegerSum(Builder& out, ValueId weights, std::int64_t terms,
                   const std::function<ValueId(ValueId)>& sum) {
  const int bits = PieceBits(terms);
  const double base = std::ldexp(1.0, bits);
  ValueId rest = weights;
  ValueId total;
  double place = 1;
  for (int done = 0; done < 8; done += bits) {
    ValueId piece = rest;
    if (done + bits < 8) {
      rest = out.Unary(OpKind::kFloor, out.Mul(piece, out.Scalar(DType::kF32, 1 / base)));
      piece = out.Sub(piece, out.Mul(rest, out.Scalar(DType::kF32, base)));
    }
    ValueId part = out.Cast(sum(piece), DType::kI32);
    if (place > 1) part = out.Mul(part, out.Scalar(DType::kI32, place));
    total = total.valid() ? out.Add(total, part) : part;
    place *= base;
  }
  return total;
}

ValueId Saturated(Builder& out, ValueId x, ValueId zero_point, DType type) {
  const int bits = ir::ElementBits(type);
  const bool is_unsigned = ir::IsUnsignedInteger(type);
  const double lowest = is_unsigned ? 0 : -std::ldexp(1.0, bits - 1);
  ValueId y = out.Unary(OpKind::kRound, x);
  if (zero_point.valid()) y = out.Add(y, zero_point);
  y = out.Maximum(y, out.Scalar(DType::kF32, lowest));
  y = out.Minimum(y, out.Scalar(DType::kF32, lowest + std::ldexp(1.0, bits) - 1));
  return out.Cast(y, type);
}

}  // namespace smelt::onnx_import
