// Shuffled channels that only convolutions and products with constant weights read need no
// shuffling: a reader sums over all of them, in whatever order its weights have. It reads what its
// channels were put together from as it lies there, and its weights are turned instead:
//
//   CONCATENATION -> shuffle -> SPLIT -> ... -> CONV_2D        (ShuffleNet's units)
//   SLICE, SLICE -> CONCATENATION -> CONV_2D with weights of another order of input channels
//
// All steps that hang together go, or none. One that does not go leaves the shuffle to be computed
// anyway.
#include <map>
#include <utility>
#include <vector>

#include "core/passes/channel_plan.h"
#include "core/passes/legalize_site.h"
#include "core/passes/ordered_constant.h"
#include "core/passes/passes.h"

namespace smelt::passes {
namespace {

using ir::Graph;
using ir::OpId;
using ir::OpKind;
using ir::OriginId;
using ir::ValueId;

class NetRewrite {
 public:
  NetRewrite(PassContext& context, ir::GraphId graph_id, const ChannelNet& net)
      : context_(context),
        graph_id_(graph_id),
        graph_(context.module.graph(graph_id)),
        net_(net),
        is_claimed_(net.steps.size(), false) {
    for (std::size_t i = 0; i < net.steps.size(); ++i) {
      for (const ValueId result : net.steps[i].results) makers_[result] = i;
    }
  }

  Status Run(const std::vector<ChannelReading>& readings) {
    for (std::size_t i = 0; i < readings.size(); ++i) {
      SMELT_RETURN_IF_ERROR(Read(net_.results[i], readings[i]));
    }
    for (std::size_t i = net_.steps.size(); i-- > 0;) {
      const std::vector<OpId>& ops = net_.steps[i].ops;
      for (std::size_t k = ops.size(); k-- > 0;) graph_.Erase(ops[k]);
      ++context_.rewrites;
    }
    return Status::Ok();
  }

 private:
  Status Read(const NetResult& result, const ChannelReading& reading) {
    const OriginId origin = Claim(result.step);
    std::vector<ValueId> parts;
    for (const ChannelPiece& piece : reading.pieces) {
      const auto part = Cut(piece, origin);
      if (!part.ok()) return part.status();
      parts.push_back(part.value());
    }
    ir::Builder b(context_.module, graph_id_, origin, net_.steps[result.step].ops.back());
    while (parts.size() > 1) {
      const auto last =
          parts.end() - static_cast<std::ptrdiff_t>(OperandsOfNextJoin(reading, parts.size()));
      const ValueId joined = b.Emit(
          OpKind::kConcatenation, std::vector(last, parts.end()),
          {{"axis", std::int64_t{net_.axis}}, {"fused_activation_function", std::string("NONE")}});
      parts.erase(last, parts.end());
      parts.push_back(joined);
    }
    SMELT_RETURN_IF_ERROR(b.status());
    const ValueId made = parts.front();
    const bool is_source = net_.sources[reading.pieces[0].source] == made;
    if (!is_source && reading.order.empty()) {
      graph_.value(made).name = graph_.value(result.value).name;
    }
    for (const ir::Use use : result.readers) {
      graph_.SetOperand(use, made);
      if (is_source && use.op != graph_.return_op()) {
        graph_.op(use.op).origin =
            context_.module.origins().Merge(graph_.op(use.op).origin, origin);
      }
    }
    Turn(reading);
    return Status::Ok();
  }

  // Right behind the source: what later readers take lives on, the rest of it need not.
  Result<ValueId> Cut(const ChannelPiece& piece, OriginId origin) {
    const ValueId source = net_.sources[piece.source];
    if (IsWholeSource(graph_, net_, piece)) return source;
    ValueId& known = pieces_[piece];
    if (known.valid()) return known;
    const OpId producer = graph_.value(source).producer;
    ir::Builder b(context_.module, graph_id_, origin,
                  producer.valid() ? graph_.next(producer) : graph_.first());
    const auto rank = static_cast<std::size_t>(graph_.type(source).shape.rank());
    std::vector<std::int32_t> begin(rank, 0);
    std::vector<std::int32_t> size(rank, -1);
    begin[static_cast<std::size_t>(net_.axis)] = piece.begin;
    size[static_cast<std::size_t>(net_.axis)] = piece.size;
    known = b.Emit(OpKind::kSlice, {source, b.ConstI32(begin), b.ConstI32(size)});
    SMELT_RETURN_IF_ERROR(b.status());
    return known;
  }

  // What follows the channels takes their new order.
  void Turn(const ChannelReading& reading) {
    if (reading.order.empty()) return;
    for (const ChannelConstant& constant : reading.readers.constants) {
      const ir::Use use = constant.use;
      const ValueId old = graph_.op(use.op).input(static_cast<int>(use.operand));
      const ValueId turned = graph_.AddConstant(
          InOrder(*graph_.constant(old), constant.axis, reading.order), graph_.value(old).name);
      graph_.SetOperand(use, turned);
    }
    for (const ValueId follower : reading.readers.followers) graph_.value(follower).name.clear();
  }

  // The origin of the step and of those before it that no other reading stands for yet.
  OriginId Claim(std::size_t step) {
    ir::OriginTable& origins = context_.module.origins();
    std::vector<std::size_t> pending = {step};
    std::vector<OriginId> found;
    is_claimed_[step] = true;
    while (!pending.empty()) {
      const ChannelStep& next = net_.steps[pending.back()];
      pending.pop_back();
      for (const OpId op : next.ops) found.push_back(graph_.op(op).origin);
      for (const ValueId operand : next.operands) {
        const auto maker = makers_.find(operand);
        if (maker == makers_.end() || is_claimed_[maker->second]) continue;
        is_claimed_[maker->second] = true;
        pending.push_back(maker->second);
      }
    }
    for (std::size_t count = found.size(); count > 1; count = (count + 1) / 2) {  // by pairs
      for (std::size_t i = 0; i < count; i += 2) {
        found[i / 2] = i + 1 < count ? origins.Merge(found[i], found[i + 1]) : found[i];
      }
    }
    return found.front();
  }

  PassContext& context_;
  ir::GraphId graph_id_;
  Graph& graph_;
  const ChannelNet& net_;
  std::vector<bool> is_claimed_;            // steps
  std::map<ValueId, std::size_t> makers_;   // steps, by result
  std::map<ChannelPiece, ValueId> pieces_;  // that were cut
};

// First operators of steps that change the order of channels.
std::vector<OpId> Shuffles(const Graph& graph) {
  std::vector<OpId> shuffles;
  for (const OpId id : graph) {
    const OpKind kind = graph.op(id).kind;
    if (kind != OpKind::kReshape && kind != OpKind::kGather) continue;
    const auto step = ChannelStepFrom(graph, id);
    if (step && !step->KeepsOrder()) shuffles.push_back(id);
  }
  return shuffles;
}

}  // namespace

Status RouteChannels(PassContext& context) {
  for (const ir::GraphId graph_id : ReachableGraphs(context.module)) {
    const Graph& graph = context.module.graph(graph_id);
    ChannelNetSearch search(graph);
    for (const OpId shuffle : Shuffles(graph)) {
      if (!graph.op(shuffle).alive) continue;  // gone with another one's net
      const ChannelNet net = search.From(shuffle);
      if (net.steps.empty()) continue;
      const auto readings = PlanReadings(graph, net);
      if (readings) SMELT_RETURN_IF_ERROR(NetRewrite(context, graph_id, net).Run(*readings));
    }
  }
  return Status::Ok();
}

}  // namespace smelt::passes
