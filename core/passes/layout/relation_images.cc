// Channels-last kernels: convolutions, pools, resizing.
#include "core/passes/layout/relation_families.h"

namespace smelt::passes::layout {
namespace {

using ir::Dim;
using ir::Shape;
using ir::ValueId;

const Shape& ShapeOf(const ir::Graph& graph, ValueId value) { return graph.type(value).shape; }

// Kernels over (batch, height, width, channels). The first three axes are fixed; the channels are
// too, but what they consist of is nobody's business where weights can follow: 8 channels in 4
// groups of 2 may come as 2 of 4.
Relation Spatial(const ir::Op& op) {
  Relation relation{Family::kImage, Freedom::kChannels, {}};
  for (int i = 0; i < 3; ++i) {
    IterationAxis axis = NewAxis(op);
    axis.operands[0] = axis.results[0] = i;
    axis.whole = axis.row = true;
    relation.axes.push_back(std::move(axis));
  }
  return relation;
}

bool HasConstantWeights(const ir::Graph& graph, const ir::Op& op) {
  return graph.constant(op.input(0)) == nullptr && graph.constant(op.input(1)) != nullptr &&
         (!op.input(2).valid() || graph.constant(op.input(2)) != nullptr);
}

bool IsPointwise(const ir::Graph& graph, const ir::Op& op) {
  const Shape& filter = ShapeOf(graph, op.input(1));
  return filter.dim(1) == Dim(1) && filter.dim(2) == Dim(1) && op.attrs.Int("stride_h") == 1 &&
         op.attrs.Int("stride_w") == 1;
}

}  // namespace

std::optional<Relation> RelateImage(const ir::Graph& /*graph*/, const ir::Op& op) {
  Relation relation = Spatial(op);
  IterationAxis channels = NewAxis(op);
  channels.operands[0] = channels.results[0] = 3;
  relation.axes.push_back(std::move(channels));
  return relation;
}

std::optional<Relation> RelateDepthwise(const ir::Graph& graph, const ir::Op& op) {
  const Dim in = ShapeOf(graph, op.input(0)).dim(3);
  if (!HasConstantWeights(graph, op) || ShapeOf(graph, op.result()).dim(3) != in) {
    return std::nullopt;
  }
  return RelateImage(graph, op);
}

std::optional<Relation> RelateConvolution(const ir::Graph& graph, const ir::Op& op) {
  if (!HasConstantWeights(graph, op)) return std::nullopt;
  const Dim channels = ShapeOf(graph, op.input(0)).dim(3);
  if (ShapeOf(graph, op.input(1)).dim(3) != channels) return std::nullopt;  // groups
  Relation relation = Spatial(op);
  if (IsPointwise(graph, op)) {  // a product: no pixel knows its neighbours
    relation.freedom = Freedom::kMatrix;
    for (IterationAxis& row : relation.axes) row.whole = false;
  }
  IterationAxis in = NewAxis(op);
  in.operands[0] = 3;
  relation.axes.push_back(std::move(in));
  IterationAxis out = NewAxis(op);
  out.results[0] = 3;
  relation.axes.push_back(std::move(out));
  return relation;
}

}  // namespace smelt::passes::layout
