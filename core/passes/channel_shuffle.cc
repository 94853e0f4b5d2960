#include "core/passes/channel_shuffle.h"

namespace smelt::passes {
namespace {

using ir::Dim;
using ir::Graph;
using ir::OpId;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;
using Ints = std::vector<std::int64_t>;
using Channels = std::vector<std::int32_t>;

// What alone reads `value`, as its operand 0.
OpId OnlyReader(const Graph& graph, ValueId value, OpKind kind) {
  if (!graph.HasOneUse(value)) return {};
  const ir::Use use = graph.value(value).first_use;
  return use.operand == 0 && graph.op(use.op).kind == kind ? use.op : OpId{};
}

// Row-major indices of a tensor of `sizes`, in the order of its transposed elements.
Channels TransposedOrder(const Ints& sizes, const Ints& permutation, std::int64_t count) {
  Ints strides(sizes.size(), 1);
  for (std::size_t i = sizes.size(); i-- > 1;) strides[i - 1] = strides[i] * sizes[i];
  Channels channels;
  channels.reserve(static_cast<std::size_t>(count));
  for (std::int64_t at = 0; at < count; ++at) {
    std::int64_t rest = at;
    std::int64_t from = 0;
    for (std::size_t i = sizes.size(); i-- > 0;) {
      const auto axis = static_cast<std::size_t>(permutation[i]);
      from += rest % sizes[axis] * strides[axis];
      rest /= sizes[axis];
    }
    channels.push_back(static_cast<std::int32_t>(from));
  }
  return channels;
}

}  // namespace

std::optional<ChannelShuffle> ChannelShuffleFrom(const Graph& graph, OpId first) {
  const ValueId x = graph.op(first).input(0);
  const ValueId apart = graph.op(first).result();
  const OpId turn = OnlyReader(graph, apart, OpKind::kTranspose);
  if (!turn.valid()) return std::nullopt;
  const OpId last = OnlyReader(graph, graph.op(turn).result(), OpKind::kReshape);
  if (!last.valid() || !(graph.type(graph.op(last).result()) == graph.type(x))) return std::nullopt;
  const ir::Constant* permuted = graph.constant(graph.op(turn).input(1));
  const auto order = permuted != nullptr ? permuted->AsInts() : std::nullopt;
  const Shape& shape = graph.type(x).shape;
  const Shape& pieces = graph.type(apart).shape;
  int axis = 0;
  while (axis < shape.rank() && axis < pieces.rank() && shape.dim(axis) == pieces.dim(axis)) ++axis;
  if (!order || axis == shape.rank() || !CountsChannels(shape.dim(axis))) return std::nullopt;
  const std::int64_t count = shape.dim(axis).value();
  Ints sizes;
  for (std::int64_t product = 1; product < count;) {
    const Dim piece = pieces.dim(axis + static_cast<int>(sizes.size()));
    if (!CountsChannels(piece) || piece.value() == 0) return std::nullopt;
    sizes.push_back(piece.value());
    product *= piece.value();
    if (product > count) return std::nullopt;
  }
  Ints permutation;
  for (std::size_t i = 0; i < order->size(); ++i) {
    const std::int64_t piece = (*order)[i] - axis;
    const bool inside = piece >= 0 && piece < static_cast<std::int64_t>(sizes.size());
    const auto at = static_cast<std::int64_t>(i) - axis;
    if (inside != (at >= 0 && at < static_cast<std::int64_t>(sizes.size()))) return std::nullopt;
    if (!inside && piece != at) return std::nullopt;
    if (inside) permutation.push_back(piece);
  }
  return ChannelShuffle{axis, {first, turn, last}, TransposedOrder(sizes, permutation, count)};
}

}  // namespace smelt::passes
