#include "core/passes/channel_reader.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "core/passes/channel_path.h"

namespace smelt::passes {
namespace {

using ir::Dim;
using ir::Graph;
using ir::Op;
using ir::OpKind;
using ir::Shape;
using ir::Use;
using ir::ValueId;

// One operand's channels are summed over, weighted by constants: axes as operands have them.
struct Sum {
  OpKind kind;
  std::uint32_t data;
  int axis;
  std::uint32_t weights;
  int weights_axis;
};
constexpr Sum kSums[] = {
    {OpKind::kConv2d, 0, 3, 1, 3},
    {OpKind::kConv3d, 0, 4, 1, 3},
    {OpKind::kTransposeConv, 2, 3, 1, 3},
    {OpKind::kConv3dTranspose, 2, 4, 1, 4},
};

// Elementwise, of one operand.
constexpr OpKind kUnary[] = {
    OpKind::kAbs,       OpKind::kCeil,   OpKind::kCos,       OpKind::kElu,       OpKind::kExp,
    OpKind::kFloor,     OpKind::kGelu,   OpKind::kHardSwish, OpKind::kLeakyRelu, OpKind::kLog,
    OpKind::kLogistic,  OpKind::kNeg,    OpKind::kRelu,      OpKind::kRelu0To1,  OpKind::kRelu6,
    OpKind::kReluN1To1, OpKind::kRound,  OpKind::kRsqrt,     OpKind::kSign,      OpKind::kSin,
    OpKind::kSqrt,      OpKind::kSquare, OpKind::kTanh,
};

constexpr OpKind kBinary[] = {
    OpKind::kAdd,     OpKind::kSub,     OpKind::kMul, OpKind::kDiv,
    OpKind::kMaximum, OpKind::kMinimum, OpKind::kPow, OpKind::kPrelu,
};

class ReaderSearch {
 public:
  ReaderSearch(const Graph& graph, int axis) : graph_(graph), axis_(axis) {}

  bool Accept(Use use) {
    pending_.push_back({use, axis_});
    while (!pending_.empty()) {
      const Pending next = pending_.back();
      pending_.pop_back();
      if (!AcceptOne(next.use, next.axis)) return false;
    }
    return true;
  }

  FreeReaders found;

 private:
  struct Pending {
    Use use;
    int axis;
  };

  bool AcceptOne(Use use, int axis) {
    const Op& op = graph_.op(use.op);
    const Dim channels = graph_.type(op.input(static_cast<int>(use.operand))).shape.dim(axis);
    if (const auto* sum = std::ranges::find(kSums, op.kind, &Sum::kind); sum != std::end(kSums)) {
      return use.operand == sum->data && axis == sum->axis &&
             Follows({use.op, sum->weights}, sum->weights_axis, channels);
    }
    switch (op.kind) {
      case OpKind::kFullyConnected:
        return use.operand == 0 && axis + 1 == graph_.type(op.input(0)).shape.rank() &&
               op.attrs.String("weights_format", "DEFAULT") == "DEFAULT" &&
               Follows({use.op, 1}, 1, channels);
      case OpKind::kBatchMatmul:
        return AcceptProduct(use, axis, channels);
      case OpKind::kDepthwiseConv2d:
        return use.operand == 0 && axis == 3 && op.attrs.Int("depth_multiplier") == 1 &&
               Follows({use.op, 1}, 3, channels) &&
               (!op.input(2).valid() || Follows({use.op, 2}, 0, channels)) && Pass(op, axis);
      case OpKind::kMaxPool2d:
      case OpKind::kAveragePool2d:
      case OpKind::kResizeBilinear:
      case OpKind::kResizeNearestNeighbor:
        return use.operand == 0 && axis == 3 && Pass(op, axis);
      case OpKind::kPad:
      case OpKind::kPadv2:
      case OpKind::kMirrorPad:
        return use.operand == 0 && graph_.type(op.result()).shape.dim(axis) == channels &&
               KeepsAxis(op, axis) && Pass(op, axis);
      case OpKind::kMean:
      case OpKind::kSum:
      case OpKind::kReduceMax:
      case OpKind::kReduceMin:
        return use.operand == 0 && AcceptReduction(op, axis);
      default:
        break;
    }
    if (std::ranges::find(kUnary, op.kind) != std::end(kUnary)) return Pass(op, axis);
    if (std::ranges::find(kBinary, op.kind) != std::end(kBinary)) {
      return AcceptBinary(use, axis, channels);
    }
    const auto behind = use.operand == 0 ? ChannelAxisBehind(graph_, op, axis) : std::nullopt;
    return behind && Pass(op, *behind);
  }

