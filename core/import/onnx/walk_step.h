// What GraphWalk keeps for one node and for one body while it is at them. Private to the walk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/name_map.h"
#include "core/import/onnx/function_library.h"
#include "core/import/onnx/graph_walk.h"
#include "core/import/onnx/node_attributes.h"
#include "core/import/onnx/walked_operators.h"

namespace smelt::onnx_import {

struct GraphWalk::Step {
  const onnx::NodeProto* proto = nullptr;
  ir::SourceNode source;
  ir::OriginId origin = ir::kNoOrigin;
  NodeAttributes attributes;
  const Schema* schema = nullptr;
  const OnnxRule* rule = nullptr;  // null: one of the next three stands for it
  const WalkedOperator* walked = nullptr;
  const Function* function = nullptr;  // of the model
  bool by_schema = false;              // the ONNX library defines it by other operators
  bool custom = false;                 // carried as a CUSTOM operator
  bool types_known = true;             // what infer said rests on known inputs
  bool all_constant = true;            // every input is or might be a constant
  bool hidden_constant = false;        // one of them only might be
  bool of_main = false;                // a node of the graph itself
};

struct GraphWalk::Scope {
  const onnx::GraphProto& graph;
  const OpsetMap& opsets;
  const PayloadSource& payloads;
  const Scope* called_from = nullptr;
  const Step* caller = nullptr;                   // the outermost call; null in the graph itself
  const onnx::FunctionProto* function = nullptr;  // null in the graph itself
  NameMap<WalkValue*> by_name = {};               // keys live in values_
  NameMap<const onnx::ValueInfoProto*> declared = {};
  std::vector<bool> walked = {};  // of the graph's nodes, those that are done
  // Which nodes of the graph itself these are, where they continue it; null: none.
  const std::vector<std::optional<std::uint32_t>>* in_main = nullptr;
};

}  // namespace smelt::onnx_import
