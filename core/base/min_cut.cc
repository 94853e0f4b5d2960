#include "core/base/min_cut.h"

#include <algorithm>

namespace smelt {
namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }

}  // namespace

MinCut::MinCut(int nodes) : leaving_(At(nodes) + 2) {}

int MinCut::AddNode() {
  leaving_.emplace_back();
  return static_cast<int>(leaving_.size()) - 1;
}

void MinCut::AddEdge(int from, int to, std::int64_t capacity) {
  if (capacity == 0 || from == to) return;
  leaving_[At(from)].push_back(static_cast<int>(edges_.size()));
  edges_.push_back({to, capacity});
  leaving_[At(to)].push_back(static_cast<int>(edges_.size()));
  edges_.push_back({from, 0});
}

std::int64_t MinCut::Run(std::uint64_t limit, std::uint64_t* steps) {
  limit_ = limit;
  steps_ = 0;
  std::int64_t flow = 0;
  while (Levels() && steps_ < limit_) {
    next_.assign(leaving_.size(), 0);
    while (const std::int64_t more = Augment()) flow = std::min(flow + more, kInfinite);
  }
  *steps += steps_;
  return flow;
}

// Distances from the source over edges with capacity left; false when the sink is out of reach.
bool MinCut::Levels() {
  level_.assign(leaving_.size(), -1);
  std::vector<int> reached = {source()};
  level_[At(source())] = 0;
  for (std::size_t i = 0; i < reached.size(); ++i) {
    const int node = reached[i];
    for (const int edge : leaving_[At(node)]) {
      ++steps_;
      const Edge& e = edges_[At(edge)];
      if (e.left == 0 || level_[At(e.to)] >= 0) continue;
      level_[At(e.to)] = level_[At(node)] + 1;
      reached.push_back(e.to);
    }
  }
  return level_[At(sink())] >= 0;
}

// One path of a blocking flow; 0 when there is none. Iterative: paths may be as long as the model.
std::int64_t MinCut::Augment() {
  std::vector<int> path;  // edges
  int node = source();
  while (node != sink()) {
    if (++steps_ >= limit_) return 0;
    std::size_t& next = next_[At(node)];
    const auto& leaving = leaving_[At(node)];
    while (next < leaving.size()) {
      const Edge& e = edges_[At(leaving[next])];
      if (e.left > 0 && level_[At(e.to)] == level_[At(node)] + 1) break;
      ++next;
    }
    if (next < leaving.size()) {
      path.push_back(leaving[next]);
      node = edges_[At(path.back())].to;
    } else if (path.empty()) {
      return 0;
    } else {
      node = edges_[At(path.back() ^ 1)].to;  // a dead end: back, and past this edge
      ++next_[At(node)];
      path.pop_back();
    }
  }
  std::int64_t flow = kInfinite;
  for (const int edge : path) flow = std::min(flow, edges_[At(edge)].left);
  for (const int edge : path) {
    edges_[At(edge)].left -= flow;
    edges_[At(edge ^ 1)].left += flow;
  }
  return flow;
}

}  // namespace smelt
