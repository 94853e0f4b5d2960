// GraphWalk: the one walk over a graph's nodes. Each node is inferred, checked, translated and folded;
// one that can't be becomes an opaque composite and the walk goes on, so that every violation is found.
//
// Lives for one import; not thread safe. Borrows everything that it is given.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/import/onnx/importer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/tensor_payload.h"

namespace onnx {
class GraphProto;
class NodeProto;
class ValueInfoProto;
}  // namespace onnx

namespace smelt::onnx_import {

// What stays the same for the whole model.
struct WalkContext {
  const ImportRequest& request;
  const CancelToken& cancel;
  PayloadSource payloads;
  std::map<std::string, std::uint32_t> opsets;   // "" is the default domain
  ir::Module& module;
  ir::Diagnostics& diagnostics;
};

class GraphWalk {
 public:
  GraphWalk(WalkContext& context, const onnx::GraphProto& proto, ir::GraphId graph);

  // Initializers, inputs, nodes, outputs, in this order; fills the graph and a signature. A status other
  // than OK ends the import (cancelled, a dimension name that no input has).
  Status Run(ir::Signature& signature);

  // Names an operator or domain that no rule covers, here and in all subgraphs; for graphs whose
  // structure is broken, so that their walk is not possible.
  void CheckOperatorsOnly();

  std::uint64_t parameter_bytes() const { return parameter_bytes_; }

 private:
  KnownValue& Define(const std::string& name);
  const KnownValue* Find(const std::string& name) const;

  void AddInitializers();
  void AddInitializer(const onnx::TensorProto& tensor, bool used);
  Status AddInputs(ir::Signature& signature);
  Result<ir::TensorType> InputType(const onnx::ValueInfoProto& info);
  Status CheckDimNames() const;
  Status WalkNodes(const std::vector<std::uint32_t>& order);
  void AddOutputs(ir::Signature& signature);

  // --- One node ---
  struct Step;
  void WalkNode(std::uint32_t index);
  // The rule and schema that cover the node; false after the diagnostics said why there is none.
  bool FindRuleFor(const onnx::NodeProto& node, Step& step, bool complain_once);
  void CheckSubgraphOperators(const onnx::GraphProto& graph);
  bool InferAndCheck(Step& step, OnnxNode& node);
  bool CheckResultSizes(const Step& step, const OnnxNode& node);
  bool Translate(Step& step, OnnxNode& node);
  bool MakeDimConstants(OnnxNode& node);
  bool AcceptResults(Step& step, OnnxNode& node);
  void Refuse(const Step& step, const OnnxNode* node, const onnx::NodeProto& proto);
  void SetResults(const Step& step, const OnnxNode& node);
  const ir::TensorType* Declared(const std::string& name);

  WalkContext& context_;
  const onnx::GraphProto& proto_;
  ir::GraphId graph_id_;
  ir::Graph& graph_;
  std::deque<KnownValue> values_;                                   // stable addresses
  std::unordered_map<std::string_view, KnownValue*> by_name_;       // keys live in values_
  std::unordered_map<std::string, ir::TensorType> declared_;        // of value_info and outputs
  std::vector<std::string> dim_names_;                              // of the inputs, in order
  std::uint64_t parameter_bytes_ = 0;
};

}  // namespace smelt::onnx_import
