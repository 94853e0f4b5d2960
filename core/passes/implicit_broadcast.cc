#include "core/passes/implicit_broadcast.h"

#include "core/ir/broadcasting.h"

namespace smelt::passes {
namespace {

using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// What BROADCAST_TO is applied to; invalid when the operand is none.
ValueId BeforeBroadcast(const ir::Graph& graph, ValueId operand) {
  const ir::OpId producer = graph.value(operand).producer;
  if (!producer.valid() || graph.op(producer).kind != OpKind::kBroadcastTo) return {};
  return graph.op(producer).input(0);
}

bool HasSize(const Shape& shape, const Shape& result, int axis) {
  const int own = axis - (result.rank() - shape.rank());
  return own >= 0 && shape.dim(own) == result.dim(axis);
}

}  // namespace

std::optional<int> NeedlessBroadcast(const ir::Graph& graph, const ir::Op& op) {
  if (!ir::BroadcastsOperands(op.kind)) return std::nullopt;
  const Shape& result = graph.type(op.result()).shape;
  for (int k = 0; k < op.input_count(); ++k) {
    const ValueId before = BeforeBroadcast(graph, op.input(k));
    if (!before.valid()) continue;
    bool complete = true;
    for (int axis = 0; axis < result.rank() && complete; ++axis) {
      complete = HasSize(graph.type(before).shape, result, axis);
      for (int other = 0; other < op.input_count() && !complete; ++other) {
        complete = other != k && HasSize(graph.type(op.input(other)).shape, result, axis);
      }
    }
    if (complete) return k;
  }
  return std::nullopt;
}

}  // namespace smelt::passes
