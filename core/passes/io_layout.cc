#include "core/passes/io_layout.h"

#include <algorithm>
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

// The place of `name` among the names of the entry point's inputs or outputs.
Result<std::size_t> Find(const std::vector<std::string>& names, const std::string& name,
                         const char* what) {
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::string known;
  for (const std::string& one : names) known += (known.empty() ? "" : ", ") + one;
  return Status(Reason::kInvalidArgument,
                std::string("no ") + what + " is called \"" + name + "\"; there is " + known);
}

Status CheckRank(const ir::Module& module, const ir::TensorType& type, const std::string& name) {
  const int rank = type.shape.rank();
  if (rank >= 3 && rank <= 5) return Status::Ok();
  return Status(Reason::kInvalidArgument, "\"" + name + "\" is " + module.symbols().Text(type) +
                                              "; channels can be last for ranks 3 to 5");
}

Status FeedLast(ir::Module& module, ir::GraphId id, ValueId input, const std::string& name) {
  ir::Graph& graph = module.graph(id);
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
  if (module.signatures.empty()) return Status::Ok();
  const ir::Signature& signature = module.signatures.front();
  for (const std::string& name : inputs) {
    SMELT_ASSIGN_OR_RETURN(const std::size_t place, Find(signature.input_names, name, "input"));
    const ValueId input = module.graph(signature.graph).inputs()[place];
    SMELT_RETURN_IF_ERROR(FeedLast(module, signature.graph, input, name));
  }
  for (const std::string& name : outputs) {
    SMELT_ASSIGN_OR_RETURN(const std::size_t place, Find(signature.output_names, name, "output"));
    SMELT_RETURN_IF_ERROR(ReadLast(module, signature.graph, place, name));
  }
  return Status::Ok();
}

}  // namespace smelt::passes
