#include "core/passes/layout/layout.h"

#include "core/passes/layout/causes.h"
#include "core/passes/layout/rewrite.h"
#include "core/passes/layout/solve.h"

namespace smelt::passes::layout {

Result<LayoutOutcome> LayOut(ir::Module& module, ir::GraphId graph) {
  LayoutOutcome outcome;
  Forms forms(module, graph);
  if (forms.views().empty()) return outcome;
  const Choices choices(module, module.graph(graph), forms);
  const Labelling source(choices.nodes().size(), 0);
  const Solution solution = Solve(choices.problem(), source);
  outcome.cost_before = CostOf(choices.problem(), source);
  outcome.cost_after = solution.cost;
  outcome.bounded = solution.bounded;
  Rewriter rewriter(module, graph, forms, choices, solution.labels);
  SMELT_RETURN_IF_ERROR(rewriter.Run());
  for (const Copy& copy : rewriter.copies()) {
    outcome.residuals.push_back({copy.transpose,
                                 forms.tensors()[static_cast<std::size_t>(copy.tensor)],
                                 CauseOf(module.graph(graph), choices, copy)});
  }
  outcome.reordered = rewriter.Reorderings();
  return outcome;
}

}  // namespace smelt::passes::layout
