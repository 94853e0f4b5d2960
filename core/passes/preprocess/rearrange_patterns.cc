// Blocks of an image that become channels, or channels that become blocks, spelled out as RESHAPE,
// TRANSPOSE and RESHAPE: pixel shuffle and its inverse. Only behind a kernel that works on channels
// last: elsewhere the spelled-out form moves the data once, and the operator would move it twice.
#include <algorithm>
#include <array>
#include <optional>

#include "core/ir/channel_order.h"
#include "core/passes/preprocess/rule.h"

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::Dim;
using ir::OpId;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;

// The axes of the tensor of rank 6 between the two RESHAPEs, and what TRANSPOSE makes of them.
struct BlockForm {
  bool to_space;        // channels become blocks
  bool channels_first;  // the image is [n, c, h, w]
  bool channel_major;   // a channel's pixels stay together (CRD), else a block's channels (DCR)
  int row, column;      // where the block's rows and columns are before TRANSPOSE
  int channel;
  std::array<std::int64_t, 6> permutation;
};

constexpr BlockForm kForms[] = {
    {true, true, true, 2, 3, 1, {0, 1, 4, 2, 5, 3}},   // PyTorch's pixel_shuffle
    {true, true, false, 1, 2, 3, {0, 3, 4, 1, 5, 2}},  // ONNX's DepthToSpace
    {true, false, false, 3, 4, 5, {0, 1, 3, 2, 4, 5}},
    {false, true, true, 3, 5, 1, {0, 1, 3, 5, 2, 4}},  // PyTorch's pixel_unshuffle
    {false, true, false, 3, 5, 1, {0, 3, 5, 1, 2, 4}},
    {false, false, false, 2, 4, 5, {0, 1, 3, 2, 4, 5}},
};

struct Blocks {
  const BlockForm* form = nullptr;
  std::int64_t size = 0;      // of a block, in rows and in columns
  std::int64_t channels = 0;  // of what has the blocks
  ValueId x;
  std::array<OpId, 3> ops;  // the root first
};

const ir::Op* Inner(const ir::Graph& graph, ValueId value, OpKind kind) {
  const OpId producer = graph.value(value).producer;
  if (!producer.valid() || !graph.HasOneUse(value) || graph.op(producer).kind != kind) {
    return nullptr;
  }
  return &graph.op(producer);
}

// The shape of the result, if both images are what the form says.
bool ShapesFit(const BlockForm& form, const Shape& x, const Shape& six, const Shape& y,
               std::int64_t size) {
  const auto at = [&](int axis) { return six.dim(axis); };
  const std::int64_t channels = at(form.channel).value();
  const Dim wide = channels * size * size;
  const auto times = [&](Dim dim) { return dim.is_static() ? Dim(dim.value() * size) : Dim(); };
  const Shape& small = form.to_space ? x : y;  // the image without blocks
  const Shape& large = form.to_space ? y : x;
  const int height = form.channels_first ? 2 : 1;
  const int channel = form.channels_first ? 1 : 3;
  if (small.dim(channel) != wide || large.dim(channel) != Dim(channels)) return false;
  if (small.dim(0) != large.dim(0) || small.dim(0) != at(0)) return false;
  // Of two unknown sizes one may follow from the number of elements, but not both.
  const bool rows = times(small.dim(height)) == large.dim(height);
  const bool columns = times(small.dim(height + 1)) == large.dim(height + 1);
  return rows && columns;
}

std::optional<Blocks> BlocksAt(const ir::Graph& graph, OpId root) {
  const ir::Op& last = graph.op(root);
  if (last.kind != OpKind::kReshape) return std::nullopt;
  const ir::Op* transpose = Inner(graph, last.input(0), OpKind::kTranspose);
  if (transpose == nullptr) return std::nullopt;
  const ir::Op* first = Inner(graph, transpose->input(0), OpKind::kReshape);
  if (first == nullptr) return std::nullopt;
  const Shape& x = graph.type(first->input(0)).shape;
  const Shape& six = graph.type(first->result()).shape;
  const Shape& y = graph.type(last.result()).shape;
  const ir::Constant* order = graph.constant(transpose->input(1));
  if (x.rank() != 4 || six.rank() != 6 || y.rank() != 4 || order == nullptr) return std::nullopt;
  const auto permutation = order->AsInts();
  if (!permutation) return std::nullopt;
  for (const BlockForm& form : kForms) {
    const Dim size = six.dim(form.row);
    if (!std::ranges::equal(*permutation, form.permutation) || size != six.dim(form.column) ||
        !size.is_static() || size.value() < 2 || !six.dim(form.channel).is_static()) {
      continue;
    }
    if (!ShapesFit(form, x, six, y, size.value())) continue;
    return Blocks{
        &form,
        size.value(),
        six.dim(form.channel).value(),
        first->input(0),
        {root, graph.value(last.input(0)).producer, graph.value(transpose->input(0)).producer}};
  }
  return std::nullopt;
}

