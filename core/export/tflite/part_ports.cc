#include "core/export/tflite/part_ports.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

namespace smelt::tflite_export {
namespace {

// Costs what the units have operands and results; the part of the first unit, once a plan, also the
// model's inputs and outputs.
class Ports {
 public:
  Ports(const ir::Module& module, const SplitGraph& graph, const std::vector<std::uint32_t>& units)
      : signature_(module.signatures[0]),
        graph_(module.graph(signature_.graph)),
        split_(graph),
        has_first_(!units.empty() && units.front() == 0) {
    plan_.indices = units;
    std::set<ir::OpId> dequantized;
    for (const std::uint32_t unit : units) {
      const SplitGraph::Unit& own = graph.units[unit];
      for (const ir::OpId op : own.dequantized) {
        if (dequantized.insert(op).second) plan_.ops.push_back(op);
      }
      plan_.ops.push_back(own.op);
      used_.insert(used_.end(), own.operands.begin(), own.operands.end());
      made_.insert(made_.end(), own.results.begin(), own.results.end());
    }
    std::ranges::sort(used_);
    used_.erase(std::unique(used_.begin(), used_.end()), used_.end());
    std::ranges::sort(made_);
  }

  PartPlan Run() {
    AddWholeInputs();
    AddWholeOutputs();
    for (const std::uint32_t i : used_) {
      const SplitGraph::Tensor& tensor = split_.tensors[i];
      if (tensor.producer < 0 || std::ranges::binary_search(made_, i)) continue;
      plan_.inputs.push_back({split_.names[tensor.value.index], tensor.value});
    }
    for (const std::uint32_t i : made_) {
      const SplitGraph::Tensor& tensor = split_.tensors[i];
      if (Leaves(tensor)) AddOutput(tensor);
    }
    return std::move(plan_);
  }

 private:
  // The tensors of the model's inputs come first, in its order.
  void AddWholeInputs() {
    std::vector<std::uint32_t> places;
    for (const std::uint32_t i : used_) {
      if (split_.tensors[i].producer < 0) places.push_back(i);
    }
    if (has_first_) {
      const std::set<ir::ValueId> loose(split_.loose.begin(), split_.loose.end());
      for (std::uint32_t i = 0; i < graph_.inputs().size(); ++i) {
        if (loose.contains(graph_.inputs()[i])) places.push_back(i);
      }
    }
    std::ranges::sort(places);
    places.erase(std::unique(places.begin(), places.end()), places.end());
    for (const std::uint32_t i : places) {
      plan_.inputs.push_back({signature_.input_names[i], graph_.inputs()[i]});
    }
  }

  void AddWholeOutputs() {
    std::vector<std::uint32_t> places;
    for (const std::uint32_t i : made_) {
      const auto& outputs = split_.tensors[i].outputs;
      places.insert(places.end(), outputs.begin(), outputs.end());
    }
    if (has_first_) {
      const std::set<ir::ValueId> loose(split_.loose.begin(), split_.loose.end());
      for (std::uint32_t i = 0; i < graph_.outputs().size(); ++i) {
        if (loose.contains(graph_.outputs()[i])) places.push_back(i);
      }
    }
    std::ranges::sort(places);
    for (const std::uint32_t i : places) {
      plan_.outputs.push_back({signature_.output_names[i], graph_.outputs()[i]});
    }
  }

  bool Leaves(const SplitGraph::Tensor& tensor) const {
    return std::ranges::any_of(tensor.users, [&](std::uint32_t user) {
      return !std::ranges::binary_search(plan_.indices, user);
    });
  }

  // Unless it is there already, as an output of the model of this name.
  void AddOutput(const SplitGraph::Tensor& tensor) {
    const std::string& name = split_.names[tensor.value.index];
    const bool is_there = std::ranges::any_of(
        tensor.outputs, [&](std::uint32_t i) { return signature_.output_names[i] == name; });
    if (!is_there) plan_.outputs.push_back({name, tensor.value});
  }

  const ir::Signature& signature_;
  const ir::Graph& graph_;
  const SplitGraph& split_;
  bool has_first_;
  std::vector<std::uint32_t> used_;  // tensors, sorted, each once
  std::vector<std::uint32_t> made_;
  PartPlan plan_;
};

}  // namespace

PartPlan PortsOf(const ir::Module& module, const SplitGraph& graph,
                 const std::vector<std::uint32_t>& units) {
  return Ports(module, graph, units).Run();
}

std::vector<PartEdge> EdgesOf(const SplitGraph& graph, const std::vector<std::uint32_t>& part_of) {
  std::map<std::pair<std::size_t, std::size_t>, PartEdge> edges;  // by reader and writer
  for (const SplitGraph::Tensor& tensor : graph.tensors) {
    if (tensor.producer < 0) continue;
    const std::size_t from = part_of[static_cast<std::size_t>(tensor.producer)];
    std::vector<std::size_t> readers;
    for (const std::uint32_t user : tensor.users) {
      if (part_of[user] != from) readers.push_back(part_of[user]);
    }
    std::ranges::sort(readers);
    readers.erase(std::unique(readers.begin(), readers.end()), readers.end());
    for (const std::size_t to : readers) {
      PartEdge& edge = edges.try_emplace({to, from}, PartEdge{from, to, {}, 0}).first->second;
      edge.values.push_back(tensor.value);
      edge.bytes += tensor.bytes;
    }
  }
  std::vector<PartEdge> all;
  for (auto& [key, edge] : edges) all.push_back(std::move(edge));
  return all;
}

std::vector<RepeatedConstant> RepeatedConstants(const SplitGraph& graph,
                                                const std::vector<std::uint32_t>& part_of) {
  std::vector<std::vector<std::size_t>> parts(graph.items.size());
  for (std::uint32_t unit = 0; unit < graph.units.size(); ++unit) {
    for (const std::uint32_t item : graph.units[unit].items) parts[item].push_back(part_of[unit]);
  }
  std::vector<RepeatedConstant> repeated;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::ranges::sort(parts[i]);
    parts[i].erase(std::unique(parts[i].begin(), parts[i].end()), parts[i].end());
    if (graph.items[i].bytes == 0 || parts[i].size() < 2) continue;
    repeated.push_back({graph.items[i].name, graph.items[i].bytes, std::move(parts[i])});
  }
  std::ranges::stable_sort(repeated, std::greater<>(), &RepeatedConstant::bytes);
  return repeated;
}

}  // namespace smelt::tflite_export
