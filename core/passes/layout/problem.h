// Problem: which order each operator works in, as plain numbers.
//
// A node is an operator with a choice of labels. A tensor is made by one node and read by others;
// under each of its labels a node makes or wants the tensor in some order, a small number that
// means something for that tensor only. A tensor is copied once for each order that is wanted and
// not made, at its weight or one more (PriceOf). The labelling of least cost is what the solver
// looks for.
#pragma once

#include <absl/container/inlined_vector.h>
#include <cstdint>
#include <utility>
#include <vector>

namespace smelt::passes::layout {

struct Problem {
  struct Node {
    absl::InlinedVector<std::int64_t, 2>
        costs;  // by label: what the choice costs by itself, not negative; at least one
  };
  using Orders = absl::InlinedVector<int, 4>;  // by label
  // What one node does with a tensor.
  struct Port {
    Port() = default;
    Port(int of, Orders by_label, int at = 0) : node(of), place(at), orders(std::move(by_label)) {}
    int node = 0;
    int place = 0;  // which of its operands or results; for who builds the problem
    Orders orders;
  };
  struct Tensor {
    Port producer;
    absl::InlinedVector<Port, 1> consumers;
    std::int64_t weight = 0;  // of one copy
    Orders innermost;         // by order: what is stored side by side; may be left empty

    // Of a copy from one order to another: it costs more by one where pieces that are side by side
    // come apart, since it then moves single elements.
    std::int64_t PriceOf(int made, int wanted) const {
      if (innermost.empty()) return weight;
      const auto at = [&](int order) { return innermost[static_cast<std::size_t>(order)]; };
      return weight + (at(made) == at(wanted) ? 0 : 1);
    }
  };
  std::vector<Node> nodes;
  std::vector<Tensor> tensors;
};

using Labelling = std::vector<int>;  // by node

std::int64_t CostOf(const Problem& problem, const Labelling& labels);
// Of one tensor: the prices of its copies.
std::int64_t CostOf(const Problem::Tensor& tensor, const Labelling& labels);

}  // namespace smelt::passes::layout
