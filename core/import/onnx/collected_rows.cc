#include "core/import/onnx/collected_rows.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/ir/runtime_dims.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

ValueId Joined(Builder& out, std::span<const ValueId> parts) {
  return out.Emit(OpKind::kConcatenation, parts,
                  {{"axis", std::int64_t{0}}, {"fused_activation_function", std::string("NONE")}});
}

// An i64 scalar as i32[1].
ValueId Entry(Builder& out, ValueId number) {
  return out.Reshape(out.Cast(number, DType::kI32), Shape{1});
}

std::vector<std::int32_t> Narrow(const Shape& shape) {
  std::vector<std::int32_t> sizes;
  for (const std::int64_t size : shape.Sizes()) sizes.push_back(static_cast<std::int32_t>(size));
  return sizes;
}

}  // namespace

CollectedRows::CollectedRows(ir::SymbolTable& symbols, ir::TensorType row,
                             std::optional<std::int64_t> rounds)
    : row_(std::move(row)), rounds_(rounds) {
  in_place_ = rounds_ && *rounds_ > 0 && row_.shape.IsStatic();
  if (in_place_) {
    types_ = {{row_.dtype, Stacked(*rounds_)}};
    return;
  }
  types_ = {{row_.dtype, Shape{symbols.Fresh("elements collected")}}};
  if (!row_.shape.IsStatic()) types_.push_back({DType::kI32, Shape{row_.shape.rank()}});
}

Shape CollectedRows::Stacked(Dim rows) const {
  Shape shape{rows};
  for (const Dim dim : row_.shape) shape.push_back(dim);
  return shape;
}

// The row's shape, with dimensions that only the loop's body has replaced.
Shape CollectedRows::KnownOutside(ir::SymbolTable& symbols) const {
  Shape shape = row_.shape;
  for (Dim& dim : shape.dims()) {
    if (dim.is_static()) continue;
    const std::vector<std::string> names = symbols.NamesIn(dim);
    const bool of_inputs = std::ranges::all_of(names, [&](const std::string& name) {
      const ir::DimOrigin* origin = symbols.OriginOf(name);
      return origin != nullptr && !origin->input.empty();
    });
    if (!of_inputs) dim = symbols.Fresh("of a row collected");
  }
  return shape;
}

std::vector<ValueId> CollectedRows::Begin(Builder& out) const {
  const ValueId zero = out.Scalar(row_.dtype, 0);
  if (in_place_) {
    return {out.Emit(OpKind::kFill, {out.ConstI32(Narrow(types_[0].shape)), zero})};
  }
  std::vector<ValueId> state = {out.Reshape(zero, Shape{1})};
  if (types_.size() == 1) return state;
  // Without any round the row's shape is what can be told of it before.
  ir::RuntimeDims dims(out, state[0]);
  std::vector<ValueId> sizes;
  for (const Dim dim : row_.shape) {
    sizes.push_back(dims.Knows(dim) ? dims.Emit(dim) : out.ConstI32({0}));
  }
  state.push_back(sizes.size() == 1 ? sizes[0] : Joined(out, sizes));
  return state;
}

std::vector<ValueId> CollectedRows::Next(Builder& out, std::span<const ValueId> state,
                                         ValueId index, ValueId row) const {
  if (in_place_) {
    std::vector<ValueId> at = {Entry(out, index)};
    if (row_.shape.rank() > 0) {
      at.push_back(
          out.ConstI32(std::vector<std::int32_t>(static_cast<std::size_t>(row_.shape.rank()), 0)));
    }
    const ValueId start = at.size() == 1 ? at[0] : Joined(out, at);
    return {out.Emit(OpKind::kDynamicUpdateSlice, {state[0], out.Reshape(row, Stacked(1)), start})};
  }
  const ValueId flat = out.Reshape(row, Shape{out.module().symbols().Product(row_.shape)});
  const ValueId parts[] = {state[0], flat};
  std::vector<ValueId> next = {
      out.EmitTyped(OpKind::kConcatenation, parts,
                    {{"axis", std::int64_t{0}}, {"fused_activation_function", std::string("NONE")}},
                    {row_.dtype, Shape{out.module().symbols().Fresh("elements collected")}})};
  if (types_.size() > 1) {
    next.push_back(out.Emit(OpKind::kShape, {row}, {{"out_type", std::string("i32")}}));
  }
  return next;
}

ValueId CollectedRows::Finish(Builder& out, std::span<const ValueId> state, ValueId done) const {
  if (in_place_) return state[0];
  ir::SymbolTable& symbols = out.module().symbols();
  const ValueId cut[] = {state[0], out.ConstI32({1}), out.ConstI32({-1})};
  const ValueId elements = out.EmitTyped(OpKind::kSlice, cut, {},
                                         {row_.dtype, Shape{symbols.Fresh("elements collected")}});
  std::vector<ValueId> sizes = {Entry(out, done)};
  if (types_.size() > 1) {
    sizes.push_back(state[1]);
  } else if (row_.shape.rank() > 0) {
    sizes.push_back(out.ConstI32(Narrow(row_.shape)));
  }
  ir::TensorType type{row_.dtype,
                      Shape{rounds_ ? Dim(*rounds_) : symbols.Fresh("rounds of the loop")}};
  for (const Dim dim : KnownOutside(symbols)) type.shape.push_back(dim);
  const ValueId operands[] = {elements, sizes.size() == 1 ? sizes[0] : Joined(out, sizes)};
  return out.EmitTyped(OpKind::kReshape, operands, {}, std::move(type));
}

}  // namespace smelt::onnx_import
