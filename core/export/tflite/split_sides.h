// The cheapest way to send operators to one side of a cut or the other, by a minimum cut: nobody
// comes before what it needs, and the bytes that cross are the fewest possible.
#pragma once

#include <cstdint>
#include <vector>

#include "core/export/tflite/split_graph.h"

namespace smelt::tflite_export {

enum class Side : std::uint8_t { kBefore, kBehind };

// For each of `free`, whether it comes before the cut. `sides`, by unit, is where all others are,
// each behind what it needs. Empty when the search took too many steps and was given up.
std::vector<bool> CheapestSides(const SplitGraph& graph, const std::vector<Side>& sides,
                                const std::vector<std::uint32_t>& free);

}  // namespace smelt::tflite_export
