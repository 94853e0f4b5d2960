// GraphWalk: the one walk over a graph's nodes. Each node is inferred, checked, translated and
// folded; one that can't be becomes an opaque composite and the walk goes on, so that every
// violation is found.
//
// Lives for one import; not thread safe. Borrows everything that it is given. What happens at one
// node is in walk_node.cc.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/import/onnx/declared_type.h"
#include "core/import/onnx/importer.h"
#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/schema_table.h"
#include "core/import/onnx/tensor_payload.h"

namespace onnx {
class GraphProto;
class NodeProto;
class TensorProto;
class ValueInfoProto;
}  // namespace onnx

namespace smelt::onnx_import {

// What stays the same for the whole model.
struct WalkContext {
  const ImportRequest& request;
  const CancelToken& cancel;
  PayloadSource payloads;
  std::map<std::string, std::uint32_t> opsets;  // "" is the default domain
  std::map<std::string, std::int64_t> dims;     // symbolic dimension -> the size that it is given
  ir::Module& module;
  ir::Diagnostics& diagnostics;
};

class GraphWalk {
 public:
  GraphWalk(WalkContext& context, const onnx::GraphProto& proto, ir::GraphId graph);

  // Initializers, inputs, nodes, outputs, in this order; fills the graph and a signature. When
  // names or order are broken, only the operators are looked at. A status other than OK ends the
  // import (cancelled).
  Status Run(ir::Signature& signature);

  std::uint64_t parameter_bytes() const { return parameter_bytes_; }

 private:
  struct Step;  // one node under way

  KnownValue& Define(const std::string& name);
  const KnownValue* Find(const std::string& name) const;  // null: not defined

  void AddInitializers();
  void AddInitializer(const onnx::TensorProto& tensor, bool used);
  void DefineUnreadable(const std::string& name, std::optional<ir::TensorType> type);
  void AddInputs(ir::Signature& signature);
  ir::TensorType BindInput(const std::string& name, const DeclaredType& declared);
  Status WalkNodes(const std::vector<std::uint32_t>& order);
  void AddOutputs(ir::Signature& signature);
  void CompareDeclared(const std::string& name, const DeclaredType& declared,
                       const ir::TensorType& type);

  // --- One node (walk_node.cc) ---
  void WalkNode(std::uint32_t index);
  Step BeginStep(const onnx::NodeProto& proto, std::uint32_t index);
  // Finds schema and rule; false after a diagnostic said why there is none.
  bool FindRuleFor(Step& step);
  void CheckOperatorsOnly();
  void CheckSubgraphOperators(const onnx::NodeProto& proto);
  bool InferAndCheck(Step& step, OnnxNode& node);
  bool CheckResultSizes(Step& step, const OnnxNode& node);
  bool MakeDimConstants(OnnxNode& node);
  bool Translate(Step& step, OnnxNode& node);
  bool AcceptResults(Step& step, OnnxNode& node);
  void DefineResults(const Step& step, const OnnxNode& node);
  void Refuse(const Step& step, const OnnxNode& node);
  std::optional<ir::TensorType> DeclaredTypeOf(const std::string& name);

  WalkContext& context_;
  const onnx::GraphProto& proto_;
  ir::GraphId graph_id_;
  ir::Graph& graph_;
  std::deque<KnownValue> values_;                              // stable addresses
  std::unordered_map<std::string_view, KnownValue*> by_name_;  // keys live in values_
  std::unordered_map<std::string_view, const onnx::ValueInfoProto*> declared_;
  std::unordered_set<std::string> missing_files_;  // messages said
  bool said_default_domain_ = false;
  std::uint64_t parameter_bytes_ = 0;
};

}  // namespace smelt::onnx_import
