// The names of an ONNX graph: who defines them, whether each is defined once, and an order of the
// nodes in which each is defined before it is used (files that are not sorted are sorted, in a
// stable way). Linear in the size of the graph.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ir/diagnostic.h"

namespace onnx {
class GraphProto;
class NodeProto;
}  // namespace onnx

namespace smelt::onnx_import {

// Names that a node reads: its operands and what its subgraphs take from outside.
std::vector<const std::string*> NamesReadBy(const onnx::NodeProto& node);

// Positions of the nodes in the order to walk them. Appends every duplicate_name, undefined_name
// and graph_cycle to `diagnostics`; the order is only of use when none was found.
std::vector<std::uint32_t> OrderNodes(const onnx::GraphProto& graph, ir::Diagnostics& diagnostics);

}  // namespace smelt::onnx_import
