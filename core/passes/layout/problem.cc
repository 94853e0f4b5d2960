#include "core/passes/layout/problem.h"

#include <algorithm>
#include <cstddef>

namespace smelt::passes::layout {
namespace {

int OrderOf(const Problem::Port& port, const Labelling& labels) {
  return port.orders[static_cast<std::size_t>(labels[static_cast<std::size_t>(port.node)])];
}

}  // namespace

std::int64_t CostOf(const Problem::Tensor& tensor, const Labelling& labels) {
  absl::InlinedVector<int, 8> copies;
  std::int64_t cost = 0;
  const int made = OrderOf(tensor.producer, labels);
  for (const Problem::Port& consumer : tensor.consumers) {
    const int wanted = OrderOf(consumer, labels);
    if (wanted == made || std::ranges::find(copies, wanted) != copies.end()) continue;
    copies.push_back(wanted);
    cost += tensor.PriceOf(made, wanted);
  }
  return cost;
}

std::int64_t CostOf(const Problem& problem, const Labelling& labels) {
  std::int64_t cost = 0;
  for (std::size_t i = 0; i < problem.nodes.size(); ++i) {
    cost += problem.nodes[i].costs[static_cast<std::size_t>(labels[i])];
  }
  for (const Problem::Tensor& tensor : problem.tensors) cost += CostOf(tensor, labels);
  return cost;
}

}  // namespace smelt::passes::layout
