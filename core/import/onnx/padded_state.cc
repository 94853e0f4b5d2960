#include "core/import/onnx/padded_state.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::ValueId;

// What PAD takes as it is, in every runtime.
bool PadsPlainly(const ir::TensorType& type) {
  constexpr DType kTypes[] = {DType::kF32, DType::kI32, DType::kI64, DType::kBool};
  return type.shape.rank() <= 5 && std::ranges::find(kTypes, type.dtype) != std::end(kTypes);
}

// Sizes that come from values (how many boxes were found) are 0 more often than those of inputs.
bool DependsOnValues(const ir::SymbolTable& symbols, Dim dim) {
  const std::vector<std::string> names = symbols.NamesIn(dim);
  return std::ranges::any_of(names, [&](const std::string& name) {
    const ir::DimOrigin* origin = symbols.OriginOf(name);
    return origin == nullptr || origin->input.empty();
  });
}

}  // namespace

PaddedState::PaddedState(const ir::SymbolTable& symbols, const ir::TensorType& first) {
  const bool plain = PadsPlainly(first);
  for (int axis = 0; axis < first.shape.rank(); ++axis) {
    const Dim dim = first.shape.dim(axis);
    if (dim == Dim(0) || (plain && !dim.is_static() && DependsOnValues(symbols, dim))) {
      padded_.push_back(axis);
    }
  }
}

ir::TensorType PaddedState::StateOf(ir::SymbolTable& symbols, ir::TensorType value) const {
  for (const int axis : padded_) {
    Dim& dim = value.shape.dim(axis);
    dim = dim.is_static() ? Dim(dim.value() + 1) : symbols.Fresh("with the loop's padding");
  }
  return value;
}

ValueId PaddedState::Pad(Builder& out, ValueId value) const {
  if (!any() || !out.status().ok()) return value;
  const ir::TensorType type = out.type(value);
  std::vector<std::int32_t> table(static_cast<std::size_t>(2 * type.shape.rank()), 0);
  for (const int axis : padded_) table[static_cast<std::size_t>(2 * axis)] = 1;
  const ValueId operands[] = {value, out.Const(ir::Constant::FromValues<std::int32_t>(
                                         DType::kI32, {type.shape.rank(), 2}, table))};
  return out.EmitTyped(OpKind::kPad, operands, {}, StateOf(out.module().symbols(), type));
}

ValueId PaddedState::Cut(Builder& out, ValueId state, const ir::TensorType& type) const {
  if (!any() || !out.status().ok()) return state;
  const auto rank = static_cast<std::size_t>(type.shape.rank());
  std::vector<std::int32_t> begin(rank, 0);
  for (const int axis : padded_) begin[static_cast<std::size_t>(axis)] = 1;
  const ValueId operands[] = {state, out.ConstI32(begin),
                              out.ConstI32(std::vector<std::int32_t>(rank, -1))};
  return out.EmitTyped(OpKind::kSlice, operands, {}, type);
}

}  // namespace smelt::onnx_import
