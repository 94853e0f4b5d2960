#include "core/passes/legalize_expand.h"

#include <limits>

#include "core/passes/legalize_core_ops.h"
#include "core/passes/legalize_expand_f64.h"
#include "core/passes/legalize_expand_u64.h"

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::ValueId;

// Emits the replacement; an invalid id says that there is none.
using Expansion = ValueId (*)(Builder&, const LegalizeSite&);

ValueId Zero(Builder& b, ValueId like) { return b.Scalar(b.type(like).dtype, 0); }

ValueId Relu(Builder& b, const LegalizeSite& site) {
  const ValueId x = site.op().input(0);
  if (ir::IsUnsignedInteger(site.In(0))) return x;
  return b.Maximum(x, Zero(b, x));
}

ValueId Relu6(Builder& b, const LegalizeSite& site) {
  return b.Minimum(Relu(b, site), b.Scalar(site.In(0), 6));
}

ValueId Square(Builder& b, const LegalizeSite& site) {
  return b.Mul(site.op().input(0), site.op().input(0));
}

ValueId SquaredDifference(Builder& b, const LegalizeSite& site) {
  const ValueId difference = b.Sub(site.op().input(0), site.op().input(1));
  return b.Mul(difference, difference);
}

ValueId Abs(Builder& b, const LegalizeSite& site) {
  const ValueId x = site.op().input(0);
  if (ir::IsUnsignedInteger(site.In(0))) return x;
  return b.Maximum(x, b.Unary(OpKind::kNeg, x));
}

ValueId Sign(Builder& b, const LegalizeSite& site) {
  const ValueId x = b.Minimum(site.op().input(0), b.Scalar(site.In(0), 1));
  return ir::IsUnsignedInteger(site.In(0)) ? x : b.Maximum(x, b.Scalar(site.In(0), -1));
}

// The quotient of `dividend` by `divisor`, which divides it, in int64.
//
// Each round estimates the rest's quotient in f32, e = rn(rn(rest) / rn(divisor)), with a relative
// error below 2^-22, rounds it to an integer and takes it away. |quotient| <= 2^63, so what is left
// of it is at most 2^41 + 1 after the first round and 2^19 + 2 after the second; the third estimate
// is off by less than 1/4, so rounding gives exactly the rest. Products wrap, but what remains
// after each subtraction fits, so it is right. The clamp keeps the cast back within int64 (the last
// float below 2^63).
ValueId ExactQuotient(Builder& b, ValueId dividend, ValueId divisor) {
  constexpr double kLargest = 9223371487098961920.0;
  constexpr int kRounds = 3;
  const ValueId divisor_f32 = b.Cast(divisor, DType::kF32);
  ValueId rest = dividend;
  ValueId quotient;
  for (int round = 0; round < kRounds; ++round) {
    ValueId estimate = b.Unary(OpKind::kRound, b.Div(b.Cast(rest, DType::kF32), divisor_f32));
    if (round == 0) {
      estimate = b.Minimum(estimate, b.Scalar(DType::kF32, kLargest));
      estimate = b.Maximum(estimate, b.Scalar(DType::kF32, -kLargest));
    }
    const ValueId part = b.Cast(estimate, DType::kI64);
    quotient = round == 0 ? part : b.Add(quotient, part);
    if (round + 1 < kRounds) rest = b.Sub(rest, b.Mul(part, divisor));
  }
  return quotient;
}

// a - (a rem b) is a multiple of b and not larger than a, so nothing overflows.
ValueId TruncatedQuotient(Builder& b, ValueId x, ValueId y, ValueId remainder) {
  return ExactQuotient(b, b.Sub(x, remainder), y);
}

ValueId DivI64(Builder& b, const LegalizeSite& site) {
  if (site.In(0) != DType::kI64) return {};
  const ValueId x = site.op().input(0);
  const ValueId y = site.op().input(1);
  return TruncatedQuotient(b, x, y, EmitTruncMod(b, x, y));
}

// One less than the truncated quotient where the remainder is not zero and has the other sign.
ValueId FloorDivI64(Builder& b, const LegalizeSite& site) {
  if (site.In(0) != DType::kI64) return {};
  const ValueId x = site.op().input(0);
  const ValueId y = site.op().input(1);
  const ValueId remainder = EmitTruncMod(b, x, y);
  const ValueId zero = Zero(b, x);
  const ValueId other_sign = b.Emit(OpKind::kNotEqual, {b.Emit(OpKind::kLess, {remainder, zero}),
                                                        b.Emit(OpKind::kLess, {y, zero})});
  const ValueId nonzero = b.Emit(OpKind::kNotEqual, {remainder, zero});
  const ValueId down = b.Emit(OpKind::kLogicalAnd, {other_sign, nonzero});
  return b.Sub(TruncatedQuotient(b, x, y, remainder), b.Cast(down, DType::kI64));
}

