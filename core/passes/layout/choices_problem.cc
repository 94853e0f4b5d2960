// What the choices cost: the problem as the solver reads it.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "core/ir/fused_activation.h"
#include "core/passes/layout/choices.h"

namespace smelt::passes::layout {
namespace {

using ir::ValueId;

std::size_t At(int index) { return static_cast<std::size_t>(index); }

}  // namespace

int Choices::Intern(int tensor, const Order& order) {
  auto& known = orders_[At(tensor)];
  const auto found = std::ranges::find(known, order);
  const auto number = static_cast<int>(found - known.begin());
  if (found == known.end()) known.push_back(order);
  return number;
}

// Bytes read and written by a copy, and a constant for the operator itself. A named dimension that
// is not known counts as 16.
std::int64_t Choices::Weight(ValueId value) const {
  constexpr std::int64_t kPerOperator = 8192;
  constexpr std::int64_t kUnknown = 16;
  constexpr std::int64_t kLargest = std::int64_t{1} << 40;
  const ir::TensorType& type = graph_.type(value);
  std::int64_t bytes = std::max<std::int64_t>(1, ir::ElementBits(type.dtype) / 8);
  for (const ir::Dim dim : type.shape) {
    std::int64_t size = dim.is_static() ? dim.value() : kUnknown;
    if (dim.is_symbol()) {
      std::map<std::string, std::int64_t> bindings;
      for (const std::string& name : module_.symbols().NamesIn(dim)) bindings[name] = kUnknown;
      size = module_.symbols().Evaluate(dim, bindings).value_or(kUnknown);
    }
    size = std::max<std::int64_t>(size, 1);
    bytes = size > kLargest / bytes ? kLargest : bytes * size;
  }
  return 2 * bytes + kPerOperator;
}

// True when the maker's kernel would compute the activation as well, were there no copy between.
bool Choices::IsBeforeItsActivation(int tensor) const {
  const ir::OpId maker = nodes_[At(producer(tensor))].op;
  const std::vector<Reader>& readers = readers_[At(tensor)];
  if (!maker.valid() || readers.size() != 1) return false;
  const ir::OpId reader = nodes_[At(readers.front().node)].op;
  return reader.valid() && ir::FusedActivationName(graph_.op(reader).kind).has_value() &&
         ir::CanFuseActivation(graph_, graph_.op(maker));
}

// Far less than a copy: of labels that need the same copies, one that cuts or joins longer pieces.
std::int64_t Choices::CostOfLabel(const Choice& choice, const Label& label) const {
  if (choice.units.empty()) return 0;
  const Family family = choice.relation->family;
  if (family != Family::kConcat && family != Family::kSplit) return 0;
  const auto is_cut = [&](int u) {
    return choice.relation->axes[At(choice.units[At(u)].axis)].whole;
  };
  return std::ranges::find_if(label, is_cut) - label.begin();
}

void Choices::BuildProblem() {
  problem_.nodes.reserve(nodes_.size());
  problem_.tensors.reserve(forms_.tensors().size());
  for (const Choice& choice : nodes_) {
    auto& costs = problem_.nodes.emplace_back().costs;
    for (const Label& label : choice.labels) costs.push_back(CostOfLabel(choice, label));
  }
  for (std::size_t t = 0; t < forms_.tensors().size(); ++t) {
    const int number = static_cast<int>(t);
    Problem::Tensor tensor;
    const auto [maker, result] = producers_[t];
    tensor.producer.node = maker;
    const Choice& made = nodes_[At(maker)];
    for (int l = 0; l < static_cast<int>(made.labels.size()); ++l) {
      tensor.producer.orders.push_back(Intern(number, ResultOrder(made, l, result)));
    }
    for (const Reader& reader : readers_[t]) {
      Problem::Port port{reader.node, {}};
      const Choice& choice = nodes_[At(reader.node)];
      // SHAPE takes the tensor as it is.
      if (choice.relation != nullptr && choice.relation->family == Family::kShape) continue;
      for (int l = 0; l < static_cast<int>(choice.labels.size()); ++l) {
        port.orders.push_back(Intern(number, OperandOrder(choice, l, reader.operand)));
      }
      tensor.consumers.push_back(std::move(port));
    }
    // Of copies that cost the same, not the one that would part an operator from its activation.
    tensor.weight = Weight(forms_.tensors()[t]) + (IsBeforeItsActivation(number) ? 1 : 0);
    for (const Order& order : orders_[t]) {
      tensor.innermost.push_back(order.empty() ? -1 : order.back());
    }
    problem_.tensors.push_back(std::move(tensor));
  }
}

}  // namespace smelt::passes::layout
