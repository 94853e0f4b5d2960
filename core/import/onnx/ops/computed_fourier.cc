#include "core/import/onnx/ops/computed_fourier.h"

#include <cstdint>
#include <numbers>
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

ValueId Number(Builder& out, double value) { return out.Scalar(DType::kF32, value); }
ValueId Float(Builder& out, ValueId x) { return out.Cast(x, DType::kF32); }

// A shape operand of the given rank; -1 stands for the rest.
ValueId ReshapeTo(Builder& out, ValueId x, ValueId sizes, int rank) {
  if (!out.status().ok()) return {};
  Shape shape;
  for (int i = 0; i < rank; ++i) shape.push_back(out.module().symbols().Fresh("of a transform"));
  const ValueId operands[] = {x, sizes};
  return out.EmitTyped(OpKind::kReshape, operands, {}, {out.type(x).dtype, shape});
}

// The weight of each element of the signal, f32[given]: 0 beyond the transform's length.
ValueId ElementWeights(Builder& out, const TransformForm& form, ValueId n, ValueId length) {
  const ValueId end =
      form.real_result()
          ? out.Add(out.Emit(OpKind::kFloorDiv, {length, out.ConstI32({2})}), out.ConstI32({1}))
          : length;
  ValueId weights = Float(out, out.Emit(OpKind::kLess, {n, end}));
  if (form.inverse) weights = out.Div(weights, Float(out, length));
  if (!form.real_result()) return weights;
  // The half that is not there mirrors all but the first and, of an even length, the middle.
  const ValueId inner = out.Emit(OpKind::kNotEqual, {n, out.ScalarI32(0)});
  const ValueId beside = out.Emit(OpKind::kNotEqual, {out.Mul(n, out.ScalarI32(2)), length});
  const ValueId mirrored = Float(out, out.Emit(OpKind::kLogicalAnd, {inner, beside}));
  return out.Mul(weights, out.Add(mirrored, Number(out, 1)));
}

// The sine of `steps` of `length` in a turn, or the cosine; `negated` turns the other way. A turn
// is folded to a quarter while the numbers are whole, so that zeros and mirrored values are exact.
ValueId SineOfSteps(Builder& out, ValueId steps, ValueId length, bool cosine, bool negated) {
  const auto times = [&](ValueId x, std::int32_t factor) {
    return out.Mul(x, out.ScalarI32(factor));
  };
  const ValueId ahead = out.Add(times(steps, 4), times(length, cosine ? 2 : 1));
  const ValueId turned = out.Emit(OpKind::kFloorMod, {ahead, times(length, 4)});
  const ValueId away = out.Unary(OpKind::kAbs, out.Sub(turned, times(length, 2)));
  const ValueId quarter = out.Div(Float(out, out.Sub(length, away)), Float(out, length));
  const double right_angle = (negated ? -0.5 : 0.5) * std::numbers::pi;
  return out.Unary(OpKind::kSin, out.Mul(quarter, Number(out, right_angle)));
}

ValueId Results(Builder& out, const TransformForm& form, ValueId length) {
  if (!form.onesided || form.inverse) return length;
  return out.Add(out.Emit(OpKind::kFloorDiv, {length, out.ConstI32({2})}), out.ConstI32({1}));
}

ValueId Product(Builder& out, ValueId x, ValueId matrix) {
  return out.Emit(OpKind::kBatchMatmul, {x, matrix},
                  {{"adj_x", false}, {"adj_y", false}, {"asymmetric_quantize_inputs", false}});
}

// x, f32[rows, given, parts], as f32[rows, results, result parts].
ValueId TransformRows(Builder& out, const TransformForm& form, ValueId x, ValueId given,
                      ValueId length) {
  const ValueId n = CountUpTo(out, given);
  const ValueId k = CountUpTo(out, Results(out, form, length));
  if (!out.status().ok()) return {};
  const Dim rows = out.type(n).shape.dim(0);
  const ValueId column = out.Reshape(n, Shape{rows, Dim(1)});
  // Whole turns are taken away while the numbers are whole.
  const ValueId steps = out.Emit(OpKind::kFloorMod, {out.Mul(column, k), length});
  const ValueId weights = out.Reshape(ElementWeights(out, form, n, length), Shape{rows, Dim(1)});
  const ValueId cosines = out.Mul(SineOfSteps(out, steps, length, true, false), weights);
  const ValueId sines = out.Mul(SineOfSteps(out, steps, length, false, !form.inverse), weights);
  const auto part = [&](int index) { return TakeAlong(out, x, out.ScalarI32(index), 2); };
  const ValueId real_in = part(0);
  ValueId real = Product(out, real_in, cosines);
  ValueId imaginary = form.real_result() ? ValueId{} : Product(out, real_in, sines);
  if (form.parts == 2) {
    const ValueId imaginary_in = part(1);
    real = out.Sub(real, Product(out, imaginary_in, sines));
    if (imaginary.valid()) {
      imaginary = out.Add(imaginary, Product(out, imaginary_in, cosines));
    }
  }
  const auto last = [&](ValueId plane) {
    return out.Emit(OpKind::kExpandDims, {plane, out.ScalarI32(2)});
  };
  if (!imaginary.valid()) return last(real);
  return out.Emit(OpKind::kConcatenation, {last(real), last(imaginary)},
                  {{"axis", std::int64_t{2}}, {"fused_activation_function", std::string("NONE")}});
}

