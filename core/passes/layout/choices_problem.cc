// What the choices cost: the problem as the solver reads it.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "core/base/min_cut.h"
#include "core/ir/fused_activation.h"
#include "core/passes/layout/choices.h"

namespace smelt::passes::layout {
namespace {

using ir::ValueId;

std::size_t At(int index) { return static_cast<std::size_t>(index); }

}  // namespace

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
  const Problem::Tensor& ports = problem_.tensors[At(tensor)];
  const ir::OpId maker = nodes_[At(ports.producer.node)].op;
  if (!maker.valid() || ports.consumers.size() != 1) return false;
  const ir::OpId reader = nodes_[At(ports.consumers.front().node)].op;
  return reader.valid() && ir::FusedActivationName(graph_.op(reader).kind).has_value() &&
         graph_.HasOneUse(forms_.tensors()[At(tensor)]) &&
         ir::CanFuseActivation(graph_, graph_.op(maker));
}

// A tie cost: of labels that need the same copies, one that cuts or joins longer pieces.
std::int64_t Choices::CostOfLabel(const Choice& choice, const Label& label) const {
  if (choice.units.empty()) return 0;
  const auto is_cut = [&](int u) {
    return choice.relation->axes[At(choice.units[At(u)].axis)].cut;
  };
  const auto place = std::ranges::find_if(label, is_cut);
  return place == label.end() ? 0 : place - label.begin();
}

void Choices::AddCosts() {
  std::int64_t ties = 1;  // all of them at once
  double weights = 1;
  problem_.nodes.reserve(nodes_.size());
  for (const Choice& choice : nodes_) {
    auto& costs = problem_.nodes.emplace_back().costs;
    for (const Label& label : choice.labels) costs.push_back(CostOfLabel(choice, label));
    ties += *std::ranges::max_element(costs);
  }
  for (std::size_t t = 0; t < problem_.tensors.size(); ++t) {
    Problem::Tensor& tensor = problem_.tensors[t];
    tensor.weight = Weight(forms_.tensors()[t]);
    for (const Order& order : orders_[t]) {
      tensor.innermost.push_back(order.empty() ? -1 : order.back());
    }
    const auto copies = static_cast<std::int64_t>(tensor.consumers.size());
    ties += 2 * copies;  // one of ScaleWeights, one of Problem::Tensor::PriceOf
    weights += static_cast<double>(tensor.weight) * static_cast<double>(copies);
  }
  constexpr auto kMost = static_cast<double>(MinCut::kInfinite / 8);
  ScaleWeights(
      static_cast<std::int64_t>(std::clamp(kMost / weights, 1.0, static_cast<double>(ties))));
}

// So that no sum of ties, costs that decide between labellings whose copies weigh the same,
// outweighs one byte of a copy; unless all copies together are beyond 2^58 / ties: then the scale
// is what fits, at least 1, and ties that outweigh a byte must be as many as the scale.
void Choices::ScaleWeights(std::int64_t scale) {
  for (std::size_t t = 0; t < problem_.tensors.size(); ++t) {
    std::int64_t& weight = problem_.tensors[t].weight;
    weight *= scale;
    // Of copies that cost the same, not the one that would part an operator from its activation.
    if (IsBeforeItsActivation(static_cast<int>(t))) ++weight;
  }
}

}  // namespace smelt::passes::layout
