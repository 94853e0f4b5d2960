// Activations into the operator in front of them. Only where they touch: moving one across a
// TRANSPOSE is the layout solver's work.
#include <optional>
#include <string>
#include <string_view>

#include "core/ir/fused_activation.h"
#include "core/passes/passes.h"

namespace smelt::passes {
namespace {

// The operator that can take the activation `op` in; invalid when none can.
ir::OpId FusingProducer(const ir::Graph& graph, const ir::Op& op) {
  const ir::ValueId input = op.input(0);
  const ir::OpId producer = graph.value(input).producer;
  const bool can = graph.HasOneUse(input) && producer.valid() &&
                   ir::CanFuseActivation(graph, graph.op(producer));
  return can ? producer : ir::OpId{};
}

}  // namespace

Status FuseActivation(PassContext& context) {
  for (std::uint32_t i = 0; i < context.module.graph_count(); ++i) {
    ir::Graph& graph = context.module.graph(ir::GraphId{i});
    for (const ir::OpId id : graph) {
      const std::optional<std::string_view> name = ir::FusedActivationName(graph.op(id).kind);
      if (!name.has_value()) continue;
      const ir::OpId producer = FusingProducer(graph, graph.op(id));
      if (!producer.valid()) continue;
      const ir::ValueId before = graph.op(id).input(0);
      const ir::ValueId after = graph.op(id).result();
      graph.op(producer).attrs.Set(ir::kFusedActivation, std::string(*name));
      graph.op(producer).origin =
          context.module.origins().Absorb(graph.op(producer).origin, graph.op(id).origin);
      graph.ReplaceAllUses(after, before);
      graph.value(before).name = graph.value(after).name;  // it holds that value now
      graph.value(before).quant = graph.value(after).quant;
      graph.Erase(id);
      ++context.rewrites;
    }
  }
  return Status::Ok();
}

}  // namespace smelt::passes
