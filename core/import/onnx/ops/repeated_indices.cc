#include "core/import/onnx/ops/repeated_indices.h"

#include <algorithm>
#include <cstddef>

#include "core/ir/constant.h"

namespace smelt::onnx_import {
namespace {

using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// What an operator broadcasts to `value`; invalid when none does. A selection between one tensor
// and itself broadcasts it to a computed shape.
ValueId BroadcastFrom(const ir::Graph& graph, ValueId value) {
  if (!graph.value(value).producer.valid()) return {};
  const ir::Op& op = graph.op(graph.value(value).producer);
  if (op.kind == OpKind::kBroadcastTo) return op.input(0);
  if (op.kind == OpKind::kSelectV2 && op.input(1) == op.input(2)) return op.input(1);
  return {};
}

// The same for operators that keep all elements one number when they are.
ValueId SpreadFrom(const ir::Graph& graph, ValueId value) {
  if (!graph.value(value).producer.valid()) return {};
  const ir::Op& op = graph.op(graph.value(value).producer);
  switch (op.kind) {
    case OpKind::kExpandDims:
    case OpKind::kReshape:
    case OpKind::kSqueeze:
    case OpKind::kTile:
      return op.input(0);
    case OpKind::kFill:
      return op.input(1);
    default:
      return BroadcastFrom(graph, value);
  }
}

}  // namespace

std::optional<std::int64_t> OneInteger(const ir::Graph& graph, ValueId indices) {
  while (graph.constant(indices) == nullptr) {
    indices = SpreadFrom(graph, indices);
    if (!indices.valid()) return std::nullopt;
  }
  const ir::Constant& constant = *graph.constant(indices);
  if (constant.element_count() == 0 || !constant.IsSplat()) return std::nullopt;
  std::int64_t number = 0;
  constant.Cast(ir::DType::kI64).Read(0, 1, reinterpret_cast<std::byte*>(&number));
  return number;
}

std::optional<ValueId> RepeatedRows(const ir::Graph& graph, ValueId indices, Dim count) {
  const int rank = graph.type(indices).shape.rank();
  for (ValueId from = BroadcastFrom(graph, indices); from.valid();
       from = BroadcastFrom(graph, from)) {
    const Shape& shape = graph.type(from).shape;
    const bool is_column =
        shape.rank() == rank && shape.dim(0) == count &&
        std::all_of(shape.begin() + 1, shape.end(), [](Dim dim) { return dim == Dim(1); });
    if (is_column) return from;
  }
  return std::nullopt;
}

}  // namespace smelt::onnx_import
