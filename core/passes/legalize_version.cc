#include "core/passes/legalize_version.h"

#include <utility>
#include <vector>

#include "core/passes/legalize_core_ops.h"

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpKind;
using ir::ValueId;

// Emits the replacement; an invalid id says that there is none.
using Expansion = ValueId (*)(Builder&, const LegalizeSite&);

ValueId Relu0To1(Builder& b, const LegalizeSite& site) {
  const DType dtype = site.In(0);
  return b.Minimum(b.Maximum(site.op().input(0), b.Scalar(dtype, 0)), b.Scalar(dtype, 1));
}

// x / 2 * (1 + erf(x / sqrt(2))), or its approximation by tanh, which is another function.
ValueId Gelu(Builder& b, const LegalizeSite& site) {
  const bool approximate = site.op().attrs.Bool("approximate");
  const DType dtype = site.In(0);
  const ValueId x = b.Cast(site.op().input(0), DType::kF32);
  const auto number = [&](double value) { return b.Scalar(DType::kF32, value); };
  ValueId gate;
  if (approximate) {
    const ValueId cube = b.Mul(b.Mul(x, x), x);
    const ValueId inner = b.Add(x, b.Mul(cube, number(0.044715)));
    gate = b.Unary(OpKind::kTanh, b.Mul(inner, number(0.7978845608028654)));
  } else {
    gate = EmitErf(b, b.Mul(x, number(0.7071067811865476)));
  }
  return b.Cast(b.Mul(b.Mul(x, number(0.5)), b.Add(gate, number(1))), dtype);
}

// Zero and NaN stay what they are.
ValueId Sign(Builder& b, const LegalizeSite& site) {
  const ValueId x = site.op().input(0);
  const DType dtype = site.In(0);
  const ValueId zero = b.Scalar(dtype, 0);
  const ValueId below =
      b.Emit(OpKind::kSelectV2, {b.Emit(OpKind::kLess, {x, zero}), b.Scalar(dtype, -1), x});
  return b.Emit(OpKind::kSelectV2,
                {b.Emit(OpKind::kGreater, {x, zero}), b.Scalar(dtype, 1), below});
}

// Times ones of the wanted shape: exact for all numbers.
ValueId BroadcastTo(Builder& b, const LegalizeSite& site) {
  const ValueId x = site.op().input(0);
  const ValueId shape = site.op().input(1);
  const DType dtype = site.In(0);
  if (dtype == DType::kBool) {
    const ValueId none = b.Emit(OpKind::kFill, {shape, b.Scalar(dtype, 0)});
    return b.Emit(OpKind::kLogicalOr, {x, none});
  }
  return b.Mul(x, b.Emit(OpKind::kFill, {shape, b.Scalar(dtype, 1)}));
}

constexpr std::pair<OpKind, Expansion> kExpansions[] = {
    {OpKind::kBroadcastTo, BroadcastTo},
    {OpKind::kGelu, Gelu},
    {OpKind::kRelu0To1, Relu0To1},
    {OpKind::kSign, Sign},
};

bool Carries(std::uint32_t mask, std::size_t index) {
  return mask == ir::kEvery || (index < 32 && (mask >> index & 1U) != 0);
}

}  // namespace

Status ExpandForVersion(const LegalizeSite& site, bool& expanded) {
  expanded = false;
  for (const auto& [kind, expand] : kExpansions) {
    if (kind != site.op().kind) continue;
    Builder b = site.Before();
    const ValueId value = expand(b, site);
    expanded = true;
    return site.Replace(b, value);
  }
  return Status::Ok();
}

target::TypeSet TypesWithinVersion(const LegalizeSite& site, const ir::DataOperands& data,
                                   const target::OperatorSupport& support) {
  ir::Graph& graph = site.graph();
  std::vector<std::pair<ValueId, DType>> carried;
  const auto add = [&](ValueId value, std::uint32_t mask, std::size_t index) {
    if (value.valid() && Carries(mask, index)) carried.emplace_back(value, site.type(value).dtype);
  };
  for (std::size_t i = 0; i < site.op().operands.size(); ++i) {
    add(site.op().operands[i].value, data.operands, i);
  }
  for (std::size_t i = 0; i < site.op().results.size(); ++i) {
    add(site.op().results[i], data.results, i);
  }
  // Asked of the operator itself, as if it worked in each type.
  target::TypeSet within = 0;
  for (int i = 0; i < ir::kDTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    if ((support.types & target::Bit(dtype)) == 0) continue;
    for (const auto& [value, own] : carried) graph.value(value).type.dtype = dtype;
    const int version = site.context.options.operator_version(graph, site.op());
    if (version <= support.max_version) within |= target::Bit(dtype);
  }
  for (const auto& [value, own] : carried) graph.value(value).type.dtype = own;
  return within;
}

}  // namespace smelt::passes