ValueId Counting(Builder& out, int from, int to) {
  std::vector<std::int32_t> values;
  for (int i = from; i < to; ++i) values.push_back(i);
  return out.ConstI32(values);
}

// The order of axes that moves `axis` before the last, or, `back`, from there.
ValueId AxisOrder(Builder& out, ValueId axis, int rank, bool back) {
  const ValueId last = out.ConstI32({rank - 1});
  if (!back) {
    const ValueId front = Counting(out, 0, rank - 2);
    const ValueId behind = out.Emit(OpKind::kGreaterEqual, {front, axis});
    return JoinRows(out, {out.Add(front, out.Cast(behind, DType::kI32)), axis, last});
  }
  const ValueId front = Counting(out, 0, rank - 1);
  const ValueId behind = out.Emit(OpKind::kGreater, {front, axis});
  const ValueId here = out.Emit(OpKind::kEqual, {front, axis});
  const ValueId places =
      out.Emit(OpKind::kSelectV2,
               {here, out.ConstI32({rank - 2}), out.Sub(front, out.Cast(behind, DType::kI32))});
  return JoinRows(out, {places, last});
}

ValueId Rows(Builder& out, ValueId x, ValueId given, std::int64_t parts) {
  const ValueId sizes =
      JoinRows(out, {out.ConstI32({-1}), given, out.ConstI32({static_cast<std::int32_t>(parts)})});
  return ReshapeTo(out, x, sizes, 3);
}

}  // namespace

ValueId DftAtRunTime(OnnxNode& node, Builder& out, const TransformForm& form, ValueId axis) {
  const int rank = node.input_rank(0);
  const ValueId x =
      out.Emit(OpKind::kTranspose, {Float(out, node.input(0)), AxisOrder(out, axis, rank, false)});
  const ValueId sizes = SizesOf(out, x);
  const ValueId given = TakeAlong(out, sizes, out.ConstI32({rank - 2}), 0);
  ValueId length = given;
  if (node.has_input(1)) {
    length = AsIndexRow(out, node.input(1));
  } else if (form.real_result()) {
    length = out.Mul(out.Sub(given, out.ConstI32({1})), out.ConstI32({2}));
  }
  const ValueId y = TransformRows(out, form, Rows(out, x, given, form.parts), given, length);
  const ValueId outer = TakeAlong(out, sizes, Counting(out, 0, rank - 2), 0);
  const ValueId shape =
      JoinRows(out, {outer, Results(out, form, length),
                     out.ConstI32({static_cast<std::int32_t>(form.result_parts())})});
  const ValueId order = AxisOrder(out, axis, rank, true);
  const ValueId moved = out.Emit(OpKind::kTranspose, {ReshapeTo(out, y, shape, rank), order});
  return out.Cast(moved, node.input_dtype(0));
}

ValueId StftAtRunTime(OnnxNode& node, Builder& out, const TransformForm& form, ValueId given) {
  const Shape& signal = node.input_shape(0);
  const ValueId x =
      out.Reshape(Float(out, node.input(0)), Shape{signal.dim(0), signal.dim(1), form.parts});
  const ValueId step = AsIndexRow(out, node.input(1));
  const ValueId size = TakeAlong(out, SizesOf(out, x), out.ConstI32({1}), 0);
  const ValueId frames =
      out.Add(out.Emit(OpKind::kFloorDiv, {out.Sub(size, given), step}), out.ConstI32({1}));
  const ValueId starts = out.Mul(CountUpTo(out, frames), step);
  if (!out.status().ok()) return {};
  const ValueId column = out.Reshape(starts, Shape{out.type(starts).shape.dim(0), Dim(1)});
  ValueId cut = TakeAlong(out, x, out.Add(column, CountUpTo(out, given)), 1);
  if (node.has_input(2)) {
    const ValueId window = Float(out, node.input(2));
    const Shape& shape = node.input_shape(2);
    cut = out.Mul(cut, out.Reshape(window, Shape{shape.dim(0), Dim(1)}));
  }
  const ValueId y = TransformRows(out, form, Rows(out, cut, given, form.parts), given, given);
  const ValueId batch = TakeAlong(out, SizesOf(out, x), out.ConstI32({0}), 0);
  const ValueId sizes =
      JoinRows(out, {batch, frames, Results(out, form, given), out.ConstI32({2})});
  return out.Cast(ReshapeTo(out, y, sizes, 4), node.input_dtype(0));
}

}  // namespace smelt::onnx_import
