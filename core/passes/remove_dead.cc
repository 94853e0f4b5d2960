// Dead code: operators whose results nobody uses. Unused graphs stay; nobody writes them.
#include <ranges>
#include <vector>

#include "core/passes/passes.h"

namespace smelt::passes {
namespace {

bool IsDead(const ir::Graph& graph, const ir::Op& op) {
  // An operator without results is there for another reason than its results.
  if (op.results.empty()) return false;
  for (const ir::ValueId result : op.results) {
    if (graph.HasUses(result)) return false;
  }
  return true;
}

}  // namespace

Status RemoveDead(PassContext& context) {
  for (std::uint32_t i = 0; i < context.module.graph_count(); ++i) {
    ir::Graph& graph = context.module.graph(ir::GraphId{i});
    std::vector<ir::OpId> order;
    order.reserve(graph.op_count());
    for (const ir::OpId id : graph) order.push_back(id);
    // Users first: erasing one may make its operands' producers dead.
    for (const ir::OpId id : std::views::reverse(order)) {
      if (!IsDead(graph, graph.op(id))) continue;
      graph.Erase(id);
      ++context.rewrites;
    }
  }
  return Status::Ok();
}

}  // namespace smelt::passes
