// Where to cut: the order of a graph's operators and its ends of parts, so that every part fits and
// few bytes cross. What crosses a cut is what was computed before it and is needed behind it.
//
// In one order the cheapest cuts are found exactly, in linear time. Operators then change sides at
// each cut by a minimum cut of the operators for which both sides have room: that never adds bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "core/export/tflite/split_graph.h"

namespace smelt::tflite_export {

struct Cuts {
  std::vector<std::uint32_t> order;  // units; every one behind what it needs
  std::vector<std::size_t> ends;     // of the parts, as positions of `order`; the last is its size
  std::uint64_t crossing_bytes = 0;
};

struct SplitBudget {
  std::uint64_t bytes = 0;  // of a part, by PartSize; one operator alone may always be a part
  std::size_t parts = 0;    // exactly; 0: as many as it takes
};

// Bytes that cross a cut before each position of the order; [0] and the last are 0.
std::vector<std::uint64_t> CrossingBytes(const SplitGraph& graph,
                                         const std::vector<std::uint32_t>& order);

// Program order, and the order in which a walk from the outputs back finds the operators: what one
// result needs stays together there.
std::vector<std::uint32_t> ProgramOrder(const SplitGraph& graph);
std::vector<std::uint32_t> DepthFirstOrder(const SplitGraph& graph);

// Each part is filled as far as it goes, and as far as leaves an operator for each of
// `budget.parts`. `fixed_ends` are cuts that stay, the end of the order
// included; the parts between them are cut further.
Cuts GreedyCuts(const SplitGraph& graph, const std::vector<std::uint32_t>& order,
                const std::vector<std::size_t>& fixed_ends, const SplitBudget& budget);

// The fewest crossing bytes in this order, then the fewest parts. No ends when `budget.parts` can't
// be had, and when it is cancelled. Takes memory for each of `budget.parts` times the order.
Cuts CheapestCuts(const SplitGraph& graph, const std::vector<std::uint32_t>& order,
                  const std::vector<std::size_t>& fixed_ends, const SplitBudget& budget,
                  const CancelToken& cancel);

// Moves operators between neighbouring parts where that saves bytes. Cuts of `fixed_ends` stay.
// Leaves off when it is cancelled.
void RefineCuts(const SplitGraph& graph, const std::vector<std::size_t>& fixed_ends,
                const SplitBudget& budget, const CancelToken& cancel, Cuts& cuts);

}  // namespace smelt::tflite_export
