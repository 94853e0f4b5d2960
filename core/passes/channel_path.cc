#include "core/passes/channel_path.h"

#include <algorithm>
#include <cmath>

namespace smelt::passes {
namespace {

using ir::Dim;
using ir::OpKind;
using ir::Shape;

std::optional<std::vector<std::int64_t>> Ints(const ir::Graph& graph, ir::ValueId id) {
  const ir::Constant* constant = graph.constant(id);
  return constant != nullptr ? constant->AsInts() : std::nullopt;
}

std::optional<int> BehindTranspose(const ir::Graph& graph, const ir::Op& op, int axis) {
  const auto permutation = Ints(graph, op.input(1));
  if (!permutation.has_value()) return std::nullopt;
  const auto found = std::find(permutation->begin(), permutation->end(), axis);
  if (found == permutation->end()) return std::nullopt;
  return static_cast<int>(found - permutation->begin());
}

// A reshape that only adds or drops axes of size 1 keeps the order of the others.
std::optional<int> BehindReshape(const Shape& before, const Shape& after, int axis) {
  if (before.dim(axis) == Dim(1)) return std::nullopt;  // which of the new ones it is can't be told
  const auto others = [](const Shape& shape) {
    std::vector<int> axes;
    for (int i = 0; i < shape.rank(); ++i) {
      if (shape.dim(i) != Dim(1)) axes.push_back(i);
    }
    return axes;
  };
  const std::vector<int> from = others(before);
  const std::vector<int> to = others(after);
  if (from.size() != to.size()) return std::nullopt;
  std::optional<int> found;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (before.dim(from[i]) != after.dim(to[i])) return std::nullopt;
    if (from[i] == axis) found = to[i];
  }
  return found;
}

// A slice that takes all channels in order.
std::optional<int> BehindSlice(const ir::Graph& graph, const ir::Op& op, int axis) {
  const Shape& before = graph.type(op.input(0)).shape;
  const Shape& after = graph.type(op.result()).shape;
  if (before.rank() != after.rank() || before.dim(axis) != after.dim(axis)) return std::nullopt;
  if (op.kind == OpKind::kSlice) return axis;
  for (const char* mask : {"ellipsis_mask", "new_axis_mask", "shrink_axis_mask"}) {
    if (op.attrs.Int(mask) != 0) return std::nullopt;
  }
  const auto strides = Ints(graph, op.input(3));
  const auto at = static_cast<std::size_t>(axis);
  if (!strides.has_value() || at >= strides->size() || (*strides)[at] != 1) return std::nullopt;
  return axis;
}

}  // namespace

std::optional<int> ChannelAxisBehind(const ir::Graph& graph, const ir::Op& op, int axis) {
  if (op.kind == OpKind::kTranspose) return BehindTranspose(graph, op, axis);
  if (op.kind == OpKind::kReshape || op.kind == OpKind::kSqueeze ||
      op.kind == OpKind::kExpandDims) {
    return BehindReshape(graph.type(op.input(0)).shape, graph.type(op.result()).shape, axis);
  }
  if (op.kind == OpKind::kSlice || op.kind == OpKind::kStridedSlice) {
    return BehindSlice(graph, op, axis);
  }
  return std::nullopt;
}

std::optional<std::vector<double>> PerChannel(const ir::Constant& constant, int rank, int axis,
                                              std::int64_t channels) {
  const int added = rank - constant.rank();  // axes in front that the constant lacks
  if (added < 0) return std::nullopt;
  for (int i = 0; i < constant.rank(); ++i) {
    const std::int64_t size = constant.shape()[static_cast<std::size_t>(i)];
    if (size != 1 && (i + added != axis || size != channels)) return std::nullopt;
  }
  std::optional<std::vector<double>> values = constant.AsDoubles();
  if (!values.has_value() ||
      !std::all_of(values->begin(), values->end(), [](double v) { return std::isfinite(v); })) {
    return std::nullopt;
  }
  if (values->size() == 1) values->resize(static_cast<std::size_t>(channels), values->front());
  return values;
}

}  // namespace smelt::passes
