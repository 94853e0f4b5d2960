// IF, WHILE and composites: operators whose meaning is another graph.
#include <string>

#include "core/interp/evaluator.h"
#include "core/interp/kernel.h"
#include "core/ir/op_table.h"

namespace smelt::interp {

Result<std::vector<Tensor>> Evaluator::Run(const ir::Graph& graph, const ir::Op& op,
                                           std::span<const Tensor* const> inputs) {
  const bool is_if = op.kind == ir::OpKind::kIf;
  const bool is_while = op.kind == ir::OpKind::kWhile;
  const bool is_composite =
      op.kind == ir::OpKind::kComposite || op.kind == ir::OpKind::kStablehloComposite;
  if (!is_if && !is_while && !is_composite) {
    std::vector<ir::Quant> quants;
    for (const ir::ValueId result : op.results) quants.push_back(graph.value(result).quant);
    return RunKernel(op.kind, op.attrs, inputs, quants);
  }
  if ((is_if || is_while) && op.regions.size() != 2) {
    return {Reason::kInternalError, "control flow without its two regions"};
  }
  std::vector<Tensor> present;
  for (const Tensor* input : inputs) {
    if (input == nullptr) {
      return {Reason::kRuntimeOperatorUnsupported, "an operand of a graph's call is absent"};
    }
    present.push_back(*input);
  }
  if (is_if) return RunIf(op, present);
  return is_while ? RunWhile(op, present) : RunComposite(op, present);
}

// Operands (condition, captures...).
Result<std::vector<Tensor>> Evaluator::RunIf(const ir::Op& op, std::span<const Tensor> inputs) {
  if (inputs.empty() || inputs[0].dtype() != ir::DType::kBool || inputs[0].element_count() != 1) {
    return {Reason::kTypeMismatch, "the condition of IF is not one bool"};
  }
  const bool chosen = inputs[0].values<bool>()[0];
  return RunGraph(op.regions[chosen ? 0 : 1], inputs.subspan(1));
}

Result<bool> Evaluator::RunCondition(ir::GraphId id, std::span<const Tensor> inputs) {
  SMELT_ASSIGN_OR_RETURN(const std::vector<Tensor> results, RunGraph(id, inputs));
  if (results.size() != 1 || results[0].dtype() != ir::DType::kBool ||
      results[0].element_count() != 1) {
    return {Reason::kTypeMismatch, "the condition of WHILE is not one bool"};
  }
  return results[0].values<bool>()[0];
}

// The state goes round; what the body gives is the next state.
Result<std::vector<Tensor>> Evaluator::RunWhile(const ir::Op& op, std::span<const Tensor> inputs) {
  std::vector<Tensor> state(inputs.begin(), inputs.end());
  while (true) {
    if (options_.cancel != nullptr) SMELT_RETURN_IF_ERROR(options_.cancel->Check());
    SMELT_ASSIGN_OR_RETURN(const bool goes_on, RunCondition(op.regions[0], state));
    if (!goes_on) return state;
    SMELT_ASSIGN_OR_RETURN(state, RunGraph(op.regions[1], state));
  }
}

Result<std::vector<Tensor>> Evaluator::RunComposite(const ir::Op& op,
                                                    std::span<const Tensor> inputs) {
  if (op.regions.empty()) {
    return {Reason::kRuntimeOperatorUnsupported,
            "\"" + op.attrs.String("name") + "\" has no body that could be evaluated"};
  }
  return RunGraph(op.regions[0], inputs);
}

}  // namespace smelt::interp
