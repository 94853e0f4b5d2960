#include "core/passes/layout/layout.h"
#include "core/passes/passes.h"

namespace smelt::passes {

Status SolveLayout(PassContext& context) {
  for (std::uint32_t i = 0; i < context.module.graph_count(); ++i) {
    SMELT_ASSIGN_OR_RETURN(const layout::LayoutOutcome outcome,
                           layout::LayOut(context.module, ir::GraphId{i}));
    if (outcome.cost_after < outcome.cost_before) ++context.rewrites;
  }
  return Status::Ok();
}

}  // namespace smelt::passes
