// FusionMove: decides for each node of a proposal, all at once, whether it takes the proposed
// label.
#pragma once

#include <cstdint>
#include <vector>

#include "core/passes/layout/problem.h"

namespace smelt::passes::layout {

struct Proposed {
  int node = 0;
  int label = 0;  // differs from the present one
};

class FusionMove {
 public:
  explicit FusionMove(const Problem& problem)
      : problem_(problem), variables_(problem.nodes.size()) {}

  // The nodes that should switch. `tensors`: those that the proposal's nodes touch. `steps` counts
  // edge visits, at most `limit` of them.
  std::vector<Proposed> CheapestSwitches(const Labelling& present,
                                         const std::vector<Proposed>& proposal,
                                         const std::vector<int>& tensors, std::uint64_t limit,
                                         std::uint64_t* steps);

  // What the cut decides of a node.
  struct Variable {
    int cut_node = 0;  // 0, which is the source: the node has no choice
    int label = 0;     // the proposed one
  };

 private:
  const Problem& problem_;
  std::vector<Variable> variables_;  // by node; all without a choice between two moves
};

}  // namespace smelt::passes::layout
