#include "core/passes/layout/solve.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "core/passes/layout/fusion_move.h"

namespace smelt::passes::layout {
namespace {

constexpr int kMaxRounds = 8;
constexpr int kNone = -1;
constexpr int kAll = std::numeric_limits<int>::max();

std::size_t At(int index) { return static_cast<std::size_t>(index); }

// True when each node has two labels at most, each tensor two orders, and either label its own.
bool IsBinary(const Problem& problem) {
  const auto has_two = [](const Problem::Port& port) {
    return port.orders.size() <= 2 &&
           (port.orders.size() < 2 || port.orders[0] != port.orders[1]) &&
           std::ranges::all_of(port.orders, [](int order) { return order < 2; });
  };
  return std::ranges::all_of(problem.tensors, [&](const Problem::Tensor& tensor) {
    return has_two(tensor.producer) && std::ranges::all_of(tensor.consumers, has_two);
  });
}

class Solver {
 public:
  Solver(const Problem& problem, const SolveLimits& limits)
      : problem_(problem),
        limits_(limits),
        is_binary_(IsBinary(problem)),
        tensors_of_(problem.nodes.size()),
        move_(problem) {
    for (std::size_t t = 0; t < problem.tensors.size(); ++t) {
      const Problem::Tensor& tensor = problem.tensors[t];
      Link(tensor.producer.node, static_cast<int>(t));
      for (const Problem::Port& port : tensor.consumers) Link(port.node, static_cast<int>(t));
    }
    tensor_mark_.assign(problem.tensors.size(), 0);
    proposed_.assign(problem.nodes.size(), kNone);
  }

  Solution Improve(Labelling labels) {
    Solution solution{std::move(labels), 0, 0, false};
    labels_ = &solution.labels;
    solution.cost = CostOf(problem_, solution.labels);
    int untried = kAll;  // the first proposals: others have been fused with these labels
    for (int round = 0; round < kMaxRounds && !Exhausted(); ++round) {
      const int last = ProposeAll(solution, untried);
      if (FindsTheBest() || (last == 0 && untried != kAll)) break;
      const bool moved = TrySingleNodes(solution);
      if (last == 0 && !moved) break;
      untried = moved ? kAll : last;
    }
    solution.bounded = Exhausted();
    return solution;
  }

  // True when trying each proposal once leaves nothing to improve. Nodes that share tensors choose
  // between the same two proposals, and their cost is submodular in the choice: the best of all is
  // below the best above any start.
  bool FindsTheBest() const { return is_binary_ && !disagreed_ && !Exhausted(); }

  // What the first proposals that reach each node agree on, where they reach any.
  Labelling Overlay(Labelling labels) {
    std::vector<bool> reached(problem_.nodes.size(), false);
    for (std::size_t node = 0; node < problem_.nodes.size() && !Exhausted(); ++node) {
      if (reached[node] || problem_.nodes[node].costs.size() != 1) continue;
      Grow(static_cast<int>(node), 0);
      for (const int member : region_) {
        if (!reached[At(member)]) labels[At(member)] = proposed_[At(member)];
        reached[At(member)] = true;
      }
      ForgetRegion();
    }
    return labels;
  }

 private:
  void Link(int node, int tensor) {
    auto& tensors = tensors_of_[At(node)];
    if (tensors.empty() || tensors.back() != tensor) tensors.push_back(tensor);
  }
  bool Exhausted() const { return steps_ >= limits_.steps; }
  std::uint64_t StepsLeft() const { return Exhausted() ? 0 : limits_.steps - steps_; }

  int ProposeAll(Solution& solution, int untried);
  void Grow(int seed, int label);
  void Visit(const Problem::Port& port, int order);
  void ForgetRegion();
  bool Fuse(Solution& solution);
  bool TrySingleNodes(Solution& solution);
  std::int64_t CostAround(int node);

  const Problem& problem_;
  const SolveLimits limits_;
  const bool is_binary_;
  std::vector<absl::InlinedVector<int, 4>> tensors_of_;  // by node
  FusionMove move_;
  Labelling* labels_ = nullptr;
  std::uint64_t steps_ = 0;
  bool disagreed_ = false;  // a proposal with itself: its cut's price was an estimate

