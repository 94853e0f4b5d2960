#include "core/import/onnx/graph_order.h"

#include <onnx/onnx_pb.h>

#include <numeric>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "core/base/name_map.h"

namespace smelt::onnx_import {
namespace {

constexpr std::uint32_t kOutside = UINT32_MAX;  // defined by an input or an initializer

ir::Diagnostic GraphDiagnostic(Reason reason, const std::string& tensor, std::string message) {
  ir::Diagnostic diagnostic;
  diagnostic.reason = reason;
  diagnostic.tensor = tensor;
  diagnostic.message = std::move(message);
  diagnostic.stage = "import";
  return diagnostic;
}

ir::SourceNode Source(const onnx::GraphProto& graph, std::uint32_t index) {
  const onnx::NodeProto& node = graph.node(static_cast<int>(index));
  ir::SourceNode source;
  source.index = index;
  source.name = node.name();
  source.domain = node.domain();
  source.op_type = node.op_type();
  return source;
}

// Names that `graph` reads and does not define, appended. Depth is bounded by the scanner.
void CollectFree(const onnx::GraphProto& graph, std::vector<const std::string*>& free) {
  NameSet defined;
  for (const auto& input : graph.input()) defined.insert(input.name());
  for (const auto& tensor : graph.initializer()) defined.insert(tensor.name());
  for (const auto& node : graph.node()) {
    for (const auto& name : node.output()) defined.insert(name);
  }
  const auto add = [&](const std::string& name) {
    if (!name.empty() && !defined.contains(name)) free.push_back(&name);
  };
  for (const auto& node : graph.node()) {
    for (const std::string* name : NamesReadBy(node)) add(*name);
  }
  for (const auto& output : graph.output()) add(output.name());
}

// All the work of OrderNodes over one graph.
class Order {
 public:
  Order(const onnx::GraphProto& graph, ir::Diagnostics& diagnostics)
      : graph_(graph), diagnostics_(diagnostics) {}

  std::vector<std::uint32_t> Run() {
    Define();
    if (!Read()) return Sort();
    std::vector<std::uint32_t> order(static_cast<std::size_t>(graph_.node_size()));
    std::iota(order.begin(), order.end(), 0);
    return order;
  }

 private:
  void DefineOnce(const std::string& name, std::uint32_t producer, const char* what) {
    if (name.empty() || producers_.emplace(name, producer).second) return;
    auto diagnostic = GraphDiagnostic(Reason::kDuplicateName, name,
                                      "\"" + name + "\" is defined again by " + what);
    if (producer != kOutside) diagnostic.node = Source(graph_, producer);
    diagnostic.found = name;
    diagnostics_.push_back(std::move(diagnostic));
  }

  void Define() {
    producers_.reserve(static_cast<std::size_t>(graph_.node_size() + graph_.initializer_size() +
                                                graph_.input_size()));
    NameSet inputs;
    for (const auto& input : graph_.input()) {
      DefineOnce(input.name(), kOutside, "a second graph input");
      inputs.insert(input.name());
    }
    NameSet initializers;
    for (const auto& tensor : graph_.initializer()) {
      // An initializer may carry the name of an input: its default value.
      if (initializers.insert(tensor.name()).second && inputs.contains(tensor.name())) continue;
      DefineOnce(tensor.name(), kOutside, "a second initializer");
    }
    for (const auto& sparse : graph_.sparse_initializer()) {
      DefineOnce(sparse.values().name(), kOutside, "a sparse initializer");
    }
    for (int i = 0; i < graph_.node_size(); ++i) {
      for (const auto& name : graph_.node(i).output()) {
        DefineOnce(name, static_cast<std::uint32_t>(i), "a node");
      }
    }
  }

  // True when the file's order is one: each node reads what nodes before it define.
  bool Read() {
    const auto count = static_cast<std::uint32_t>(graph_.node_size());
    bool in_order = true;
    for (std::uint32_t i = 0; i < count; ++i) {
      std::unordered_set<std::string_view> missing;
      for (const std::string* name : NamesReadBy(graph_.node(static_cast<int>(i)))) {
        const auto found = producers_.find(*name);
        if (found == producers_.end()) {
          if (missing.insert(*name).second) Undefined(*name, i);
        } else if (found->second != kOutside && found->second >= i) {
          in_order = false;
        }
      }
    }
    for (const auto& output : graph_.output()) {
      if (!producers_.contains(output.name())) Undefined(output.name(), kOutside);
    }
    return in_order;
  }

