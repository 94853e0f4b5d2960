// Operators that move whole channels, the indices of one axis, and do nothing else. Pure functions
// of the graph.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/ir/graph.h"

namespace smelt::passes {

// CONCATENATION, SPLIT, SPLIT_V, SLICE, STRIDED_SLICE or GATHER along one axis of known sizes, or a
// channel shuffle: RESHAPE of the axis to several, TRANSPOSE of these among themselves, RESHAPE
// back.
struct ChannelStep {
  int axis = 0;
  std::vector<ir::OpId> ops;          // one, or a shuffle's three: each reads the one before it
  std::vector<ir::ValueId> operands;  // whose channels move
  std::vector<ir::ValueId> results;
  // Of each result: its channels, counted through the operands one behind another.
  std::vector<std::vector<std::int32_t>> channels;

  std::size_t ChannelCount() const;  // of all results
  // Every result's channels are in the operands' order.
  bool KeepsOrder() const;
};

// The step whose first operator is `first`.
std::optional<ChannelStep> ChannelStepFrom(const ir::Graph& graph, ir::OpId first);

// The first operator of the step whose last one makes `value`, if there is such a step.
ir::OpId FirstOfStepMaking(const ir::Graph& graph, ir::ValueId value);

}  // namespace smelt::passes
