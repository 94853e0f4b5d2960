#include "core/passes/legalize_core_ops.h"

#include <array>
#include <span>

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::ValueId;

// erf(x) = x P(x^2) / Q(x^2) for |x| up to kErfEdge, beyond which float32 can't tell it from 1. Our
// own minimax fit of the relative error (2e-8); all coefficients are positive, so nothing cancels
// and float32 evaluation stays within 4e-7, relatively as well.
constexpr double kErfEdge = 3.925;
constexpr std::array<double, 6> kErfP = {1.1283791065216064,    0.1905946284532547,
                                         0.05276942625641823,   0.003772591007873416,
                                         0.0002848448930308223, 2.046026338575757e-06};
constexpr std::array<double, 6> kErfQ = {1.0,
                                         0.5022428035736084,
                                         0.11418309807777405,
                                         0.014983279630541801,
                                         0.0011638684663921595,
                                         3.804783773375675e-05};

// Coefficients by ascending power.
ValueId Horner(Builder& b, ValueId x, std::span<const double> coefficients) {
  ValueId sum = b.Scalar(DType::kF32, coefficients.back());
  for (std::size_t i = coefficients.size() - 1; i-- > 0;) {
    sum = b.Add(b.Mul(x, sum), b.Scalar(DType::kF32, coefficients[i]));
  }
  return sum;
}

// a - trunc(a / b) * b. Operands within int32.
ValueId TruncModByDivision(Builder& b, ValueId x, ValueId y) {
  return b.Sub(x, b.Mul(b.Div(x, y), y));
}

// FLOOR_MOD has the divisor's sign; where that is not the dividend's, one divisor less is.
ValueId TruncModBySignFix(Builder& b, ValueId x, ValueId y) {
  const DType dtype = b.type(x).dtype;
  const ValueId zero = b.Scalar(dtype, 0);
  const ValueId floored = b.Emit(OpKind::kFloorMod, {x, y});
  const ValueId other_sign = b.Emit(OpKind::kNotEqual, {b.Emit(OpKind::kLess, {x, zero}),
                                                        b.Emit(OpKind::kLess, {floored, zero})});
  const ValueId nonzero = b.Emit(OpKind::kNotEqual, {floored, zero});
  const ValueId fix = b.Emit(OpKind::kLogicalAnd, {other_sign, nonzero});
  return b.Emit(OpKind::kSelectV2, {fix, b.Sub(floored, y), floored});
}

// Of positive operands the floored remainder is the truncated one, without any rounding.
ValueId TruncModByMagnitude(Builder& b, ValueId x, ValueId y) {
  const ValueId magnitude =
      b.Emit(OpKind::kFloorMod, {b.Unary(OpKind::kAbs, x), b.Unary(OpKind::kAbs, y)});
  const ValueId negative = b.Emit(OpKind::kLess, {x, b.Scalar(b.type(x).dtype, 0)});
  return b.Emit(OpKind::kSelectV2, {negative, b.Unary(OpKind::kNeg, magnitude), magnitude});
}

// Half away from zero. The fraction is exact, so no rounding can push a value over the half.
ValueId EmitRoundAway(Builder& b, ValueId x) {
  const ValueId magnitude = b.Unary(OpKind::kAbs, x);
  const ValueId whole = b.Unary(OpKind::kFloor, magnitude);
  const ValueId up =
      b.Emit(OpKind::kGreaterEqual, {b.Sub(magnitude, whole), b.Scalar(DType::kF32, 0.5)});
  const ValueId rounded = b.Add(whole, b.Cast(up, DType::kF32));
  const ValueId negative = b.Emit(OpKind::kLess, {x, b.Scalar(DType::kF32, 0)});
  return b.Emit(OpKind::kSelectV2, {negative, b.Unary(OpKind::kNeg, rounded), rounded});
}

// Computes in f32 and rounds back.
template <class Emit>
Status ExpandInF32(const LegalizeSite& site, Emit emit) {
  const DType dtype = site.In(0);
  if (dtype == DType::kF64) {
    site.Warn(site.op().input(0), "computed in f32, as no kernel takes f64", "f32 f16 bf16");
  } else if (dtype != DType::kF32 && dtype != DType::kF16 && dtype != DType::kBF16) {
    site.Refuse(Reason::kRuntimeTypeUnsupported, site.op().input(0),
                "element type " + std::string(ir::DTypeName(dtype)), "f32 f16 bf16");
    return Status::Ok();
  }
  Builder b = site.Before();
  const ValueId x = b.Cast(site.op().input(0), DType::kF32);
  return site.Replace(b, b.Cast(emit(b, x), dtype));
}

Status ExpandTruncMod(const LegalizeSite& site) {
  Builder b = site.Before();
  return site.Replace(b, EmitTruncMod(b, site.op().input(0), site.op().input(1)));
}

}  // namespace

ValueId EmitErf(Builder& b, ValueId input) {
  ValueId x = b.Maximum(input, b.Scalar(DType::kF32, -kErfEdge));
  x = b.Minimum(x, b.Scalar(DType::kF32, kErfEdge));
  const ValueId square = b.Mul(x, x);
  return b.Div(b.Mul(x, Horner(b, square, kErfP)), Horner(b, square, kErfQ));
}

ValueId EmitTruncMod(Builder& b, ValueId dividend, ValueId divisor) {
  if (!b.status().ok()) return {};
  const DType dtype = b.type(dividend).dtype;
  if (ir::IsFloat(dtype)) {
    // f16 and bf16 have no FLOOR_MOD kernel; f32 holds their values exactly.
    const bool narrow = dtype == DType::kF16 || dtype == DType::kBF16;
    const DType wide = narrow ? DType::kF32 : dtype;
    const ValueId result = TruncModByMagnitude(b, b.Cast(dividend, wide), b.Cast(divisor, wide));
    return b.Cast(result, dtype);
  }
  // Without a sign the two remainders are the same.
  if (ir::IsUnsignedInteger(dtype)) return b.Emit(OpKind::kFloorMod, {dividend, divisor});
  if (dtype == DType::kI64) return TruncModBySignFix(b, dividend, divisor);
  const ValueId result =
      TruncModByDivision(b, b.Cast(dividend, DType::kI32), b.Cast(divisor, DType::kI32));
  return b.Cast(result, dtype);
}

Status ExpandCoreOperator(const LegalizeSite& site) {
  const OpKind kind = site.op().kind;
  if (kind == OpKind::kCoreErf) return ExpandInF32(site, EmitErf);
  if (kind == OpKind::kCoreTruncMod) return ExpandTruncMod(site);
  if (kind == OpKind::kCoreRoundAway) return ExpandInF32(site, EmitRoundAway);
  return Status(Reason::kInternalError, "not a core operator");
}

}  // namespace smelt::passes
