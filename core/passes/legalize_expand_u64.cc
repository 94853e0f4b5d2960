#include "core/passes/legalize_expand_u64.h"

#include <cstdint>
#include <limits>
#include <span>

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::ValueId;

// Exponents below 2^6. Of larger ones only powers of -1, 0 and 1 fit int64: whether the exponent is
// odd decides.
constexpr int kExponentBits = 6;
constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

ValueId Number(Builder& b, std::int64_t value) {
  return b.Const(
      ir::Constant::FromValues(DType::kI64, {}, std::span<const std::int64_t>(&value, 1)));
}
ValueId TopBit(Builder& b) { return Number(b, std::numeric_limits<std::int64_t>::min()); }

ValueId Remainder(Builder& b, ValueId x, ValueId y) { return b.Emit(OpKind::kFloorMod, {x, y}); }

ValueId Choose(Builder& b, ValueId condition, ValueId then, ValueId otherwise) {
  return b.Emit(OpKind::kSelectV2, {condition, then, otherwise});
}

// (p + q) mod y of remainders by y, whose sum may overflow.
ValueId AddModulo(Builder& b, ValueId p, ValueId q, ValueId y) {
  const ValueId room = b.Sub(y, q);
  const ValueId wraps = b.Emit(OpKind::kGreaterEqual, {p, room});
  return Choose(b, wraps, b.Sub(p, room), b.Add(p, q));
}

// The upper half is the signed number plus 2^64; where the sum rounds, it may round twice.
ValueId ToFloat(Builder& b, ValueId x) {
  const ValueId bits = Reinterpret(b, x, DType::kI64);
  const ValueId number = b.Cast(bits, DType::kF32);
  const ValueId upper = b.Emit(OpKind::kLess, {bits, Number(b, 0)});
  return Choose(b, upper, b.Add(number, b.Scalar(DType::kF32, kTwoTo64)), number);
}

ValueId FromFloat(Builder& b, ValueId x) {
  const ValueId top = b.Scalar(DType::kF32, kTwoTo63);
  const ValueId upper = b.Emit(OpKind::kGreaterEqual, {x, top});
  const ValueId low = b.Cast(Choose(b, upper, b.Sub(x, top), x), DType::kI64);
  return Reinterpret(b, Choose(b, upper, b.Add(low, TopBit(b)), low), DType::kU64);
}

bool IsNarrowFloat(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16;
}

}  // namespace

// With x = 2^64 + s for a negative s, the remainders of 2^64 and of s by a positive y are added. A
// divisor of 2^63 or more goes into x at most once.
ValueId FloorModU64(Builder& b, const LegalizeSite& site) {
  if (site.In(0) != DType::kU64) return {};
  const ValueId dividend = site.op().input(0), divisor = site.op().input(1);
  const ValueId x = Reinterpret(b, dividend, DType::kI64);
  const ValueId y = Reinterpret(b, divisor, DType::kI64);
  const ValueId own = Remainder(b, x, y);
  const ValueId half = Remainder(b, b.Sub(y, Remainder(b, TopBit(b), y)), y);  // of 2^63
  const ValueId upper = AddModulo(b, own, AddModulo(b, half, half, y), y);
  const ValueId zero = Number(b, 0);
  const ValueId small = Choose(b, b.Emit(OpKind::kLess, {x, zero}), upper, own);
  const ValueId fits = b.Emit(OpKind::kGreaterEqual, {b.Add(x, TopBit(b)), b.Add(y, TopBit(b))});
  const ValueId once = Choose(b, fits, b.Sub(x, y), x);
  const ValueId large = b.Emit(OpKind::kLess, {y, zero});
  return Reinterpret(b, Choose(b, large, once, small), DType::kU64);
}

// Casts to and from integers wrap, so the same low bits do.
ValueId CastU64(Builder& b, const LegalizeSite& site) {
  const ValueId x = site.op().input(0);
  const DType from = site.In(0);
  const DType to = site.type(site.op().result()).dtype;
  if (from == DType::kU64 && IsNarrowFloat(to)) return b.Cast(ToFloat(b, x), to);
  if (to == DType::kU64 && IsNarrowFloat(from)) return FromFloat(b, b.Cast(x, DType::kF32));
  if (ir::IsFloat(from) || ir::IsFloat(to)) return {};
  if (from == DType::kU64) return b.Cast(Reinterpret(b, x, DType::kI64), to);
  if (to == DType::kU64) return Reinterpret(b, b.Cast(x, DType::kI64), DType::kU64);
  return {};
}

ValueId PowI64(Builder& b, const LegalizeSite& site) {
  if (site.In(0) != DType::kI64) return {};
  ValueId power = site.op().input(0);
  const ValueId stated = site.op().input(1);
  const ValueId one = Number(b, 1);
  const ValueId odd = Remainder(b, stated, Number(b, 2));
  const ValueId exponent = b.Minimum(stated, b.Add(odd, Number(b, 62)));
  ValueId result;
  for (int bit = 0; bit < kExponentBits; ++bit) {
    const std::int64_t weight = std::int64_t{1} << bit;
    const ValueId rest = Remainder(b, exponent, Number(b, 2 * weight));
    const ValueId set = b.Emit(OpKind::kGreaterEqual, {rest, Number(b, weight)});
    const ValueId factor = Choose(b, set, power, one);
    result = result.valid() ? b.Mul(result, factor) : factor;
    if (bit + 1 < kExponentBits) power = b.Mul(power, power);
  }
  return result;
}

}  // namespace smelt::passes
