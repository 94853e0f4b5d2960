// The obvious simplifications: data movement that moves nothing, and that of constants; arithmetic
// with a neutral constant; broadcasts in front of operators that broadcast.
#include <optional>
#include <utility>
#include <vector>

#include "core/ir/element_cast.h"
#include "core/passes/implicit_broadcast.h"
#include "core/passes/neutral_operand.h"
#include "core/passes/passes.h"

namespace smelt::passes {
namespace {

using ir::Constant;
using ir::OpId;
using ir::OpKind;
using ir::ValueId;

bool MovesData(OpKind kind) {
  return kind == OpKind::kTranspose || kind == OpKind::kReshape || kind == OpKind::kSqueeze ||
         kind == OpKind::kExpandDims || kind == OpKind::kCast || kind == OpKind::kSlice ||
         kind == OpKind::kTile || kind == OpKind::kBroadcastTo;
}

// The permutation of a TRANSPOSE as non-negative axes; nothing when it is computed.
std::optional<std::vector<int>> PermutationOf(const ir::Graph& graph, const ir::Op& op) {
  const Constant* operand = graph.constant(op.input(1));
  const auto values = operand != nullptr ? operand->AsInts() : std::nullopt;
  if (!values.has_value()) return std::nullopt;
  std::vector<int> permutation;
  for (const std::int64_t axis : *values) {
    const auto normal = ir::NormalizeAxis(axis, static_cast<int>(values->size()));
    if (!normal.has_value()) return std::nullopt;
    permutation.push_back(*normal);
  }
  return permutation;
}

// True when the result is the operand, element for element.
bool ChangesNothing(const ir::Graph& graph, const ir::Op& op) {
  if (!(graph.type(op.input(0)) == graph.type(op.result()))) return false;
  if (op.kind != OpKind::kTranspose) return true;
  const auto permutation = PermutationOf(graph, op);
  if (!permutation.has_value()) return false;
  for (std::size_t i = 0; i < permutation->size(); ++i) {
    if ((*permutation)[i] != static_cast<int>(i)) return false;
  }
  return true;
}

// The result of data movement on a constant, as a view of it.
std::optional<Constant> Viewed(const ir::Graph& graph, const ir::Op& op) {
  const Constant* from = graph.constant(op.input(0));
  if (from == nullptr) return std::nullopt;
  const ir::TensorType& to = graph.type(op.result());
  if (op.kind == OpKind::kTranspose) {
    const auto permutation = PermutationOf(graph, op);
    return permutation.has_value() ? std::optional(from->Transposed(*permutation)) : std::nullopt;
  }
  if (op.kind == OpKind::kCast) {
    if (!ir::IsNumeric(from->dtype()) || !ir::IsNumeric(to.dtype)) return std::nullopt;
    return from->Cast(to.dtype);
  }
  const bool keeps_order =
      op.kind == OpKind::kReshape || op.kind == OpKind::kSqueeze || op.kind == OpKind::kExpandDims;
  if (!keeps_order || to.shape.ElementCount() != from->element_count()) return std::nullopt;
  return from->Reshaped(to.shape.Sizes());
}

// A graph's result keeps a tensor of its own: not an input, not a constant, not another result.
bool MayStandFor(const ir::Graph& graph, ValueId value, ValueId result) {
  const auto is_returned = [&graph](ValueId id) {
    for (const ir::Use use : graph.UsesOf(id)) {
      if (use.op == graph.return_op()) return true;
    }
    return false;
  };
  if (!is_returned(result)) return true;
  return graph.value(value).producer.valid() && !is_returned(value);
}

class Canonicalizer {
 public:
  Canonicalizer(PassContext& context, ir::Graph& graph) : context_(context), graph_(graph) {}

  void Run() {
    for (const OpId id : graph_) {
      while (const auto operand = NeedlessBroadcast(graph_, graph_.op(id))) {
        SkipBroadcast(id, *operand);
      }
      const ir::Op& op = graph_.op(id);
      if (const auto stays = OperandThatStays(graph_, op)) {
        const ValueId value = op.input(*stays);
        if (!graph_.value(value).is_constant() && MayStandFor(graph_, value, op.result())) {
          StepAside(id, value);
        }
        continue;
      }
      if (!MovesData(op.kind)) continue;
      if (auto view = Viewed(graph_, op)) {
        BecomeConstant(id, *std::move(view));
      } else if (ChangesNothing(graph_, op) && MayStandFor(graph_, op.input(0), op.result())) {
        StepAside(id, op.input(0));
      }
    }
  }

 private:
  // What computed the value is gone: its users stand for it.
  void BecomeConstant(OpId id, Constant constant) {
    const ValueId result = graph_.op(id).result();
    for (const ir::Use use : graph_.UsesOf(result)) {
      if (use.op != graph_.return_op()) MergeOrigin(use.op, id);
    }
    graph_.MakeConstant(result, std::move(constant));
    graph_.Erase(id);
    ++context_.rewrites;
  }

  // The operand `before` stands for the result.
  void StepAside(OpId id, ValueId before) {
    const ValueId after = graph_.op(id).result();
    const OpId producer = graph_.value(before).producer;
    if (producer.valid()) {
      MergeOrigin(producer, id);
      if (!graph_.value(after).name.empty()) graph_.value(before).name = graph_.value(after).name;
    } else {
      for (const ir::Use use : graph_.UsesOf(after)) MergeOrigin(use.op, id);
    }
    graph_.ReplaceAllUses(after, before);
    graph_.Erase(id);
    ++context_.rewrites;
  }

  // The operand becomes what was broadcast.
  void SkipBroadcast(OpId id, int operand) {
    const OpId broadcast = graph_.value(graph_.op(id).input(operand)).producer;
    MergeOrigin(id, broadcast);
    graph_.SetOperand({id, static_cast<std::uint32_t>(operand)}, graph_.op(broadcast).input(0));
    if (!graph_.HasUses(graph_.op(broadcast).result())) graph_.Erase(broadcast);
    ++context_.rewrites;
  }

  void MergeOrigin(OpId into, OpId from) {
    graph_.op(into).origin =
        context_.module.origins().Merge(graph_.op(into).origin, graph_.op(from).origin);
  }

  PassContext& context_;
  ir::Graph& graph_;
};

}  // namespace

Status Canonicalize(PassContext& context) {
  for (std::uint32_t i = 0; i < context.module.graph_count(); ++i) {
    Canonicalizer(context, context.module.graph(ir::GraphId{i})).Run();
  }
  return Status::Ok();
}

}  // namespace smelt::passes
