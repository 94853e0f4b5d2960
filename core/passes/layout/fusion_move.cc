// The network: a node on the source's side keeps its label, on the sink's side it switches.
//
// Of a tensor, a copy in an order that the proposal has for some port is paid when a reader takes
// it and the maker doesn't make it; a copy in an order that only the present labelling has is paid
// when some reader keeps wanting it and the maker does not make it (any more). A helper node a copy
// lets its readers share the price.
#include "core/passes/layout/fusion_move.h"

#include <algorithm>

#include "core/base/min_cut.h"

namespace smelt::passes::layout {
namespace {

std::size_t At(int index) { return static_cast<std::size_t>(index); }

constexpr int kNoChoice = 0;

class Network {
 public:
  Network(const Labelling& present, const std::vector<FusionMove::Variable>& variables,
          std::size_t count)
      : present_(present), variables_(variables), cut_(static_cast<int>(count)) {}

  // The price of what the node itself costs under either label.
  void Add(int cut_node, std::int64_t keep, std::int64_t take) {
    if (take > keep) PayToSwitch(cut_node, take - keep);
    if (keep > take) PayToKeep(cut_node, keep - take);
  }
  void Add(const Problem::Tensor& tensor);
  MinCut& cut() { return cut_; }

 private:
  // A port with both of its orders. Where they are one the node's choice is none for this tensor.
  struct Choice {
    int cut_node = kNoChoice;
    int kept = 0;
    int taken = 0;
    bool is_free() const { return cut_node != kNoChoice; }
  };

  Choice ChoiceOf(const Problem::Port& port) const {
    Choice choice;
    choice.kept = choice.taken = port.orders[At(present_[At(port.node)])];
    const FusionMove::Variable& variable = variables_[At(port.node)];
    if (variable.cut_node == kNoChoice) return choice;
    choice.taken = port.orders[At(variable.label)];
    if (choice.taken != choice.kept) choice.cut_node = variable.cut_node;
    return choice;
  }
  void PayToSwitch(int node, std::int64_t price) { cut_.AddEdge(cut_.source(), node, price); }
  void PayToKeep(int node, std::int64_t price) { cut_.AddEdge(node, cut_.sink(), price); }

  void AddTakenCopy(const Choice& maker, int taken, std::int64_t price);
  void AddKeptCopy(const Choice& maker, int kept, std::int64_t price);

  const Labelling& present_;
  const std::vector<FusionMove::Variable>& variables_;
  MinCut cut_;
  std::vector<Choice> readers_;  // of the tensor at hand
};

void Network::Add(const Problem::Tensor& tensor) {
  const Choice maker = ChoiceOf(tensor.producer);
  absl::InlinedVector<int, 4> taken;
  absl::InlinedVector<int, 4> kept;
  const auto note = [](auto& orders, int order) {
    if (std::ranges::find(orders, order) == orders.end()) orders.push_back(order);
  };
  if (maker.is_free()) note(taken, maker.taken);
  readers_.clear();
  for (const Problem::Port& consumer : tensor.consumers) {
    readers_.push_back(ChoiceOf(consumer));
    if (readers_.back().is_free()) note(taken, readers_.back().taken);
  }
  if (taken.empty()) return;
  for (const int order : taken) {
    const int made = maker.taken == order ? maker.kept : maker.taken;
    AddTakenCopy(maker, order, tensor.PriceOf(made, order));
  }
  for (const Choice& reader : readers_) {
    if (std::ranges::find(taken, reader.kept) == taken.end()) note(kept, reader.kept);
  }
  for (const int order : kept) {
    const int made = maker.kept == order ? maker.taken : maker.kept;
    AddKeptCopy(maker, order, tensor.PriceOf(made, order));
  }
}

// Estimates, where the proposal disagrees with itself (the move is taken by its true price): a
// reader that switches away from the order counts as one that wants it in any case, and a maker
// that does so as one that never made it.
void Network::AddTakenCopy(const Choice& maker, int taken, std::int64_t price) {
  const bool made_when_taken = maker.taken == taken;
  if (made_when_taken && !maker.is_free()) return;  // always made
  std::vector<int> switching;
  bool always_wanted = false;
  for (const Choice& reader : readers_) {
    if (reader.kept == taken) {
      always_wanted = true;
    } else if (reader.taken == taken) {
      switching.push_back(reader.cut_node);
    }
  }
  if (always_wanted) {
    if (made_when_taken) PayToKeep(maker.cut_node, price);
    return;  // else paid in any case
  }
  if (switching.empty()) return;
  const int copy = cut_.AddNode();
  cut_.AddEdge(made_when_taken ? maker.cut_node : cut_.source(), copy, price);
  for (const int reader : switching) cut_.AddEdge(copy, reader, MinCut::kInfinite);
}

void Network::AddKeptCopy(const Choice& maker, int kept, std::int64_t price) {
  const bool made_while_kept = maker.kept == kept;
  if (made_while_kept && !maker.is_free()) return;  // always made
  std::vector<int> keeping;
  bool always_wanted = false;
  for (const Choice& reader : readers_) {
    if (reader.kept != kept) continue;
    if (!reader.is_free()) {
      always_wanted = true;
    } else {
      keeping.push_back(reader.cut_node);
    }
  }
  if (made_while_kept) {
    if (always_wanted) return PayToSwitch(maker.cut_node, price);
    const int copy = cut_.AddNode();
    cut_.AddEdge(copy, maker.cut_node, price);
    for (const int reader : keeping) cut_.AddEdge(reader, copy, MinCut::kInfinite);
    return;
  }
  if (always_wanted) return;  // paid in any case
  const int copy = cut_.AddNode();
  cut_.AddEdge(copy, cut_.sink(), price);
  for (const int reader : keeping) cut_.AddEdge(reader, copy, MinCut::kInfinite);
}

}  // namespace

std::vector<Proposed> FusionMove::CheapestSwitches(const Labelling& present,
                                                   const std::vector<Proposed>& proposal,
                                                   const std::vector<int>& tensors,
                                                   std::uint64_t limit, std::uint64_t* steps) {
  Network network(present, variables_, proposal.size());
  int cut_node = 2;
  for (const auto [node, label] : proposal) {
    const auto& costs = problem_.nodes[At(node)].costs;
    network.Add(cut_node, costs[At(present[At(node)])], costs[At(label)]);
    variables_[At(node)] = {cut_node++, label};
  }
  for (const int tensor : tensors) network.Add(problem_.tensors[At(tensor)]);
  network.cut().Run(limit, steps);
  std::vector<Proposed> switches;
  for (const Proposed& one : proposal) {
    Variable& variable = variables_[At(one.node)];
    if (!network.cut().OnSourceSide(variable.cut_node)) switches.push_back(one);
    variable = {};
  }
  return switches;
}

}  // namespace smelt::passes::layout
