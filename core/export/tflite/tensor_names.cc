#include <deque>
#include <string_view>

#include "core/base/name_map.h"
#include "core/export/tflite/file_plan.h"

namespace smelt::tflite_export {
namespace {

// "conv1" for a node with a name, else "Conv_12"; empty without an origin.
std::string OriginName(const ir::Module& module, ir::OriginId origin) {
  const auto& sources = module.origins().SourcesOf(origin);
  if (sources.empty()) return {};
  // The last node of a rewritten group names its result best.
  const ir::SourceNode& node = module.origins().sources()[sources.back()];
  if (!node.name.empty()) return node.name;
  return node.op_type + "_" + std::to_string(node.index);
}

class TakenNames {
 public:
  explicit TakenNames(std::size_t count) { taken_.reserve(count); }

  // `name` outlives this.
  bool Take(std::string_view name) { return !name.empty() && taken_.insert(name).second; }
  std::string TakeLike(const std::string& stem) {
    if (TakeOwn(stem)) return stem;
    std::uint32_t& next = counters_[stem];
    for (;;) {
      std::string name = stem + "_" + std::to_string(++next);
      if (TakeOwn(name)) return name;
    }
  }

 private:
  bool TakeOwn(const std::string& name) {
    if (taken_.contains(name)) return false;
    return Take(made_.emplace_back(name));
  }

  NameSet taken_;
  std::deque<std::string> made_;
  std::map<std::string, std::uint32_t> counters_;  // so that many equal stems stay linear
};

// What a tensor without a usable name of its own is called before it is made unique.
std::string Stem(const ir::Module& module, const ir::Graph& graph, const ir::Value& value) {
  if (!value.name.empty()) return value.name;
  if (value.is_input) return "input";
  if (value.is_constant()) {
    const std::string user =
        value.first_use.valid() ? OriginName(module, graph.op(value.first_use.op).origin) : "";
    return user.empty() ? "constant" : user + "/constant";
  }
  const std::string node = OriginName(module, graph.op(value.producer).origin);
  return node.empty() ? "tensor" : node;
}

}  // namespace

void NameTensors(const ir::Module& module, SubgraphPlan& subgraph) {
  const ir::Graph& graph = module.graph(subgraph.graph);
  TakenNames names(subgraph.tensors.size());
  const auto tensor_of = [&](ir::ValueId value) -> TensorPlan& {
    return subgraph.tensors[static_cast<std::size_t>(subgraph.tensor_of_value[value.index])];
  };
  // Inputs and outputs have the first claim on their names, in this order.
  for (const ir::Signature& signature : module.signatures) {
    if (signature.graph != subgraph.graph) continue;
    const auto claim = [&](const std::vector<ir::ValueId>& values,
                           const std::vector<std::string>& source_names) {
      for (std::size_t i = 0; i < values.size() && i < source_names.size(); ++i) {
        TensorPlan& tensor = tensor_of(values[i]);
        // Also where the tensor has another name already: nothing else may be called like this.
        const bool is_free = names.Take(source_names[i]);
        if (tensor.name.empty() && is_free) tensor.name = source_names[i];
      }
    };
    claim(graph.inputs(), signature.input_names);
    claim(graph.outputs(), signature.output_names);
  }
  for (TensorPlan& tensor : subgraph.tensors) {
    const std::string& own = graph.value(tensor.value).name;
    if (tensor.name.empty() && names.Take(own)) tensor.name = own;
  }
  for (TensorPlan& tensor : subgraph.tensors) {
    if (tensor.name.empty()) {
      tensor.name = names.TakeLike(Stem(module, graph, graph.value(tensor.value)));
    }
  }
}

}  // namespace smelt::tflite_export
