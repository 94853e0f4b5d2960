#include "core/passes/layout/causes.h"

#include "core/ir/op_table.h"

namespace smelt::passes::layout {
namespace {

// What ties one side to its order; empty when the solver chose it.
std::string Tie(const ir::Graph& graph, const Choice& choice) {
  const std::string name(ir::GetOpInfo(graph.op(choice.op).kind).name);
  switch (choice.relation->freedom) {
    case Freedom::kSource:
      return name + " works in one order of axes only";
    case Freedom::kLastStays:
      return name + " works on the last axis";
    case Freedom::kChannels:
      return name + " wants its channels last";
    case Freedom::kMatrix:
      return name + " takes its rows or batches first";
    case Freedom::kAny:
      return "";
  }
  return "";
}

}  // namespace

std::string CauseOf(const ir::Graph& graph, const Choices& choices, const Copy& copy) {
  const auto maker = static_cast<std::size_t>(choices.producer(copy.tensor));
  const std::vector<Choice>& nodes = choices.nodes();
  const std::string made =
      maker == 0 ? "the graph's input keeps the source's order of axes" : Tie(graph, nodes[maker]);
  const std::string read = copy.reader + 1 == nodes.size()
                               ? "the graph's output keeps the source's order of axes"
                               : Tie(graph, nodes[copy.reader]);
  if (made.empty() && read.empty()) return "its readers need different orders of axes";
  if (made.empty() || read.empty()) return made + read;
  return made + "; " + read;
}

}  // namespace smelt::passes::layout