// Channels last, or a view of it: what a convolution or a pool left, whatever single operand
// operators did to its elements.
bool IsChannelsLast(const ir::Graph& graph, ValueId x, bool channels_first) {
  for (OpId at = graph.value(x).producer; at.valid(); at = graph.value(x).producer) {
    const ir::Op& op = graph.op(at);
    switch (op.kind) {
      case OpKind::kConv2d:
      case OpKind::kDepthwiseConv2d:
      case OpKind::kTransposeConv:
      case OpKind::kMaxPool2d:
      case OpKind::kAveragePool2d:
        return !channels_first;
      case OpKind::kTranspose: {
        const ir::Constant* order = graph.constant(op.input(1));
        const auto permutation = order != nullptr ? order->AsInts() : std::nullopt;
        if (!channels_first || permutation != std::vector<std::int64_t>{0, 3, 1, 2}) return false;
        channels_first = false;
        break;
      }
      case OpKind::kRelu:
      case OpKind::kRelu6:
      case OpKind::kLeakyRelu:
      case OpKind::kPrelu:
      case OpKind::kTanh:
      case OpKind::kLogistic:
      case OpKind::kHardSwish:
      case OpKind::kGelu:
        break;
      default:
        return false;
    }
    x = op.input(0);
  }
  return false;
}

bool MatchBlocks(const ir::Graph& graph, OpId root, bool to_space, PatternMatch& match) {
  const auto blocks = BlocksAt(graph, root);
  if (!blocks || blocks->form->to_space != to_space) return false;
  if (!IsChannelsLast(graph, blocks->x, blocks->form->channels_first)) return false;
  match.x = blocks->x;
  match.ops.assign(blocks->ops.begin(), blocks->ops.end());
  match.changes_shape = true;
  return true;
}

bool MatchToSpace(const ir::Graph& graph, OpId root, PatternMatch& match) {
  return MatchBlocks(graph, root, true, match);
}

bool MatchToDepth(const ir::Graph& graph, OpId root, PatternMatch& match) {
  return MatchBlocks(graph, root, false, match);
}

ValueId RewriteBlocks(Builder& out, const ir::Graph& graph, const PatternMatch& match) {
  const Blocks blocks = *BlocksAt(graph, match.ops.front());
  const BlockForm& form = *blocks.form;
  const std::int64_t places = blocks.size * blocks.size;
  ValueId x = blocks.x;
  if (form.channels_first) x = out.Transpose(x, {0, 2, 3, 1});
  if (form.channel_major && form.to_space) x = TurnChannels(out, x, blocks.channels, places);
  x = out.Emit(form.to_space ? OpKind::kDepthToSpace : OpKind::kSpaceToDepth, {x},
               {{"block_size", blocks.size}});
  if (form.channel_major && !form.to_space) x = TurnChannels(out, x, places, blocks.channels);
  return form.channels_first ? out.Transpose(x, {0, 3, 1, 2}) : x;
}

constexpr PatternRule kRules[] = {
    {"depth_to_space_chain", "pattern_fusion_wave2",
     "Pixel shuffle by RESHAPE and TRANSPOSE becomes DEPTH_TO_SPACE.", MatchToSpace, RewriteBlocks},
    {"space_to_depth_chain", "pattern_fusion_wave2", "Its inverse becomes SPACE_TO_DEPTH.",
     MatchToDepth, RewriteBlocks},
};

}  // namespace

std::span<const PatternRule> RearrangePatterns() { return kRules; }

}  // namespace smelt::passes