  void Undefined(const std::string& name, std::uint32_t reader) {
    auto diagnostic =
        GraphDiagnostic(Reason::kUndefinedName, name,
                        "\"" + name + "\" is " + (reader == kOutside ? "a graph output" : "read") +
                            " but nothing defines it");
    if (reader != kOutside) diagnostic.node = Source(graph_, reader);
    diagnostic.found = name;
    diagnostics_.push_back(std::move(diagnostic));
  }

  void CollectReaders() {
    const auto count = static_cast<std::size_t>(graph_.node_size());
    waiting_.assign(count, 0);
    readers_.resize(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      for (const std::string* name : NamesReadBy(graph_.node(static_cast<int>(i)))) {
        const auto found = producers_.find(*name);
        if (found == producers_.end() || found->second == kOutside) continue;
        ++waiting_[i];
        readers_[found->second].push_back(i);
      }
    }
  }

  // Among ready nodes the earliest in the file goes first.
  std::vector<std::uint32_t> Sort() {
    CollectReaders();
    std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> ready;
    for (std::uint32_t i = 0; i < waiting_.size(); ++i) {
      if (waiting_[i] == 0) ready.push(i);
    }
    std::vector<std::uint32_t> order;
    order.reserve(waiting_.size());
    while (!ready.empty()) {
      const std::uint32_t node = ready.top();
      ready.pop();
      order.push_back(node);
      for (const std::uint32_t reader : readers_[node]) {
        if (--waiting_[reader] == 0) ready.push(reader);
      }
    }
    if (order.size() < waiting_.size()) ReportCycle();
    return order;
  }

  // Follows producers from a node that never became ready until one repeats: that is a circle.
  void ReportCycle() {
    std::uint32_t at = 0;
    while (waiting_[at] == 0) ++at;
    std::unordered_map<std::uint32_t, std::size_t> seen;
    std::vector<std::uint32_t> path;
    while (seen.emplace(at, path.size()).second) {
      path.push_back(at);
      for (const std::string* name : NamesReadBy(graph_.node(static_cast<int>(at)))) {
        const auto found = producers_.find(*name);
        if (found == producers_.end() || found->second == kOutside) continue;
        if (waiting_[found->second] == 0) continue;
        at = found->second;
        break;
      }
    }
    const std::size_t begin = seen[at];
    std::string names;
    for (std::size_t i = path.size(); i > begin && path.size() - i < 8; --i) {
      const auto source = Source(graph_, path[i - 1]);
      if (!names.empty()) names += " -> ";
      names += source.name.empty() ? source.op_type + " (node " + std::to_string(source.index) + ")"
                                   : source.name;
    }
    auto diagnostic = GraphDiagnostic(
        Reason::kGraphCycle, "",
        std::to_string(path.size() - begin) + " nodes depend on each other in a circle: " + names);
    diagnostic.node = Source(graph_, path[begin]);
    diagnostic.found = names;
    diagnostics_.push_back(std::move(diagnostic));
  }

  const onnx::GraphProto& graph_;
  ir::Diagnostics& diagnostics_;
  NameMap<std::uint32_t> producers_;
  std::vector<std::uint32_t> waiting_;
  std::vector<std::vector<std::uint32_t>> readers_;
};

}  // namespace

std::vector<const std::string*> NamesReadBy(const onnx::NodeProto& node) {
  std::vector<const std::string*> names;
  for (const auto& name : node.input()) {
    if (!name.empty()) names.push_back(&name);
  }
  for (const auto& attribute : node.attribute()) {
    if (attribute.has_g()) CollectFree(attribute.g(), names);
    for (const auto& graph : attribute.graphs()) CollectFree(graph, names);
  }
  return names;
}

std::vector<std::uint32_t> OrderNodes(const onnx::GraphProto& graph, ir::Diagnostics& diagnostics) {
  return Order(graph, diagnostics).Run();
}

}  // namespace smelt::onnx_import
