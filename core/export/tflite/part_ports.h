// What parts take and give, and what goes between them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/export/tflite/split_graph.h"
#include "core/export/tflite/split_plan.h"

namespace smelt::tflite_export {

// The part of these units, in program order: its operators, and its inputs and outputs, the whole's
// first, in its order. The sizes are not filled in.
PartPlan PortsOf(const ir::Module& module, const SplitGraph& graph,
                 const std::vector<std::uint32_t>& units);

// By unit its part. One edge a pair of parts, by the reader, then the writer.
std::vector<PartEdge> EdgesOf(const SplitGraph& graph, const std::vector<std::uint32_t>& part_of);

// Largest first.
std::vector<RepeatedConstant> RepeatedConstants(const SplitGraph& graph,
                                                const std::vector<std::uint32_t>& part_of);

}  // namespace smelt::tflite_export
