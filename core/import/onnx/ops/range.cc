// Range.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/ops/computed_axes.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// max(ceil((limit - start) / delta), 0), computed without overflow; nothing when not constant.
std::optional<std::int64_t> RangeCount(const OnnxNode& node) {
  if (ir::IsInteger(node.input_dtype(0))) {
    const auto start = node.input_ints(0);
    const auto limit = node.input_ints(1);
    const auto delta = node.input_ints(2);
    if (!start || !limit || !delta) return std::nullopt;
    if (start->size() != 1 || limit->size() != 1 || delta->size() != 1 || (*delta)[0] == 0) {
      return std::nullopt;
    }
    const auto from = static_cast<std::uint64_t>((*start)[0]);
    const auto to = static_cast<std::uint64_t>((*limit)[0]);
    const auto step = static_cast<std::uint64_t>((*delta)[0]);
    const bool up = (*delta)[0] > 0;
    if (up ? (*limit)[0] <= (*start)[0] : (*limit)[0] >= (*start)[0]) return 0;
    const std::uint64_t count = up ? (to - from - 1) / step + 1 : (from - to - 1) / (0 - step) + 1;
    return static_cast<std::int64_t>(std::min(count, static_cast<std::uint64_t>(INT64_MAX)));
  }
  // As ONNX Runtime does: the difference in the operands' type, the quotient in double.
  const auto start = node.input_doubles(0);
  const auto limit = node.input_doubles(1);
  const auto delta = node.input_doubles(2);
  if (!start || !limit || !delta || start->size() != 1 || limit->size() != 1 ||
      delta->size() != 1) {
    return std::nullopt;
  }
  double span = (*limit)[0] - (*start)[0];
  if (node.input_dtype(0) == DType::kF32) span = static_cast<float>(span);
  const double count = std::ceil(span / (*delta)[0]);
  if (!(count > 0)) return 0;
  return count < 9e18 ? static_cast<std::int64_t>(count) : INT64_MAX;
}

Status InferRange(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1) || !node.knows_input(2)) return Status::Ok();
  Dim length;
  const auto start = node.input_dims(0);
  const auto limit = node.input_dims(1);
  const auto step = node.input_ints(2);
  if (const auto count = RangeCount(node)) {
    length = Dim(*count);
  } else if (start && limit && step && *step == std::vector<std::int64_t>{1} &&
             *start == DimValues{Dim(0)} && limit->size() == 1) {
    length = (*limit)[0];  // the positions of a sequence
  } else {
    length = node.symbols().Fresh("length of " + node.output_name(0));
  }
  node.SetOutputType(0, {node.input_dtype(0), Shape{length}});
  return Status::Ok();
}

// Whether the kernel's count, a quotient in float32, may be another than that of a double.
bool MayCountWrong(const OnnxNode& node) {
  if (node.input_dtype(0) != DType::kF32 || RangeCount(node)) return false;
  const auto delta = node.input_doubles(2);
  if (!delta) return true;
  int exponent = 0;
  return std::abs(std::frexp(delta->front(), &exponent)) != 0.5;  // by a power of two it is exact
}

// A number in two parts of half its bits each, whose products are exact (Veltkamp).
struct Halves {
  ValueId high, low;
};
Halves Split(Builder& out, ValueId x) {
  const ValueId spread = out.Mul(x, out.Scalar(DType::kF32, 4097));
  const ValueId high = out.Sub(spread, out.Sub(spread, x));
  return {high, out.Sub(x, high)};
}

// What `a` is beyond x * y, with the sign that it has without rounding (Dekker). Requires that a is
// nearly the product.
ValueId BeyondProduct(Builder& out, ValueId a, ValueId x, ValueId y) {
  const ValueId product = out.Mul(x, y);
  const Halves p = Split(out, x), q = Split(out, y);
  ValueId error = out.Sub(out.Mul(p.high, q.high), product);
  error = out.Add(error, out.Mul(p.high, q.low));
  error = out.Add(error, out.Mul(p.low, q.high));
  error = out.Add(error, out.Mul(p.low, q.low));
  return out.Sub(out.Sub(a, product), error);
}

// ceil((limit - start) / delta) as if the quotient were not rounded, f32[]; below 0: any number
// that is not above.
ValueId ExactCount(Builder& out, ValueId start, ValueId limit, ValueId delta) {
  const ValueId zero = out.Scalar(DType::kF32, 0);
  const ValueId span = out.Sub(limit, start);
  const ValueId quotient = out.Div(span, delta);
  const ValueId count = out.Unary(OpKind::kCeil, quotient);
  const ValueId width = out.Unary(OpKind::kAbs, span), step = out.Unary(OpKind::kAbs, delta);
  const ValueId rest = BeyondProduct(out, width, count, step);
  const ValueId one_more = out.Cast(out.Emit(OpKind::kGreater, {rest, zero}), DType::kF32);
  const ValueId is_any = out.Emit(OpKind::kGreater, {quotient, zero});
  return out.Emit(OpKind::kSelectV2, {is_any, out.Add(count, one_more), zero});
}

Status TranslateRange(OnnxNode& node, Builder& out) {
  std::vector<ValueId> bounds;
  for (int i = 0; i < 3; ++i) bounds.push_back(out.Reshape(node.input(i), Shape{}));
  if (!MayCountWrong(node)) {
    node.SetOutput(0, out.EmitTyped(OpKind::kRange, bounds, {}, *node.output_type(0)));
    return out.status();
  }
  const ValueId count = ExactCount(out, bounds[0], bounds[1], bounds[2]);
  const ValueId steps = CountUpTo(out, out.Cast(count, DType::kI32));
  node.SetOutput(0, out.Add(bounds[0], out.Mul(out.Cast(steps, DType::kF32), bounds[2])));
  return out.status();
}

Verdict DeltaIsNotZero(const OnnxNode& node, Bounds, Finding& finding) {
  const auto delta = node.input_doubles(2);
  if (!delta || delta->size() != 1 || (*delta)[0] != 0) return Verdict::kHolds;
  return Violated(node, 2, "delta 0", finding);
}

Verdict BoundsAreScalars(const OnnxNode& node, Bounds, Finding& finding) {
  for (int i = 0; i < 3; ++i) {
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    if (node.input_shape(i).ElementCount() != 1) {
      return Violated(node, i, node.input_text(i), finding);
    }
  }
  return Verdict::kHolds;
}

constexpr OnnxConstraint kRange[] = {
    {Reason::kTypeMismatch, SameTypes, {}, "start, limit and delta have one element type"},
    {Reason::kShapeMismatch, BoundsAreScalars, {}, "start, limit and delta have one element each"},
    {Reason::kValueOutOfRange, DeltaIsNotZero, {}, "delta is not 0"},
};

constexpr OnnxRule kRules[] = {
    {"", "Range", 11, 27, kRange, InferRange, TranslateRange},
};

}  // namespace

std::span<const OnnxRule> RangeRules() { return kRules; }

}  // namespace smelt::onnx_import
