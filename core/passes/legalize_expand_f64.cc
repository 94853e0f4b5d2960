#include "core/passes/legalize_expand_f64.h"

#include <cstdint>
#include <limits>
#include <span>

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::ValueId;

ValueId Number(Builder& b, std::int64_t value) {
  return b.Const(
      ir::Constant::FromValues(DType::kI64, {}, std::span<const std::int64_t>(&value, 1)));
}

// Between the bits of doubles and keys in their order, in either direction: positive ones stay,
// negative ones, whose bits count downwards, are mirrored. Both zeros get the key 0.
ValueId Mirror(Builder& b, ValueId bits) {
  const ValueId negative = b.Emit(OpKind::kLess, {bits, Number(b, 0)});
  const ValueId mirrored = b.Sub(Number(b, std::numeric_limits<std::int64_t>::min()), bits);
  return b.Emit(OpKind::kSelectV2, {negative, mirrored, bits});
}

ValueId Keys(Builder& b, ValueId x) { return Mirror(b, Reinterpret(b, x, DType::kI64)); }

ValueId Doubles(Builder& b, ValueId keys) { return Reinterpret(b, Mirror(b, keys), DType::kF64); }

// Keys beyond those of the infinities are NaNs.
ValueId IsNumber(Builder& b, ValueId keys) {
  constexpr std::int64_t kInfinity = 0x7FF0000000000000;
  return b.Emit(OpKind::kLogicalAnd,
                {b.Emit(OpKind::kLessEqual, {keys, Number(b, kInfinity)}),
                 b.Emit(OpKind::kGreaterEqual, {keys, Number(b, -kInfinity)})});
}

}  // namespace

ValueId CompareF64(Builder& b, const LegalizeSite& site) {
  if (site.In(0) != DType::kF64) return {};
  const bool differ = site.op().kind == OpKind::kNotEqual;
  const OpKind kind = differ ? OpKind::kEqual : site.op().kind;
  const ValueId left_operand = site.op().input(0), right_operand = site.op().input(1);
  const ValueId left = Keys(b, left_operand);
  const ValueId right = right_operand == left_operand ? left : Keys(b, right_operand);
  const ValueId ordered = b.Emit(OpKind::kLogicalAnd, {IsNumber(b, left), IsNumber(b, right)});
  const ValueId holds = b.Emit(OpKind::kLogicalAnd, {ordered, b.Emit(kind, {left, right})});
  return differ ? b.Unary(OpKind::kLogicalNot, holds) : holds;
}

ValueId ExtremeF64(Builder& b, const LegalizeSite& site) {
  if (site.In(0) != DType::kF64) return {};
  const OpKind kind = site.op().kind;
  const ValueId left = site.op().input(0), right = site.op().input(1);
  return Doubles(b, b.Emit(kind, {Keys(b, left), Keys(b, right)}));
}

ValueId ReduceF64(Builder& b, const LegalizeSite& site) {
  if (site.In(0) != DType::kF64) return {};
  const OpKind kind = site.op().kind;
  const ir::Attributes attrs = site.op().attrs;
  const ValueId axes = site.op().input(1);
  return Doubles(b, b.Emit(kind, {Keys(b, site.op().input(0)), axes}, attrs));
}

ValueId ArgF64(Builder& b, const LegalizeSite& site) {
  if (site.In(0) != DType::kF64) return {};
  const OpKind kind = site.op().kind;
  const ir::Attributes attrs = site.op().attrs;
  const ValueId axis = site.op().input(1);
  return b.Emit(kind, {Keys(b, site.op().input(0)), axis}, attrs);
}

}  // namespace smelt::passes
