// Cuts that were asked for by tensor: what a tensor needs comes before its cut, what needs it comes
// behind, and all other operators go where the fewest bytes cross.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/export/tflite/split_graph.h"
#include "core/ir/diagnostic.h"

namespace smelt::tflite_export {

struct AskedCuts {
  std::vector<std::uint32_t> order;       // units
  std::vector<std::size_t> ends;          // positions of the order; its size is the last
  std::vector<std::size_t> program_ends;  // the same cuts where program order is kept
};

// A name is that of a tensor in the artifact, or of an output in its signature.
// kUnknownTensorName, in `diagnostics`, for each one that is no result of an operator. Leaves off
// when it is cancelled.
AskedCuts CutsAt(const SplitGraph& graph, const std::vector<std::string>& tensors,
                 const CancelToken& cancel, ir::Diagnostics& diagnostics);

}  // namespace smelt::tflite_export
