#include "core/import/tflite/region_check.h"

#include <string>
#include <vector>

#include "core/import/tflite/container.h"

namespace smelt::tflite_import {
namespace {

// A region takes and gives what its owner hands on and receives.
Status CheckRegion(const ir::Module& module, ir::GraphId region, std::size_t inputs,
                   std::size_t outputs) {
  const ir::Graph& graph = module.graph(region);
  if (graph.inputs().size() == inputs && graph.outputs().size() == outputs) return Status::Ok();
  return Invalid("subgraph " + std::to_string(region.index) +
                 " does not fit the operator that calls it");
}

Status CheckCalls(const ir::Module& module, const ir::Op& op) {
  const std::size_t inputs = op.operands.size();
  const std::size_t outputs = op.results.size();
  if (op.kind == ir::OpKind::kIf) {
    if (op.regions.size() != 2) return Invalid("IF without two branches");
    for (const ir::GraphId branch : op.regions) {
      SMELT_RETURN_IF_ERROR(CheckRegion(module, branch, inputs - 1, outputs));
    }
  }
  if (op.kind == ir::OpKind::kWhile) {
    if (op.regions.size() != 2 || inputs != outputs) return Invalid("WHILE of another form");
    SMELT_RETURN_IF_ERROR(CheckRegion(module, op.regions[0], inputs, 1));
    SMELT_RETURN_IF_ERROR(CheckRegion(module, op.regions[1], inputs, outputs));
  }
  if (op.kind == ir::OpKind::kStablehloComposite) {
    if (op.regions.size() != 1) return Invalid("STABLEHLO_COMPOSITE without its body");
    SMELT_RETURN_IF_ERROR(CheckRegion(module, op.regions[0], inputs, outputs));
  }
  return Status::Ok();
}

// A composite's body takes and gives the types of the operator, which its runtime hands on.
Status CheckBody(const ir::Module& module, const ir::Graph& graph, const ir::Op& op) {
  if (op.kind != ir::OpKind::kStablehloComposite) return Status::Ok();
  const ir::Graph& body = module.graph(op.regions.front());
  bool fits = true;
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    const ir::ValueId operand = op.operands[i].value;
    fits =
        fits && operand.valid() && ir::MayAgree(graph.type(operand), body.type(body.inputs()[i]));
  }
  const std::vector<ir::ValueId> outputs = body.outputs();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    fits = fits && ir::MayAgree(graph.type(op.results[i]), body.type(outputs[i]));
  }
  if (fits) return Status::Ok();
  return Invalid("subgraph " + std::to_string(op.regions.front().index) +
                 " is of other types than the composite that it defines");
}

// Finds a graph that calls itself, with a stack of its own: calls are as deep as a hostile file
// makes them.
class CycleSearch {
 public:
  explicit CycleSearch(const ir::Module& module)
      : module_(module), state_(module.graph_count(), State::kNew) {}

  Status Run() {
    for (std::uint32_t i = 0; i < module_.graph_count(); ++i) {
      SMELT_RETURN_IF_ERROR(Visit(ir::GraphId{i}));
    }
    return Status::Ok();
  }

 private:
  enum class State : std::uint8_t { kNew, kOpen, kDone };
  struct Frame {
    ir::GraphId graph;
    std::vector<ir::GraphId> calls;  // still to visit
  };

  Status Visit(ir::GraphId root) {
    if (state_[root.index] != State::kNew) return Status::Ok();
    std::vector<Frame> stack;
    stack.push_back(Open(root));
    while (!stack.empty()) {
      if (stack.back().calls.empty()) {
        state_[stack.back().graph.index] = State::kDone;
        stack.pop_back();
        continue;
      }
      const ir::GraphId next = stack.back().calls.back();
      stack.back().calls.pop_back();
      if (state_[next.index] == State::kOpen) {
        return Invalid("subgraph " + std::to_string(next.index) + " calls itself");
      }
      if (state_[next.index] == State::kNew) stack.push_back(Open(next));
    }
    return Status::Ok();
  }

  Frame Open(ir::GraphId id) {
    state_[id.index] = State::kOpen;
    Frame frame{id, {}};
    const ir::Graph& graph = module_.graph(id);
    for (const ir::OpId op : graph) {
      const auto& regions = graph.op(op).regions;
      frame.calls.insert(frame.calls.end(), regions.begin(), regions.end());
    }
    return frame;
  }

  const ir::Module& module_;
  std::vector<State> state_;
};

}  // namespace

Status CheckRegions(const ir::Module& module) {
  SMELT_RETURN_IF_ERROR(CycleSearch(module).Run());
  for (std::uint32_t i = 0; i < module.graph_count(); ++i) {
    const ir::Graph& graph = module.graph(ir::GraphId{i});
    for (const ir::OpId id : graph) {
      SMELT_RETURN_IF_ERROR(CheckCalls(module, graph.op(id)));
      SMELT_RETURN_IF_ERROR(CheckBody(module, graph, graph.op(id)));
    }
  }
  return Status::Ok();
}

}  // namespace smelt::tflite_import
