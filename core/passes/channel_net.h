// Steps that move channels, as far as they hang together, and which channels each of their results
// holds. Pure functions of the graph.
#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "core/passes/channel_step.h"

namespace smelt::passes {

// Channel `index` of source `source` of the net.
struct RoutedChannel {
  std::uint32_t source = 0;
  std::int32_t index = 0;
  friend auto operator<=>(const RoutedChannel&, const RoutedChannel&) = default;
};
using ChannelRoute = std::vector<RoutedChannel>;

// A result of the net that something outside of it reads.
struct NetResult {
  ir::ValueId value;
  std::size_t step = 0;          // that makes it
  std::vector<ir::Use> readers;  // outside
  ChannelRoute route;
};

struct ChannelNet {
  int axis = 0;
  std::vector<ChannelStep> steps;    // each behind those that it reads
  std::vector<ir::ValueId> sources;  // read by the net and not made by it
  std::vector<NetResult> results;    // in the order of steps
  std::uint64_t channels_moved = 0;  // by all steps
};

// Finds nets. Each operator is looked at once for all nets of the graph.
class ChannelNetSearch {
 public:
  explicit ChannelNetSearch(const ir::Graph& graph) : graph_(graph) {}

  // The net of all steps along the same axis that hang together with the step from `first`. Without
  // steps when that one is in a net that was found before, or when the net is too large to follow.
  ChannelNet From(ir::OpId first);

 private:
  void Visit(ir::OpId first, ChannelNet& net);
  void VisitNeighbours(std::size_t step, ChannelNet& net);
  // Puts the steps in order and follows the channels through them.
  void Follow(ChannelNet& net) const;

  const ir::Graph& graph_;
  std::set<std::pair<ir::OpId, int>> seen_;  // first operators of steps, and the axis asked for
};

}  // namespace smelt::passes
