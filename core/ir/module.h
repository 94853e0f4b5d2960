// Module: everything known of one model: graphs (entry points and regions), symbolic dimensions,
// origins and metadata. Movable, not copyable, not thread safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/ir/graph.h"
#include "core/ir/origin.h"
#include "core/ir/symbols.h"

namespace smelt::ir {

// An entry point. Names are the source's, in the source's order.
struct Signature {
  std::string key = "serving_default";
  GraphId graph;
  std::vector<std::string> input_names;   // as many as the graph's inputs
  std::vector<std::string> output_names;  // as many as the graph's outputs
  friend bool operator==(const Signature&, const Signature&) = default;
};

class Module {
 public:
  // Adds a graph: an entry point or a region.
  GraphId AddGraph(std::string name);
  Graph& graph(GraphId id) { return *graphs_[id.index]; }
  const Graph& graph(GraphId id) const { return *graphs_[id.index]; }
  std::size_t graph_count() const { return graphs_.size(); }
  // The first graph. Requires graph_count() > 0.
  GraphId main_id() const { return GraphId{0}; }
  Graph& main() { return graph(main_id()); }
  const Graph& main() const { return graph(main_id()); }

  SymbolTable& symbols() { return symbols_; }
  const SymbolTable& symbols() const { return symbols_; }
  OriginTable& origins() { return origins_; }
  const OriginTable& origins() const { return origins_; }

  std::vector<Signature> signatures;
  std::map<std::string, std::string> metadata;

 private:
  std::vector<std::unique_ptr<Graph>> graphs_;  // stable addresses
  SymbolTable symbols_;
  OriginTable origins_;
};

}  // namespace smelt::ir
