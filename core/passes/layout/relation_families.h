// The larger rows of the relation table. Internal to it.
#pragma once

#include <optional>

#include "core/passes/layout/relation.h"

namespace smelt::passes::layout {

// An axis that belongs to no operand or result yet.
IterationAxis NewAxis(const ir::Op& op);

// --- relation_products.cc ---
std::optional<Relation> RelateFullyConnected(const ir::Graph& graph, const ir::Op& op);
std::optional<Relation> RelateBatchMatmul(const ir::Graph& graph, const ir::Op& op);

// --- relation_images.cc ---
std::optional<Relation> RelateImage(const ir::Graph& graph, const ir::Op& op);
std::optional<Relation> RelateConvolution(const ir::Graph& graph, const ir::Op& op);
std::optional<Relation> RelateDepthwise(const ir::Graph& graph, const ir::Op& op);

}  // namespace smelt::passes::layout
