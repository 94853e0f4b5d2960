#include "core/passes/channel_plan.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

namespace smelt::passes {
namespace {

// Of one reading: an operator each, which had better not be many.
constexpr std::size_t kMostPieces = 16;

std::vector<ChannelPiece> PiecesOf(const ChannelRoute& route) {
  std::vector<ChannelPiece> pieces;
  for (const RoutedChannel& channel : route) {
    const bool goes_on = !pieces.empty() && pieces.back().source == channel.source &&
                         pieces.back().begin + pieces.back().size == channel.index;
    if (goes_on) {
      ++pieces.back().size;
    } else {
      pieces.push_back({channel.source, channel.index, 1});
    }
  }
  return pieces;
}

// The route's positions, those of one source together and in its order: the source with most of
// them first, else as they appear.
std::vector<std::int32_t> OrderBySource(const ChannelRoute& route) {
  struct Share {
    std::int64_t missing = 0;  // minus how many channels
    std::size_t appears = 0;
    auto operator<=>(const Share&) const = default;
  };
  std::map<std::uint32_t, Share> shares;
  for (const RoutedChannel& channel : route) {
    --shares.try_emplace(channel.source, Share{0, shares.size()}).first->second.missing;
  }
  std::vector<std::pair<Share, RoutedChannel>> keys;
  for (const RoutedChannel& channel : route) keys.push_back({shares[channel.source], channel});
  std::vector<std::int32_t> order(route.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {},
                           [&](std::int32_t i) { return keys[static_cast<std::size_t>(i)]; });
  return order;
}

// Nothing when the readers need an order that the sources do not have.
std::optional<ChannelReading> ReadingOf(const ir::Graph& graph, const NetResult& result, int axis) {
  ChannelReading reading{PiecesOf(result.route), {}, {}};
  std::vector<std::int32_t> order = OrderBySource(result.route);
  ChannelRoute sorted;
  for (const std::int32_t i : order) sorted.push_back(result.route[static_cast<std::size_t>(i)]);
  std::vector<ChannelPiece> pieces = PiecesOf(sorted);
  if (pieces.size() >= reading.pieces.size()) return reading;
  auto readers = FreeReadersOf(graph, result.readers, axis);
  if (!readers) return std::nullopt;
  return ChannelReading{std::move(pieces), std::move(order), *std::move(readers)};
}

// What joining the pieces copies.
std::uint64_t ChannelsJoined(const ChannelReading& reading) {
  std::vector<std::uint64_t> sizes;
  for (const ChannelPiece& piece : reading.pieces) {
    sizes.push_back(static_cast<std::uint64_t>(piece.size));
  }
  std::uint64_t joined = 0;
  while (sizes.size() > 1) {
    const std::size_t count = OperandsOfNextJoin(reading, sizes.size());
    const auto from = sizes.end() - static_cast<std::ptrdiff_t>(count);
    const std::uint64_t size = std::accumulate(from, sizes.end(), std::uint64_t{0});
    sizes.erase(from, sizes.end());
    sizes.push_back(size);
    joined += size;
  }
  return joined;
}

bool IsReturned(const ir::Graph& graph, const NetResult& result) {
  return std::ranges::any_of(result.readers,
                             [&](ir::Use use) { return use.op == graph.return_op(); });
}

bool HasQuantization(const ir::Graph& graph, const ChannelNet& net) {
  const auto is_quantized = [&](ir::ValueId value) { return !graph.value(value).quant.empty(); };
  return std::ranges::any_of(net.sources, is_quantized) ||
         std::ranges::any_of(net.steps, [&](const ChannelStep& step) {
           return std::ranges::any_of(step.results, is_quantized);
         });
}

}  // namespace

std::size_t OperandsOfNextJoin(const ChannelReading& reading, std::size_t left) {
  return reading.order.empty() ? left : std::min(left, kMostJoined);
}

bool IsWholeSource(const ir::Graph& graph, const ChannelNet& net, const ChannelPiece& piece) {
  const ir::ValueId source = net.sources[piece.source];
  return graph.type(source).shape.dim(net.axis) == ir::Dim(std::int64_t{piece.size});
}

std::optional<std::vector<ChannelReading>> PlanReadings(const ir::Graph& graph,
                                                        const ChannelNet& net) {
  if (HasQuantization(graph, net)) return std::nullopt;
  std::vector<ChannelReading> readings;
  std::set<ChannelPiece> cut;
  std::uint64_t channels = 0;
  for (const NetResult& result : net.results) {
    std::optional<ChannelReading> reading = ReadingOf(graph, result, net.axis);
    if (!reading) return std::nullopt;
    const std::vector<ChannelPiece>& pieces = reading->pieces;
    if (pieces.empty() || pieces.size() > kMostPieces) return std::nullopt;
    for (const ChannelPiece& piece : pieces) {
      if (IsWholeSource(graph, net, piece) || !cut.insert(piece).second) continue;
      channels += static_cast<std::uint64_t>(piece.size);
    }
    channels += ChannelsJoined(*reading);
    // A result of the graph has a tensor of its own.
    if (pieces.size() == 1 && IsReturned(graph, result)) return std::nullopt;
    if (channels > net.channels_moved) return std::nullopt;
    readings.push_back(*std::move(reading));
  }
  const bool has_constant = std::ranges::any_of(
      net.sources, [&](ir::ValueId source) { return graph.value(source).is_constant(); });
  if (has_constant) return std::nullopt;
  return readings;
}

}  // namespace smelt::passes
