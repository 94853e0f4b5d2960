#include "core/passes/layout/layout.h"

#include <memory>

#include "core/passes/layout/causes.h"
#include "core/passes/layout/rewrite.h"
#include "core/passes/layout/solve.h"

namespace smelt::passes::layout {

namespace {

// The forms of the graph. Where splits are in each other's way the tensor starts afresh, once.
Result<std::unique_ptr<Forms>> FormsOf(ir::Module& module, ir::GraphId graph) {
  auto forms = std::make_unique<Forms>(module, graph);
  if (forms->stuck().empty()) return forms;
  for (const ir::OpId id : forms->stuck()) {
    const ir::Op& op = module.graph(graph).op(id);
    const ir::ValueId operand = op.input(0);
    ir::Builder builder(module, graph, op.origin, id);
    const ir::ValueId copy = CopyOf(builder, operand);
    SMELT_RETURN_IF_ERROR(builder.status());
    module.graph(graph).SetOperand({id, 0}, copy);
  }
  return std::make_unique<Forms>(module, graph);
}

}  // namespace

Result<LayoutOutcome> LayOut(ir::Module& module, ir::GraphId graph, const LayoutOptions& options) {
  LayoutOutcome outcome;
  SMELT_ASSIGN_OR_RETURN(const std::unique_ptr<Forms> made, FormsOf(module, graph));
  Forms& forms = *made;
  if (forms.views().empty()) return outcome;
  const Choices choices(module, module.graph(graph), forms);
  const Labelling source(choices.nodes().size(), 0);
  const Solution solution = Solve(choices.problem(), source);
  outcome.cost_before = CostOf(choices.problem(), source);
  outcome.cost_after = solution.cost;
  outcome.bounded = solution.bounded;
  Rewriter rewriter(module, graph, forms, choices, solution.labels, options);
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
