#include <algorithm>
#include <utility>
#include <vector>

#include "core/passes/layout/layout.h"
#include "core/passes/passes.h"

namespace smelt::passes {
namespace {

// One note a TRANSPOSE that is left: what it costs, and why it is there.
void Explain(PassContext& context, const ir::Graph& graph,
             const layout::ResidualTranspose& residual) {
  const ir::OriginTable& origins = context.module.origins();
  ir::Diagnostic note;
  note.severity = ir::Severity::kNote;
  note.reason = Reason::kTransposeLeft;
  note.stage = "layout";
  const auto& sources = origins.SourcesOf(graph.op(residual.transpose).origin);
  if (!sources.empty()) note.node = origins.sources()[sources.front()];
  note.tensor = graph.value(residual.tensor).name;
  note.tensor_type = context.module.symbols().Text(graph.type(residual.tensor));
  note.message = "TRANSPOSE of " + note.tensor_type + ": " + residual.cause;
  context.diagnostics.push_back(std::move(note));
}

// Of a graph that is no signature's, nothing.
void NoteOrders(const PassContext& context, ir::GraphId id, const layout::LayoutOutcome& outcome) {
  const auto& signatures = context.module.signatures;
  const auto found = std::ranges::find(signatures, id, &ir::Signature::graph);
  if (found == signatures.end()) return;
  std::vector<StoredOrders>& orders = *context.options.stored_orders;
  orders.resize(signatures.size());
  StoredOrders& noted = orders[static_cast<std::size_t>(found - signatures.begin())];
  for (const layout::StoredOrder& one : outcome.reordered) {
    noted[context.module.graph(id).value(one.value).name] = one.axes;
  }
}

}  // namespace

Status SolveLayout(PassContext& context) {
  const layout::LayoutOptions options{context.options.stored_orders != nullptr};
  for (std::uint32_t i = 0; i < context.module.graph_count(); ++i) {
    const ir::GraphId id{i};
    SMELT_ASSIGN_OR_RETURN(const layout::LayoutOutcome outcome,
                           layout::LayOut(context.module, id, options));
    if (outcome.cost_after < outcome.cost_before) ++context.rewrites;
    if (options.tell_reordered) NoteOrders(context, id, outcome);
    for (const layout::ResidualTranspose& residual : outcome.residuals) {
      Explain(context, context.module.graph(id), residual);
    }
  }
  return Status::Ok();
}

}  // namespace smelt::passes
