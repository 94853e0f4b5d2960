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

// The nodes that should switch. `tensors`: those that the proposal's nodes touch. `steps` counts
// edge visits, at most `limit` of them.
std::vector<Proposed> CheapestSwitches(const Problem& problem, const Labelling& present,
                                       const std::vector<Proposed>& proposal,
                                       const std::vector<int>& tensors, std::uint64_t limit,
                                       std::uint64_t* steps);

}  // namespace smelt::passes::layout
