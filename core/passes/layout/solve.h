// Solve: a labelling of low cost by fusion moves.
//
// A proposal is a labelling in which neighbours agree as far as they can, grown from one node with
// one label. One move fuses it with the best labelling so far: each node keeps its label or takes
// the proposal's, decided for all nodes at once by a minimum cut. Where the proposal's neighbours
// agree on each tensor, the cut counts exactly what the labelling will cost, copies that several
// readers share included; so with two orders a tensor the first round finds an optimum.
// Afterwards single nodes are tried. Deterministic; the work is bounded by counted steps.
#pragma once

#include <cstdint>

#include "core/passes/layout/problem.h"

namespace smelt::passes::layout {

struct SolveLimits {
  std::uint64_t steps = std::uint64_t{1} << 28;  // edges visited, about a second of work
};

struct Solution {
  Labelling labels;
  std::int64_t cost = 0;
  int moves = 0;         // that lowered the cost
  bool bounded = false;  // the steps ran out: the best found so far
};

// `start` is a valid labelling; the result never costs more.
Solution Solve(const Problem& problem, const Labelling& start, const SolveLimits& limits = {});

}  // namespace smelt::passes::layout