  // The constant is there, and its axis has the channels.
  bool Follows(Use use, int axis, Dim channels) {
    const ValueId value = graph_.op(use.op).input(static_cast<int>(use.operand));
    const ir::Constant* constant = graph_.constant(value);
    if (constant == nullptr || axis < 0 || axis >= constant->rank() ||
        Dim(constant->shape()[static_cast<std::size_t>(axis)]) != channels ||
        ElementBits(constant->dtype()) < 8 || !graph_.value(value).quant.empty()) {
      return false;
    }
    found.constants.push_back({use, axis});
    return true;
  }

  // The result's channels are the operand's; its readers are to be free as well.
  bool Pass(const Op& op, int axis) {
    const ValueId result = op.result();
    if (!graph_.value(result).quant.empty()) return false;
    found.followers.push_back(result);
    for (const Use use : graph_.UsesOf(result)) pending_.push_back({use, axis});
    return true;
  }

  bool AcceptProduct(Use use, int axis, Dim channels) {
    const Op& op = graph_.op(use.op);
    const bool left = use.operand == 0;
    const ValueId other = op.input(left ? 1 : 0);
    const int from_end = graph_.type(op.input(static_cast<int>(use.operand))).shape.rank() - axis;
    const bool turned = op.attrs.Bool(left ? "adj_x" : "adj_y");
    const bool other_turned = op.attrs.Bool(left ? "adj_y" : "adj_x");
    // The left one's columns are summed over, and the right one's rows.
    if (from_end != (left != turned ? 1 : 2)) return false;
    const int rank = graph_.type(other).shape.rank();
    return Follows({use.op, left ? 1U : 0U}, rank - (left != other_turned ? 2 : 1), channels);
  }

  bool KeepsAxis(const Op& op, int axis) const {
    const ir::Constant* pads = graph_.constant(op.input(1));
    const auto values = pads != nullptr ? pads->AsInts() : std::nullopt;
    const auto at = static_cast<std::size_t>(axis) * 2;
    return values && at + 1 < values->size() && (*values)[at] == 0 && (*values)[at + 1] == 0;
  }

  bool AcceptReduction(const Op& op, int axis) {
    const ir::Constant* axes = graph_.constant(op.input(1));
    const auto values = axes != nullptr ? axes->AsInts() : std::nullopt;
    if (!values) return false;
    const int rank = graph_.type(op.input(0)).shape.rank();
    std::vector<int> before;  // reduced axes in front of this one
    for (const std::int64_t value : *values) {
      const auto reduced = ir::NormalizeAxis(value, rank);
      if (!reduced || *reduced == axis) return false;
      if (*reduced < axis && std::ranges::find(before, *reduced) == before.end()) {
        before.push_back(*reduced);
      }
    }
    const bool kept = op.attrs.Bool("keep_dims");
    return Pass(op, kept ? axis : axis - static_cast<int>(before.size()));
  }

  // With a constant that is the same for all channels, or has a number for each.
  bool AcceptBinary(Use use, int axis, Dim channels) {
    const Op& op = graph_.op(use.op);
    const std::uint32_t other = use.operand == 0 ? 1 : 0;
    const ValueId value = op.input(static_cast<int>(other));
    const ir::Constant* constant = graph_.constant(value);
    const Shape& shape = graph_.type(op.input(static_cast<int>(use.operand))).shape;
    if (constant == nullptr || graph_.type(op.result()).shape != shape) return false;
    if (op.kind == OpKind::kPrelu && use.operand != 0) return false;
    const int own = axis - (shape.rank() - constant->rank());
    const bool follows = own >= 0 && constant->shape()[static_cast<std::size_t>(own)] != 1;
    return (!follows || Follows({use.op, other}, own, channels)) && Pass(op, axis);
  }

  const Graph& graph_;
  int axis_;
  std::vector<Pending> pending_;
};

}  // namespace

std::optional<FreeReaders> FreeReadersOf(const Graph& graph, std::span<const Use> uses, int axis) {
  ReaderSearch search(graph, axis);
  for (const Use use : uses) {
    if (!search.Accept(use)) return std::nullopt;
  }
  return std::move(search.found);
}

}  // namespace smelt::passes