  std::vector<int> region_;    // nodes of the proposal, in order of discovery
  std::vector<int> proposed_;  // by node: label, or kNone
  std::vector<std::uint32_t> tensor_mark_;
  std::uint32_t mark_ = 0;
};

// Spreads one label of one node over the neighbours that have a label in the same orders.
void Solver::Grow(int seed, int label) {
  region_ = {seed};
  proposed_[At(seed)] = label;
  ++mark_;
  for (std::size_t i = 0; i < region_.size(); ++i) {
    const int node = region_[i];
    for (const int t : tensors_of_[At(node)]) {
      if (tensor_mark_[At(t)] == mark_) continue;
      tensor_mark_[At(t)] = mark_;
      const Problem::Tensor& tensor = problem_.tensors[At(t)];
      const auto order_of = [&](const Problem::Port& port) {
        return port.orders[At(proposed_[At(node)])];
      };
      int order = kNone;
      if (tensor.producer.node == node) order = order_of(tensor.producer);
      for (const Problem::Port& port : tensor.consumers) {
        if (order == kNone && port.node == node) order = order_of(port);
      }
      Visit(tensor.producer, order);
      for (const Problem::Port& port : tensor.consumers) Visit(port, order);
    }
  }
}

void Solver::Visit(const Problem::Port& port, int order) {
  ++steps_;
  if (const int label = proposed_[At(port.node)]; label != kNone) {
    disagreed_ = disagreed_ || port.orders[At(label)] != order;
    return;
  }
  const auto& costs = problem_.nodes[At(port.node)].costs;
  int best = kNone;
  for (int label = 0; label < static_cast<int>(port.orders.size()); ++label) {
    if (port.orders[At(label)] != order) continue;
    if (best == kNone || costs[At(label)] < costs[At(best)]) best = label;
  }
  if (best == kNone) return;
  proposed_[At(port.node)] = best;
  region_.push_back(port.node);
}

void Solver::ForgetRegion() {
  for (const int node : region_) proposed_[At(node)] = kNone;
  region_.clear();
}

// One proposal from each label of each node that no earlier proposal of this round has given it,
// the same ones in each round: the first `untried`, and if one of them lowers the cost, the others.
// The last one that lowered it, counted from 1; else 0.
int Solver::ProposeAll(Solution& solution, int untried) {
  std::vector<std::size_t> first;  // of a node's labels among those of all
  std::size_t count = 0;
  for (const Problem::Node& node : problem_.nodes) {
    first.push_back(count);
    count += node.costs.size();
  }
  std::vector<bool> tried(count, false);
  int number = 0;
  int last = 0;
  for (std::size_t node = 0; node < problem_.nodes.size(); ++node) {
    for (std::size_t label = 0; label < problem_.nodes[node].costs.size(); ++label) {
      if (tried[first[node] + label] || Exhausted()) continue;
      if (++number > untried && last == 0) return 0;
      Grow(static_cast<int>(node), static_cast<int>(label));
      for (const int member : region_) tried[first[At(member)] + At(proposed_[At(member)])] = true;
      if (Fuse(solution)) last = number;
      ForgetRegion();
    }
  }
  return last;
}

// Takes the cheapest mixture of the present labelling and the proposal, if it is an improvement.
bool Solver::Fuse(Solution& solution) {
  std::vector<Proposed> proposal;
  std::vector<int> tensors;
  ++mark_;
  for (const int node : region_) {
    const int label = proposed_[At(node)];
    if (label == solution.labels[At(node)]) continue;
    proposal.push_back({node, label});
    for (const int t : tensors_of_[At(node)]) {
      if (std::exchange(tensor_mark_[At(t)], mark_) != mark_) tensors.push_back(t);
    }
  }
  if (proposal.empty()) return false;
  const std::vector<Proposed> switches =
      move_.CheapestSwitches(solution.labels, proposal, tensors, StepsLeft(), &steps_);
  std::int64_t change = 0;
  for (const int t : tensors) change -= CostOf(problem_.tensors[At(t)], solution.labels);
  Labelling undo;
  for (const Proposed& one : switches) {
    const auto& costs = problem_.nodes[At(one.node)].costs;
    int& label = solution.labels[At(one.node)];
    undo.push_back(label);
    change += costs[At(one.label)] - costs[At(label)];
    label = one.label;
  }
  for (const int t : tensors) change += CostOf(problem_.tensors[At(t)], solution.labels);
  if (change < 0) {
    solution.cost += change;
    ++solution.moves;
    return true;
  }
  for (std::size_t i = 0; i < switches.size(); ++i) {
    solution.labels[At(switches[i].node)] = undo[i];
  }
  return false;
}

std::int64_t Solver::CostAround(int node) {
  std::int64_t cost = problem_.nodes[At(node)].costs[At((*labels_)[At(node)])];
  for (const int t : tensors_of_[At(node)]) {
    steps_ += problem_.tensors[At(t)].consumers.size();
    cost += CostOf(problem_.tensors[At(t)], *labels_);
  }
  return cost;
}

bool Solver::TrySingleNodes(Solution& solution) {
  const int moves = solution.moves;
  for (std::size_t node = 0; node < problem_.nodes.size(); ++node) {
    const int count = static_cast<int>(problem_.nodes[node].costs.size());
    if (count == 1) continue;
    int& label = solution.labels[node];
    const std::int64_t present = CostAround(static_cast<int>(node));
    if (present == 0) continue;  // the least
    std::int64_t best = present;
    int best_label = label;
    for (int other = 0; other < count && !Exhausted(); ++other) {
      label = other;
      const std::int64_t cost = CostAround(static_cast<int>(node));
      if (cost < best || (other == best_label && cost == best)) {
        best = cost;
        best_label = other;
      }
    }
    label = best_label;
    solution.cost += best - present;
    if (best < present) ++solution.moves;
  }
  return solution.moves != moves;
}

}  // namespace

Solution Solve(const Problem& problem, const Labelling& start, const SolveLimits& limits) {
  Solver solver(problem, limits);
  Solution from_start = solver.Improve(start);
  if (solver.FindsTheBest()) return from_start;
  Labelling forced = solver.Overlay(start);
  if (forced == from_start.labels) return from_start;
  Solution from_forced = solver.Improve(std::move(forced));
  const int moves = from_start.moves + from_forced.moves;
  const bool bounded = from_start.bounded || from_forced.bounded;
  Solution& best = from_forced.cost < from_start.cost ? from_forced : from_start;
  best.moves = moves;
  best.bounded = bounded;
  return std::move(best);
}

}  // namespace smelt::passes::layout
