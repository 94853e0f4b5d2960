#include "core/passes/channel_step.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/passes/channel_shuffle.h"

namespace smelt::passes {
namespace {

using ir::Dim;
using ir::Graph;
using ir::Op;
using ir::OpId;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;
using Ints = std::vector<std::int64_t>;
using Channels = std::vector<std::int32_t>;

std::optional<Ints> IntsOf(const Graph& graph, ValueId value) {
  const ir::Constant* constant = graph.constant(value);
  return constant != nullptr ? constant->AsInts() : std::nullopt;
}

// begin, begin + stride, ...
Channels Run(std::int64_t begin, std::int64_t size, std::int64_t stride = 1) {
  Channels channels;
  channels.reserve(static_cast<std::size_t>(size));
  for (std::int64_t i = 0; i < size; ++i) {
    channels.push_back(static_cast<std::int32_t>(begin + i * stride));
  }
  return channels;
}

bool FromConcatenation(const Graph& graph, const Op& op, ChannelStep& step) {
  const Shape& shape = graph.type(op.result()).shape;
  const auto axis = ir::NormalizeAxis(op.attrs.Int("axis"), shape.rank());
  if (!axis || !CountsChannels(shape.dim(*axis))) return false;
  if (op.attrs.String("fused_activation_function", "NONE") != "NONE") return false;
  step.axis = *axis;
  for (const Op::Operand& operand : op.operands) {
    if (!graph.type(operand.value).shape.dim(*axis).is_static()) return false;
    step.operands.push_back(operand.value);
  }
  step.channels.push_back(Run(0, shape.dim(*axis).value()));
  return true;
}

// SPLIT takes its axis first, SPLIT_V last.
bool FromSplit(const Graph& graph, const Op& op, ChannelStep& step) {
  const bool even = op.kind == OpKind::kSplit;
  const ValueId x = op.input(even ? 1 : 0);
  const Shape& shape = graph.type(x).shape;
  const auto axes = IntsOf(graph, op.input(even ? 0 : 2));
  if (!axes || axes->size() != 1) return false;
  const auto axis = ir::NormalizeAxis(axes->front(), shape.rank());
  if (!axis || !CountsChannels(shape.dim(*axis))) return false;
  step.axis = *axis;
  step.operands = {x};
  std::int64_t begin = 0;
  for (const ValueId part : op.results) {
    const Dim size = graph.type(part).shape.dim(*axis);
    if (!size.is_static() || size.value() > shape.dim(*axis).value() - begin) return false;
    step.channels.push_back(Run(begin, size.value()));
    begin += size.value();
  }
  return true;
}

// SLICE and STRIDED_SLICE that take the whole of every axis but one.
bool FromSlice(const Graph& graph, const Op& op, ChannelStep& step) {
  const bool strided = op.kind == OpKind::kStridedSlice;
  const Shape& before = graph.type(op.input(0)).shape;
  const Shape& after = graph.type(op.result()).shape;
  const auto begin = IntsOf(graph, op.input(1));
  const auto strides = strided ? IntsOf(graph, op.input(3)) : Ints(begin ? begin->size() : 0, 1);
  const auto rank = static_cast<std::size_t>(before.rank());
  if (!begin || !strides || begin->size() != rank || strides->size() != rank) return false;
  for (const char* mask : {"ellipsis_mask", "new_axis_mask", "shrink_axis_mask", "begin_mask"}) {
    if (op.attrs.Int(mask) != 0) return false;
  }
  std::optional<int> cut;
  for (int axis = 0; axis < before.rank(); ++axis) {
    if (before.dim(axis) == after.dim(axis) && (*strides)[static_cast<std::size_t>(axis)] == 1) {
      continue;
    }
    if (cut) return false;
    cut = axis;
  }
  if (!cut || !CountsChannels(before.dim(*cut)) || !CountsChannels(after.dim(*cut))) return false;
  const auto at = static_cast<std::size_t>(*cut);
  const std::int64_t size = before.dim(*cut).value();
  const std::int64_t count = after.dim(*cut).value();
  std::int64_t first = (*begin)[at];
  if (strided && first < 0) first += size;
  const std::int64_t stride = (*strides)[at];
  if (std::abs(stride) > size || count == 0) return false;
  const std::int64_t last = first + (count - 1) * stride;
  if (first < 0 || first >= size || last < 0 || last >= size) return false;
  step.axis = *cut;
  step.operands = {op.input(0)};
  step.channels.push_back(Run(first, count, stride));
  return true;
}

bool FromGather(const Graph& graph, const Op& op, ChannelStep& step) {
  const ValueId x = op.input(0);
  const Shape& shape = graph.type(x).shape;
  const auto axis = ir::NormalizeAxis(op.attrs.Int("axis"), shape.rank());
  const ir::Constant* indices = graph.constant(op.input(1));
  if (!axis || op.attrs.Int("batch_dims") != 0 || indices == nullptr) return false;
  if (shape.rank() < 2 || !CountsChannels(shape.dim(*axis)) || indices->rank() != 1) return false;
  if (indices->element_count() > kMostChannels) return false;
  const auto taken = indices->AsInts();
  if (!taken || taken->empty()) return false;
  Channels& channels = step.channels.emplace_back();
  for (const std::int64_t index : *taken) {
    if (index < 0 || index >= shape.dim(*axis).value()) return false;
    channels.push_back(static_cast<std::int32_t>(index));
  }
  step.axis = *axis;
  step.operands = {x};
  return true;
}

bool Match(const Graph& graph, OpId first, ChannelStep& step) {
  const Op& op = graph.op(first);
  switch (op.kind) {
    case OpKind::kConcatenation:
      return FromConcatenation(graph, op, step);
    case OpKind::kSplit:
    case OpKind::kSplitV:
      return FromSplit(graph, op, step);
    case OpKind::kSlice:
    case OpKind::kStridedSlice:
      return FromSlice(graph, op, step);
    case OpKind::kGather:
      return FromGather(graph, op, step);
    case OpKind::kReshape:
      if (auto shuffle = ChannelShuffleFrom(graph, first)) {
        step.axis = shuffle->axis;
        step.ops.assign(shuffle->ops.begin(), shuffle->ops.end());
        step.operands = {op.input(0)};
        step.channels.push_back(std::move(shuffle->channels));
        return true;
      }
      return false;
    default:
      return false;
  }
}

}  // namespace

std::size_t ChannelStep::ChannelCount() const {
  std::size_t count = 0;
  for (const Channels& of_result : channels) count += of_result.size();
  return count;
}

bool ChannelStep::KeepsOrder() const {
  return std::ranges::all_of(
      channels, [](const Channels& of_result) { return std::ranges::is_sorted(of_result); });
}

std::optional<ChannelStep> ChannelStepFrom(const Graph& graph, OpId first) {
  ChannelStep step;
  step.ops = {first};
  if (!Match(graph, first, step)) return std::nullopt;
  const auto& results = graph.op(step.ops.back()).results;
  step.results.assign(results.begin(), results.end());
  return step;
}

OpId FirstOfStepMaking(const Graph& graph, ValueId value) {
  OpId at = graph.value(value).producer;
  if (!at.valid() || graph.op(at).kind != OpKind::kReshape) return at;
  for (const OpKind before : {OpKind::kTranspose, OpKind::kReshape}) {
    at = graph.value(graph.op(at).input(0)).producer;
    if (!at.valid() || graph.op(at).kind != before) return {};
  }
  return at;
}

}  // namespace smelt::passes