// u64 in the order of i64: the same bits with the top one flipped.
ValueId Flip(Builder& b, ValueId x) {
  const std::int64_t top = std::numeric_limits<std::int64_t>::min();
  const ValueId constant =
      b.Const(ir::Constant::FromValues(DType::kI64, {}, std::span<const std::int64_t>(&top, 1)));
  return b.Add(x, constant);
}

ValueId OrderU64(Builder& b, const LegalizeSite& site) {
  if (site.In(0) != DType::kU64) return {};
  const OpKind kind = site.op().kind;
  const ir::Attributes attrs = site.op().attrs;
  const ValueId x = site.op().input(0);
  const ValueId y = site.op().input(1);
  const ValueId left = Flip(b, Reinterpret(b, x, DType::kI64));
  const ValueId right = Flip(b, Reinterpret(b, y, DType::kI64));
  const ValueId result = b.Emit(kind, {left, right}, attrs);
  if (kind != OpKind::kMaximum && kind != OpKind::kMinimum) return result;
  return Reinterpret(b, Flip(b, result), DType::kU64);
}

ValueId ReduceU64(Builder& b, const LegalizeSite& site) {
  if (site.In(0) != DType::kU64) return {};
  const ir::Attributes attrs = site.op().attrs;
  const ValueId axes = site.op().input(1);
  const ValueId x = Flip(b, Reinterpret(b, site.op().input(0), DType::kI64));
  return Reinterpret(b, Flip(b, b.Emit(site.op().kind, {x, axes}, attrs)), DType::kU64);
}

// The first place of the extreme is the first true of a comparison with it, which is what ARG_MAX
// of bool finds.
ValueId ArgExtreme(Builder& b, const LegalizeSite& site, OpKind reduce) {
  const ir::Attributes attrs = site.op().attrs;
  // Once for both readers: LiteRT lets an ADD overwrite what BITCASTs of one tensor share.
  const bool is_u64 = site.In(0) == DType::kU64;
  const ValueId x =
      is_u64 ? Flip(b, Reinterpret(b, site.op().input(0), DType::kI64)) : site.op().input(0);
  const ValueId axis = site.op().input(1);
  const ValueId extreme = b.Emit(reduce, {x, axis}, {{"keep_dims", true}});
  return b.Emit(OpKind::kArgMax, {b.Emit(OpKind::kEqual, {x, extreme}), axis}, attrs);
}
ValueId ArgMax(Builder& b, const LegalizeSite& site) {
  return ArgExtreme(b, site, OpKind::kReduceMax);
}
ValueId ArgMin(Builder& b, const LegalizeSite& site) {
  return ArgExtreme(b, site, OpKind::kReduceMin);
}

struct Row {
  OpKind kind;
  bool integers_only;
  Expansion expand;
};

constexpr Row kRows[] = {
    {OpKind::kRelu, true, Relu},
    {OpKind::kRelu6, true, Relu6},
    {OpKind::kSquare, false, Square},
    {OpKind::kSquaredDifference, true, SquaredDifference},
    {OpKind::kAbs, true, Abs},
    {OpKind::kSign, true, Sign},
    {OpKind::kDiv, true, DivI64},
    {OpKind::kFloorDiv, true, FloorDivI64},
    {OpKind::kMaximum, true, OrderU64},
    {OpKind::kMinimum, true, OrderU64},
    {OpKind::kLess, true, OrderU64},
    {OpKind::kLessEqual, true, OrderU64},
    {OpKind::kGreater, true, OrderU64},
    {OpKind::kGreaterEqual, true, OrderU64},
    {OpKind::kReduceMax, true, ReduceU64},
    {OpKind::kReduceMin, true, ReduceU64},
    {OpKind::kArgMax, true, ArgMax},
    {OpKind::kArgMin, true, ArgMin},
    {OpKind::kFloorMod, true, FloorModU64},
    {OpKind::kPow, true, PowI64},
    {OpKind::kCast, false, CastU64},
    {OpKind::kMaximum, false, ExtremeF64},
    {OpKind::kMinimum, false, ExtremeF64},
    {OpKind::kLess, false, CompareF64},
    {OpKind::kLessEqual, false, CompareF64},
    {OpKind::kGreater, false, CompareF64},
    {OpKind::kGreaterEqual, false, CompareF64},
    {OpKind::kEqual, false, CompareF64},
    {OpKind::kNotEqual, false, CompareF64},
    {OpKind::kReduceMax, false, ReduceF64},
    {OpKind::kReduceMin, false, ReduceF64},
    {OpKind::kArgMax, false, ArgF64},
    {OpKind::kArgMin, false, ArgF64},
};

}  // namespace

Status ExpandForType(const LegalizeSite& site, bool& expanded) {
  expanded = false;
  for (const Row& row : kRows) {
    if (row.kind != site.op().kind) continue;
    if (row.integers_only && !ir::IsInteger(site.In(0))) continue;
    Builder b = site.Before();
    const ValueId value = row.expand(b, site);
    SMELT_RETURN_IF_ERROR(b.status());
    if (!value.valid()) continue;
    expanded = true;
    return site.Replace(b, value);
  }
  return Status::Ok();
}

}  // namespace smelt::passes
