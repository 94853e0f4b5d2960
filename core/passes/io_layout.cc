#include "core/passes/io_layout.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/ir/builder.h"

namespace smelt::passes {
namespace {

using ir::ValueId;

std::vector<int> ToLast(int rank) {
  std::vector<int> permutation = {0};
  for (int axis = 2; axis < rank; ++axis) permutation.push_back(axis);
  permutation.push_back(1);
  return permutation;
}

std::vector<int> FromLast(int rank) {
  std::vector<int> permutation = {0, rank - 1};
  for (int axis = 1; axis < rank - 1; ++axis) permutation.push_back(axis);
  return permutation;
}

using NamesOf = std::vector<std::string> ir::Signature::*;
using Change = Status (*)(ir::Module& module, ir::GraphId id, std::size_t place,
                          const std::string& name);

// Makes the change where a signature has that name.
Status ChangeEach(ir::Module& module, const std::set<std::string>& wanted, NamesOf names_of,
                  const char* what, Change change) {
  for (const std::string& name : wanted) {
    bool is_known = false;
    for (const ir::Signature& signature : module.signatures) {
      const std::vector<std::string>& names = signature.*names_of;
      const auto found = std::ranges::find(names, name);
      if (found == names.end()) continue;
      is_known = true;
      SMELT_RETURN_IF_ERROR(
          change(module, signature.graph, static_cast<std::size_t>(found - names.begin()), name));
    }
    if (is_known) continue;
    std::set<std::string_view> all;
    std::string known;
    for (const ir::Signature& signature : module.signatures) {
      for (const std::string& one : signature.*names_of) {
        if (all.insert(one).second) known += (known.empty() ? "" : ", ") + one;
      }
    }
    return Status(Reason::kInvalidArgument,
                  std::string("no ") + what + " is called \"" + name + "\"; there is " + known);
  }
  return Status::Ok();
}

Status CheckRank(const ir::Module& module, const ir::TensorType& type, const std::string& name) {
  const int rank = type.shape.rank();
  if (rank >= 3 && rank <= 5) return Status::Ok();
  return Status(Reason::kInvalidArgument, "\"" + name + "\" is " + module.symbols().Text(type) +
                                              "; channels can be last for ranks 3 to 5");
}

Status FeedLast(ir::Module& module, ir::GraphId id, std::size_t place, const std::string& name) {
  ir::Graph& graph = module.graph(id);
  const ValueId input = graph.inputs()[place];
  SMELT_RETURN_IF_ERROR(CheckRank(module, graph.type(input), name));
  const std::vector<ir::Use> uses = graph.UsesOf(input);
  const int rank = graph.type(input).shape.rank();
  ir::Shape shape;
  for (const int axis : ToLast(rank)) shape.push_back(graph.type(input).shape.dim(axis));
  graph.value(input).type.shape = shape;
  if (uses.empty()) return Status::Ok();
  const bool is_returned = uses.front().op == graph.return_op();
  ir::Builder builder(module, id, is_returned ? ir::kNoOrigin : graph.op(uses.front().op).origin,
                      graph.first());
  const ValueId source = builder.Transpose(input, FromLast(rank));
  SMELT_RETURN_IF_ERROR(builder.status());
  for (const ir::Use use : uses) graph.SetOperand(use, source);
  return Status::Ok();
}

Status ReadLast(ir::Module& module, ir::GraphId id, std::size_t place, const std::string& name) {
  ir::Graph& graph = module.graph(id);
  std::vector<ValueId> outputs = graph.outputs();
  const ValueId source = outputs[place];
  SMELT_RETURN_IF_ERROR(CheckRank(module, graph.type(source), name));
  const ir::OpId maker = graph.value(source).producer;
  ir::Builder builder(module, id, maker.valid() ? graph.op(maker).origin : ir::kNoOrigin);
  outputs[place] = builder.Transpose(source, ToLast(graph.type(source).shape.rank()));
  SMELT_RETURN_IF_ERROR(builder.status());
  graph.value(outputs[place]).name = graph.value(source).name;
  graph.SetOutputs(outputs);
  return Status::Ok();
}

}  // namespace

Status MakeChannelsLast(ir::Module& module, const std::set<std::string>& inputs,
                        const std::set<std::string>& outputs) {
  SMELT_RETURN_IF_ERROR(ChangeEach(module, inputs, &ir::Signature::input_names, "input", FeedLast));
  return ChangeEach(module, outputs, &ir::Signature::output_names, "output", ReadLast);
}

}  // namespace smelt::passes
