// MinCut: the cheapest way to part the nodes of a small network in a source and a sink side.
//
// Dinic's algorithm (E. A. Dinic, 1970): blocking flows along shortest paths. Nodes are numbers;
// capacities are not negative. Not thread safe.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace smelt {

class MinCut {
 public:
  // Larger than any sum of real capacities here; an edge that is never cut.
  static constexpr std::int64_t kInfinite = std::numeric_limits<std::int64_t>::max() / 4;

  explicit MinCut(int nodes);
  int AddNode();
  int source() const { return 0; }
  int sink() const { return 1; }
  // Costs `capacity` when `from` is on the source's side and `to` on the sink's.
  void AddEdge(int from, int to, std::int64_t capacity);

  // The cut's capacity, at most kInfinite. `steps` counts edge visits; when it would pass `limit`
  // the flow found so far stands and the cut is not the cheapest (it is still a cut).
  std::int64_t Run(std::uint64_t limit, std::uint64_t* steps);
  // After Run: whether the node can still be reached from the source.
  bool OnSourceSide(int node) const { return level_[static_cast<std::size_t>(node)] >= 0; }

 private:
  struct Edge {
    int to;
    std::int64_t left;
  };
  bool Levels();
  std::int64_t Augment();

  std::vector<Edge> edges_;                           // edge i and its reverse i ^ 1
  std::vector<absl::InlinedVector<int, 4>> leaving_;  // by node: edges
  std::vector<int> level_;
  std::vector<std::size_t> next_;  // by node: the first edge that is not exhausted
  std::uint64_t steps_ = 0;
  std::uint64_t limit_ = 0;
};

}  // namespace smelt
