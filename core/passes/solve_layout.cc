#include <utility>

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

}  // namespace

Status SolveLayout(PassContext& context) {
  for (std::uint32_t i = 0; i < context.module.graph_count(); ++i) {
    const ir::GraphId id{i};
    SMELT_ASSIGN_OR_RETURN(const layout::LayoutOutcome outcome, layout::LayOut(context.module, id));
    if (outcome.cost_after < outcome.cost_before) ++context.rewrites;
    if (context.options.stored_orders != nullptr && id == context.module.main_id()) {
      for (const layout::StoredOrder& one : outcome.reordered) {
        (*context.options.stored_orders)[context.module.graph(id).value(one.value).name] = one.axes;
      }
    }
    for (const layout::ResidualTranspose& residual : outcome.residuals) {
      Explain(context, context.module.graph(id), residual);
    }
  }
  return Status::Ok();
}

}  // namespace smelt::passes
