// How the results of a net of channel steps are put together from its sources without the net.
// Pure functions of the graph.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/passes/channel_net.h"
#include "core/passes/channel_reader.h"

namespace smelt::passes {

// Channels [begin, begin + size) of a source.
struct ChannelPiece {
  std::uint32_t source = 0;
  std::int32_t begin = 0;
  std::int32_t size = 0;
  friend auto operator<=>(const ChannelPiece&, const ChannelPiece&) = default;
};

// As many operands LiteRT's CPU delegate takes in a CONCATENATION (found by running such files in
// LiteRT 2.3); one of more cuts the graph. Longer ones join their last pieces first, which are
// the smallest.
inline constexpr std::size_t kMostJoined = 5;

struct ChannelReading {
  std::vector<ChannelPiece> pieces;  // one behind another; in another order, larger sources first
  // Where the result has each of their channels; empty: all where they are.
  std::vector<std::int32_t> order;
  FreeReaders readers;  // what follows that order
};

// A reading for each result of the net. Nothing when a reader needs shuffled channels, when one
// takes too many pieces, or when the pieces would be more to copy than what the net's steps copy.
std::optional<std::vector<ChannelReading>> PlanReadings(const ir::Graph& graph,
                                                        const ChannelNet& net);

// Of so many pieces left, how many of the last ones are joined next.
std::size_t OperandsOfNextJoin(const ChannelReading& reading, std::size_t left);

// True when the piece is all that its source has.
bool IsWholeSource(const ir::Graph& graph, const ChannelNet& net, const ChannelPiece& piece);

}  // namespace smelt::passes
