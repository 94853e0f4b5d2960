// The larger rows of the relation table. Internal to it.
#pragma once

#include <optional>

#include "core/passes/layout/relation.h"

namespace smelt::passes::layout {

// An axis that belongs to no operand or result yet.
IterationAxis NewAxis(const ir::Op& op);
// The axes of operand 0 and of every result, one to one.
Relation SameAxes(const ir::Graph& graph, const ir::Op& op, Family family, Freedom freedom);
// The axes that a constant operand names, in ascending order.
std::optional<std::vector<int>> AxesIn(const ir::Graph& graph, ir::ValueId operand, int rank);

// --- relation_cuts.cc ---
std::optional<Relation> RelateConcat(const ir::Graph& graph, const ir::Op& op);
std::optional<Relation> RelateAxisRows(const ir::Graph& graph, const ir::Op& op);
std::optional<Relation> RelateSplit(const ir::Graph& graph, const ir::Op& op);

// --- relation_products.cc ---
std::optional<Relation> RelateFullyConnected(const ir::Graph& graph, const ir::Op& op);
std::optional<Relation> RelateBatchMatmul(const ir::Graph& graph, const ir::Op& op);

// --- relation_images.cc ---
std::optional<Relation> RelateImage(const ir::Graph& graph, const ir::Op& op);
std::optional<Relation> RelateConvolution(const ir::Graph& graph, const ir::Op& op);
std::optional<Relation> RelateDepthwise(const ir::Graph& graph, const ir::Op& op);

}  // namespace smelt::passes::layout
