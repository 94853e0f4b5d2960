// The network: a node on the source's side keeps its label, on the sink's side it switches.
//
// Of a tensor, let `next` be the order that the proposal has for it. A copy in `next` is paid when
// its maker keeps another order and some reader wants `next`; a copy in an order k of the present
// labelling is paid when some reader keeps wanting k and the maker does not make it (any more). A
// helper node a copy lets its readers share the price.
#include "core/passes/layout/fusion_move.h"

#include <algorithm>
#include <optional>

#include "core/passes/layout/min_cut.h"

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
  // A port with both of its orders.
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
    choice.cut_node = variable.cut_node;
    if (choice.is_free()) choice.taken = port.orders[At(variable.label)];
    return choice;
  }
  void PayToSwitch(int node, std::int64_t price) { cut_.AddEdge(cut_.source(), node, price); }
  void PayToKeep(int node, std::int64_t price) { cut_.AddEdge(node, cut_.sink(), price); }

  void AddNextCopy(const Choice& maker, int next, std::int64_t price);
  void AddKeptCopy(const Choice& maker, int kept, std::int64_t price);

  const Labelling& present_;
  const std::vector<FusionMove::Variable>& variables_;
  MinCut cut_;
  std::vector<Choice> readers_;  // of the tensor at hand
};

void Network::Add(const Problem::Tensor& tensor) {
  const Choice maker = ChoiceOf(tensor.producer);
  readers_.clear();
  std::optional<int> next;
  if (maker.is_free()) next = maker.taken;
  for (const Problem::Port& consumer : tensor.consumers) {
    readers_.push_back(ChoiceOf(consumer));
    if (!next && readers_.back().is_free()) next = readers_.back().taken;
  }
  if (!next) return;
  AddNextCopy(maker, *next, tensor.PriceOf(maker.kept, *next));
  std::vector<int> kept;
  for (const Choice& reader : readers_) {
    if (reader.kept != *next && std::ranges::find(kept, reader.kept) == kept.end()) {
      kept.push_back(reader.kept);
    }
    // The proposal disagrees with itself here: an estimate. The move is taken by its true price.
    if (reader.is_free() && reader.taken != *next && reader.taken != reader.kept) {
      PayToSwitch(reader.cut_node, tensor.weight);
    }
  }
  for (const int order : kept) {
    const int made = maker.kept == order ? maker.taken : maker.kept;
    AddKeptCopy(maker, order, tensor.PriceOf(made, order));
  }
}

void Network::AddNextCopy(const Choice& maker, int next, std::int64_t price) {
  const bool always_made = maker.kept == next && maker.taken == next;
  if (always_made) return;
  std::vector<int> switching;
  bool always_wanted = false;
  for (const Choice& reader : readers_) {
    if (reader.kept == next) {
      always_wanted = true;
    } else if (reader.taken == next) {
      switching.push_back(reader.cut_node);
    }
  }
  if (!maker.is_free()) {
    if (always_wanted || switching.empty()) return;  // paid in any case, or never
    const int copy = cut_.AddNode();
    cut_.AddEdge(cut_.source(), copy, price);
    for (const int reader : switching) cut_.AddEdge(copy, reader, MinCut::kInfinite);
    return;
  }
  if (maker.kept == next) return;  // it switches away from what it proposes: can't be
  if (always_wanted) return PayToKeep(maker.cut_node, price);
  if (switching.empty()) return;
  const int copy = cut_.AddNode();
  cut_.AddEdge(maker.cut_node, copy, price);
  for (const int reader : switching) cut_.AddEdge(copy, reader, MinCut::kInfinite);
}

void Network::AddKeptCopy(const Choice& maker, int kept, std::int64_t price) {
  const bool made_while_kept = maker.kept == kept;
  if (made_while_kept && maker.taken == kept) return;  // always made
  std::vector<int> keeping;
  bool always_wanted = false;
  for (const Choice& reader : readers_) {
    if (reader.kept != kept) continue;
    if (!reader.is_free() || reader.taken == kept) {
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
