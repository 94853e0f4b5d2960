// FULLY_CONNECTED and BATCH_MATMUL: rows, what is contracted, what is made.
#include "core/passes/layout/relation_families.h"

namespace smelt::passes::layout {
namespace {

using ir::Shape;
using ir::ValueId;

const Shape& ShapeOf(const ir::Graph& graph, ValueId value) { return graph.type(value).shape; }

}  // namespace

std::optional<Relation> RelateFullyConnected(const ir::Graph& graph, const ir::Op& op) {
  const Shape& x = ShapeOf(graph, op.input(0));
  const Shape& y = ShapeOf(graph, op.result());
  if (x.rank() < 2 || x.rank() != y.rank()) return std::nullopt;
  if (graph.constant(op.input(0)) != nullptr) return std::nullopt;
  if (op.attrs.String("weights_format", "DEFAULT") != "DEFAULT") return std::nullopt;
  const auto is_constant = [&](int k) {
    return !op.input(k).valid() || graph.constant(op.input(k)) != nullptr;
  };
  const bool absorbs = is_constant(1) && is_constant(2);
  Relation relation{Family::kFullyConnected, Freedom::kMatrix, {}};
  for (int i = 0; i + 1 < x.rank(); ++i) {
    if (x.dim(i) != y.dim(i)) return std::nullopt;  // rows that are flattened on the way
    IterationAxis row = NewAxis(op);
    row.operands[0] = row.results[0] = i;
    row.row = true;
    relation.axes.push_back(std::move(row));
  }
  IterationAxis in = NewAxis(op);
  in.operands[0] = x.rank() - 1;
  in.whole = !absorbs;
  relation.axes.push_back(std::move(in));
  IterationAxis out = NewAxis(op);
  out.results[0] = y.rank() - 1;
  out.whole = !absorbs;
  relation.axes.push_back(std::move(out));
  return relation;
}

std::optional<Relation> RelateBatchMatmul(const ir::Graph& graph, const ir::Op& op) {
  const Shape& x = ShapeOf(graph, op.input(0));
  const Shape& y = ShapeOf(graph, op.input(1));
  const Shape& z = ShapeOf(graph, op.result());
  if (x.rank() != z.rank() || y.rank() != z.rank() || z.rank() < 2) return std::nullopt;
  if (graph.constant(op.input(0)) != nullptr || graph.constant(op.input(1)) != nullptr) {
    return std::nullopt;
  }
  const int last = z.rank() - 1;
  Relation relation{Family::kBatchMatmul, Freedom::kMatrix, {}};
  for (int i = 0; i < last - 1; ++i) {
    if (x.dim(i) != z.dim(i) || y.dim(i) != z.dim(i)) return std::nullopt;
    IterationAxis batch = NewAxis(op);
    batch.operands = {i, i};
    batch.results = {i};
    batch.row = true;
    relation.axes.push_back(std::move(batch));
  }
  const bool adj_x = op.attrs.Bool("adj_x");
  const bool adj_y = op.attrs.Bool("adj_y");
  IterationAxis m = NewAxis(op);
  IterationAxis k = NewAxis(op);
  IterationAxis n = NewAxis(op);
  m.operands[0] = adj_x ? last : last - 1;
  m.results[0] = last - 1;
  k.operands = {adj_x ? last - 1 : last, adj_y ? last : last - 1};
  n.operands[1] = adj_y ? last - 1 : last;
  n.results[0] = last;
  for (IterationAxis* axis : {&m, &k, &n}) {
    axis->whole = true;
    relation.axes.push_back(std::move(*axis));
  }
  return relation;
}

}  // namespace smelt::passes::layout
