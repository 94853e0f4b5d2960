#include "core/export/tflite/part_ports.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace smelt::tflite_export {
namespace {

class Ports {
 public:
  Ports(const ir::Module& module, const SplitGraph& graph, const std::vector<std::uint32_t>& units)
      : signature_(module.signatures[0]),
        graph_(module.graph(signature_.graph)),
        split_(graph),
        is_used_(graph_.value_count()),
        is_made_(graph_.value_count()) {
    std::set<ir::OpId> dequantized;
    for (const std::uint32_t unit : units) {
      const SplitGraph::Unit& own = graph.units[unit];
      for (const ir::OpId op : own.dequantized) {
        if (dequantized.insert(op).second) plan_.ops.push_back(op);
      }
      plan_.ops.push_back(own.op);
      plan_.indices.push_back(unit);
      for (const std::uint32_t i : own.operands) is_used_[ValueOf(i).index] = true;
      for (const std::uint32_t i : own.results) is_made_[ValueOf(i).index] = true;
      has_first_ = has_first_ || unit == 0;
    }
  }

  PartPlan Run() {
    const auto outputs = graph_.outputs();
    for (std::size_t i = 0; i < graph_.inputs().size(); ++i) {
      const ir::ValueId input = graph_.inputs()[i];
      const bool is_loose = std::ranges::find(split_.loose, input) != split_.loose.end();
      if (is_used_[input.index] || (has_first_ && is_loose)) {
        plan_.inputs.push_back({signature_.input_names[i], input});
      }
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const bool is_loose = std::ranges::find(split_.loose, outputs[i]) != split_.loose.end();
      if (is_made_[outputs[i].index] || (has_first_ && is_loose)) {
        plan_.outputs.push_back({signature_.output_names[i], outputs[i]});
      }
    }
    for (const SplitGraph::Tensor& tensor : split_.tensors) {
      if (tensor.producer < 0) continue;
      if (is_used_[tensor.value.index] && !is_made_[tensor.value.index]) {
        plan_.inputs.push_back({split_.names[tensor.value.index], tensor.value});
      }
      if (is_made_[tensor.value.index] && Leaves(tensor)) AddOutput(tensor.value);
    }
    return std::move(plan_);
  }

 private:
  ir::ValueId ValueOf(std::uint32_t tensor) const { return split_.tensors[tensor].value; }

  bool Leaves(const SplitGraph::Tensor& tensor) const {
    return std::ranges::any_of(tensor.users, [&](std::uint32_t user) {
      return !std::ranges::binary_search(plan_.indices, user);
    });
  }

  void AddOutput(ir::ValueId value) {
    const std::string& name = split_.names[value.index];
    const bool is_there = std::ranges::any_of(plan_.outputs, [&](const PartPort& port) {
      return port.value == value && port.name == name;
    });
    if (!is_there) plan_.outputs.push_back({name, value});
  }

  const ir::Signature& signature_;
  const ir::Graph& graph_;
  const SplitGraph& split_;
  std::vector<bool> is_used_;  // by value
  std::vector<bool> is_made_;
  bool has_first_ = false;
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
