#include "core/passes/layout/choices.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

namespace smelt::passes::layout {
namespace {

using ir::ValueId;

constexpr std::size_t kMaxLabels = 6;
constexpr int kMaxRank = 5;  // of an operator whose axes come apart in a new order
constexpr int kAbsent = IterationAxis::kAbsent;

std::size_t At(int index) { return static_cast<std::size_t>(index); }

void Append(Order& order, const Axis& pieces) {
  order.insert(order.end(), pieces.begin(), pieces.end());
}

Label Identity(std::size_t count) {
  Label label(count);
  std::iota(label.begin(), label.end(), 0);
  return label;
}

// The units in the order in which `order` has their pieces; those that it lacks follow the unit
// that is before them in the source, and all rows unless they are rows themselves; but what a SPLIT
// cuts comes first, so that its pieces are long. Nothing when the order tears a unit apart.
std::optional<Label> LabelFor(const std::vector<Unit>& units, const Order& order,
                              const auto& pieces_of, const auto& is_row, const auto& is_cut) {
  // The last unit, of the few there are, that begins with the piece.
  const auto begins_with = [&](Atom piece) {
    int unit = static_cast<int>(units.size()) - 1;
    for (; unit >= 0; --unit) {
      const Axis& pieces = pieces_of(units[At(unit)]);
      if (!pieces.empty() && pieces.front() == piece) break;
    }
    return unit;
  };
  Label label;
  for (std::size_t at = 0; at < order.size();) {
    const int unit = begins_with(order[at]);
    if (unit < 0) return std::nullopt;
    const Axis& pieces = pieces_of(units[At(unit)]);
    if (at + pieces.size() > order.size() ||
        !std::equal(pieces.begin(), pieces.end(),
                    order.begin() + static_cast<std::ptrdiff_t>(at))) {
      return std::nullopt;
    }
    label.push_back(unit);
    at += pieces.size();
  }
  for (int u = 0; u < static_cast<int>(units.size()); ++u) {
    if (!pieces_of(units[At(u)]).empty()) continue;
    auto place = u == 0 || is_cut(u) ? label.begin() : std::ranges::find(label, u - 1) + 1;
    if (!is_row(u)) {
      const auto last_row = std::ranges::find_if(label.rbegin(), label.rend(), is_row).base();
      place = std::max(place, last_row);
    }
    label.insert(place, u);
  }
  if (label.size() != units.size()) return std::nullopt;
  return label;
}

}  // namespace

Choices::Choices(const ir::Module& module, const ir::Graph& graph, Forms& forms)
    : module_(module), graph_(graph), forms_(forms) {
  AddNodes();
  Spread();
  AddCosts();
}

Order Choices::SourceOrder(ValueId value) const {
  Order order;
  for (const Axis& axis : forms_.LeafAxes(value)) Append(order, axis);
  return order;
}

Order Choices::OperandOrder(const Choice& choice, int label, int operand) const {
  if (choice.units.empty() || choice.relation->IsSideOperand(operand)) {
    const ir::OpId op = choice.op.valid() ? choice.op : graph_.return_op();
    return SourceOrder(graph_.op(op).input(operand));
  }
  Order order;
  for (const int u : choice.labels[At(label)]) {
    Append(order, choice.units[At(u)].operands[At(operand)]);
  }
  return order;
}

Order Choices::ResultOrder(const Choice& choice, int label, int result) const {
  if (choice.units.empty() || choice.relation->family == Family::kShape) {
    return SourceOrder(choice.op.valid() ? graph_.op(choice.op).result(result)
                                         : graph_.inputs()[At(result)]);
  }
  Order order;
  for (const int u : choice.labels[At(label)]) {
    Append(order, choice.units[At(u)].results[At(result)]);
  }
  return order;
}

// Of the last node. SHAPE takes a tensor as it is.
void Choices::AddReads(const ir::Op& op) {
  const Relation* relation = nodes_.back().relation;
  if (relation != nullptr && relation->family == Family::kShape) return;
  for (int k = 0; k < op.input_count(); ++k) {
    if (!op.input(k).valid()) continue;
    const int tensor = forms_.form(op.input(k)).tensor;
    if (tensor == kNoTensor) continue;
    problem_.tensors[At(tensor)].consumers.push_back({static_cast<int>(nodes_.size()) - 1, {}, k});
  }
}

void Choices::AddNodes() {
  problem_.tensors.resize(forms_.tensors().size());
  nodes_.reserve(forms_.makers().size() + 2);
  const auto make = [&](ValueId value, int result) {
    problem_.tensors[At(forms_.form(value).tensor)].producer = {
        static_cast<int>(nodes_.size()) - 1, {}, result};
  };
  // Node 0 makes the inputs, the last one reads the outputs: both in the source's order.
  nodes_.push_back({{}, nullptr, {}, {{}}});
  for (std::size_t i = 0; i < graph_.inputs().size(); ++i) {
    make(graph_.inputs()[i], static_cast<int>(i));
  }
  for (const Maker& maker : forms_.makers()) {
    Choice choice{maker.op, &maker.relation, {}, {}};
    AddUnits(choice);
    choice.labels.push_back(Identity(choice.units.size()));
    nodes_.push_back(std::move(choice));
    const ir::Op& op = graph_.op(maker.op);
    for (std::size_t r = 0; r < op.results.size(); ++r) make(op.results[r], static_cast<int>(r));
    AddReads(op);
  }
  nodes_.push_back({{}, nullptr, {}, {{}}});
  AddReads(graph_.op(graph_.return_op()));
}

void Choices::AddUnits(Choice& choice) {
  const ir::Op& op = graph_.op(choice.op);
  std::vector<std::vector<Axis>> operands(op.operands.size());
  for (std::size_t k = 0; k < operands.size(); ++k) {
    const ValueId value = op.operands[k].value;
    if (value.valid() && forms_.form(value).tensor != kNoTensor) {
      operands[k] = forms_.LeafAxes(value);
    }
  }
  std::vector<std::vector<Axis>> results;
  for (const ValueId value : op.results) results.push_back(forms_.LeafAxes(value));
  choice.units.reserve(choice.relation->axes.size());
  for (std::size_t a = 0; a < choice.relation->axes.size(); ++a) {
    const IterationAxis& axis = choice.relation->axes[a];
    const auto pieces = [&](const std::vector<std::vector<Axis>>& ports, std::size_t port,
                            int own) {
      return own == kAbsent || ports[port].empty() ? Axis{}
                                                   : forms_.Part(axis, ports[port][At(own)]);
    };
    std::size_t count = axis.whole ? 1 : 0;
    for (std::size_t k = 0; k < operands.size() && !axis.whole; ++k) {
      count = std::max(count, pieces(operands, k, axis.operands[k]).size());
    }
    for (std::size_t r = 0; r < results.size() && !axis.whole; ++r) {
      count = std::max(count, pieces(results, r, axis.results[r]).size());
    }
    for (std::size_t p = 0; p < count; ++p) {
      Unit unit{static_cast<int>(a), static_cast<int>(p), {}, {}};
      const auto part = [&](Axis all) {
        return axis.whole || all.empty() ? std::move(all) : Axis{all[p]};
      };
      bool any = false;
      for (std::size_t k = 0; k < operands.size(); ++k) {
        unit.operands.push_back(part(pieces(operands, k, axis.operands[k])));
        any = any || !unit.operands.back().empty();
      }
      for (std::size_t r = 0; r < results.size(); ++r) {
        unit.results.push_back(part(pieces(results, r, axis.results[r])));
        any = any || !unit.results.back().empty();
      }
      if (any) choice.units.push_back(std::move(unit));
    }
  }
}

// The operator's rank in this order, with pieces that stay together as one axis. What follows the
// rows of a product or an image is one axis in any order.
int RankOf(const Choice& choice, const Label& label) {
  int rank = 0;
  for (std::size_t i = 0; i < label.size(); ++i) {
    const Unit& unit = choice.units[At(label[i])];
    const bool is_one = choice.relation->freedom == Freedom::kMatrix ||
                        choice.relation->freedom == Freedom::kChannels;
    if (is_one && !choice.relation->axes[At(unit.axis)].row) continue;
    const bool goes_on = i > 0 && label[i] == label[i - 1] + 1 &&
                         choice.relation->GoesOn(unit.axis, choice.units[At(label[i - 1])].axis);
    if (!goes_on) ++rank;
  }
  return rank;
}

bool Choices::Allows(const Choice& choice, const Label& label) const {
  const auto count = static_cast<int>(choice.relation->axes.size());
  if (RankOf(choice, label) > std::max(kMaxRank, count)) return false;
  const auto axis_of = [&](int u) { return choice.units[At(u)].axis; };
  switch (choice.relation->freedom) {
    case Freedom::kAny:
      return true;
    case Freedom::kLastStays:
      return axis_of(label.back()) == count - 1;
    case Freedom::kMatrix: {
      bool rows_end = false;
      for (const int u : label) {
        const bool is_row = choice.relation->axes[At(axis_of(u))].row;
        if (is_row && rows_end) return false;
        rows_end = rows_end || !is_row;
      }
      return true;
    }
    case Freedom::kChannels: {
      std::size_t rows = 0;
      for (const Unit& unit : choice.units) {
        if (choice.relation->axes[At(unit.axis)].row) ++rows;
      }
      for (std::size_t i = 0; i < rows; ++i) {
        if (label[i] != static_cast<int>(i)) return false;
      }
      return true;
    }
    case Freedom::kSource:
      return false;
  }
  return false;
}

// The number of an order among those of the tensor; a new one is told to the tensor's nodes.
int Choices::Intern(int tensor, Order order) {
  auto& known = orders_[At(tensor)];
  const auto found = std::ranges::find(known, order);
  const auto number = found - known.begin();
  if (found == known.end()) {
    news_.push_back({tensor, known.size()});
    known.push_back(std::move(order));
  }
  return static_cast<int>(number);
}

// Notes in which orders the node makes and wants its tensors under a label that is new.
void Choices::Announce(int node, int label) {
  const Choice& choice = nodes_[At(node)];
  const bool is_last = At(node) + 1 == nodes_.size();
  const ir::Op* op = choice.op.valid() ? &graph_.op(choice.op)
                     : is_last         ? &graph_.op(graph_.return_op())
                                       : nullptr;
  for (int k = 0; op != nullptr && k < op->input_count(); ++k) {
    const ValueId value = op->input(k);
    const int tensor = value.valid() ? forms_.form(value).tensor : kNoTensor;
    if (tensor == kNoTensor) continue;
    // Readers are in the order in which they were added.
    auto& readers = problem_.tensors[At(tensor)].consumers;
    const auto port =
        std::ranges::lower_bound(readers, std::pair(node, k), {},
                                 [](const Problem::Port& p) { return std::pair(p.node, p.place); });
    if (port == readers.end() || port->node != node) continue;
    port->orders.push_back(Intern(tensor, OperandOrder(choice, label, k)));
  }
  const auto made = [&](ValueId value, int result) {
    const int tensor = forms_.form(value).tensor;
    if (tensor == kNoTensor) return;
    problem_.tensors[At(tensor)].producer.orders.push_back(
        Intern(tensor, ResultOrder(choice, label, result)));
  };
  const std::span<const ValueId> results = choice.op.valid() ? std::span<const ValueId>(op->results)
                                           : is_last         ? std::span<const ValueId>()
                                                             : graph_.inputs();
  for (std::size_t r = 0; r < results.size(); ++r) made(results[r], static_cast<int>(r));
}

void Choices::TakeUp(int node, bool is_result, int port, const Order& order) {
  Choice& choice = nodes_[At(node)];
  if (choice.units.empty() || choice.labels.size() >= kMaxLabels) return;
  if (is_result ? choice.relation->family == Family::kShape
                : choice.relation->IsSideOperand(port)) {
    return;
  }
  const auto axis_of = [&](int u) -> const IterationAxis& {
    return choice.relation->axes[At(choice.units[At(u)].axis)];
  };
  const auto label = LabelFor(
      choice.units, order,
      [&](const Unit& unit) -> const Axis& {
        return is_result ? unit.results[At(port)] : unit.operands[At(port)];
      },
      [&](int u) { return axis_of(u).row; },
      [&](int u) { return choice.relation->family == Family::kSplit && axis_of(u).cut; });
  if (!label || !Allows(choice, *label)) return;
  if (std::ranges::find(choice.labels, *label) != choice.labels.end()) return;
  choice.labels.push_back(*label);
  Announce(node, static_cast<int>(choice.labels.size()) - 1);
}

void Choices::Spread() {
  orders_.resize(forms_.tensors().size());
  for (std::size_t node = 0; node < nodes_.size(); ++node) Announce(static_cast<int>(node), 0);
  for (std::size_t i = 0; i < news_.size(); ++i) {
    const int tensor = news_[i].tensor;
    const Order order = orders_[At(tensor)][news_[i].order];
    const Problem::Tensor& ports = problem_.tensors[At(tensor)];
    TakeUp(ports.producer.node, true, ports.producer.place, order);
    for (const Problem::Port& reader : ports.consumers) {
      TakeUp(reader.node, false, reader.place, order);
    }
  }
}

}  // namespace smelt::passes::layout
