// GraphWalk: the one walk over a graph's nodes. Each node is inferred, checked, translated and
// folded; one that can't be becomes an opaque composite and the walk goes on, so that every
// violation is found.
//
// Lives for one import; not thread safe. Borrows everything that it is given. What happens at one
// node is in walk_node.cc.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/import/onnx/declared_type.h"
#include "core/import/onnx/function_library.h"
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

class Extract;

// What stays the same for the whole model.
struct WalkContext {
  const ImportRequest& request;
  const CancelToken& cancel;
  PayloadSource payloads;
  OpsetMap opsets;
  std::map<std::string, std::int64_t> dims;  // symbolic dimension -> the size that it is given
  FunctionLibrary functions;
  ir::Module& module;
  ir::Diagnostics& diagnostics;
  std::vector<bool> dropped = {};    // nodes of the graph that cropping emptied; empty: none
  Extract* extract = nullptr;        // collects the nodes that the request asks for
  std::uint64_t expanded_nodes = 0;  // of all bodies that took the place of a node
};

class GraphWalk {
 public:
  GraphWalk(WalkContext& context, const onnx::GraphProto& proto, ir::GraphId graph);
  ~GraphWalk();

  // Initializers, inputs, nodes, outputs, in this order; fills the graph and a signature. When
  // names or order are broken, only the operators are looked at. A status other than OK ends the
  // import (cancelled).
  Status Run(ir::Signature& signature);

  std::uint64_t parameter_bytes() const { return parameter_bytes_; }
  // The graph's inputs and results, after the walk.
  std::vector<SourceTensor> Tensors() const;

 private:
  struct Step;   // one node under way
  struct Scope;  // the names of the graph, or of a body under way

  KnownValue& Define(const std::string& name);
  const KnownValue* Find(const std::string& name) const;  // null: not defined
  std::vector<const KnownValue*> FindInputs(const onnx::NodeProto& proto) const;

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
  bool RefuseOrCarry(Step& step, Reason otherwise, const std::string& why);
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
  std::optional<ir::Shape> DeclaredShapeOf(const std::string& name) const;

  // --- Bodies (walk_body.cc) ---
  // Puts the function's nodes in the place of the call. What stands in the way inside of the body
  // is said of the call.
  void ExpandFunction(Step& step, OnnxNode& node);
  Status CheckCall(const OnnxNode& node, const Function& function);
  std::vector<const KnownValue*> WalkScope(Scope& scope, std::span<const KnownValue* const> inputs);
  bool IsWhole(std::size_t since) const;
  void TakeResults(Step& step, OnnxNode& node, bool whole,
                   std::span<const KnownValue* const> results);
  void SayOfCall(const Step& step, std::size_t since);

  // --- Operators that nothing translates (walk_custom.cc) ---
  bool MayBeCustom(const Step& step) const;
  void CarryCustom(Step& step, OnnxNode& node);
  Result<ir::Attributes> CustomAttributes(const Step& step) const;
  Result<std::vector<ir::TensorType>> CustomTypes(const OnnxNode& node);

  // --- Control flow (walk_control.cc) ---
  static bool IsControlFlow(const Step& step);
  void ExpandControlFlow(Step& step, OnnxNode& node);
  Status TakeBranch(Step& step, OnnxNode& node, const onnx::GraphProto& branch);
  Status EmitIf(Step& step, OnnxNode& node, const onnx::GraphProto& then_branch,
                const onnx::GraphProto& else_branch);
  Status UnrollLoop(Step& step, OnnxNode& node, const onnx::GraphProto& body);
  Status UnrollScan(Step& step, OnnxNode& node, const onnx::GraphProto& body);
  struct Rolled;
  Status Unroll(Step& step, OnnxNode& node, const onnx::GraphProto& body, Rolled& rolled);
  Result<std::vector<ir::TensorType>> JoinedTypes(
      const std::vector<std::vector<ir::TensorType>>& branches);
  const KnownValue* Emitted(ir::ValueId value);

  WalkContext& context_;
  ir::GraphId graph_id_;
  ir::Graph& graph_;
  std::deque<KnownValue> values_;  // stable addresses
  std::unique_ptr<Scope> main_;
  Scope* scope_;                                   // where names are looked up now
  std::unordered_set<std::string> missing_files_;  // messages said
  std::unordered_set<std::string>
      unimported_;  // domains already said to be read without their import
  std::uint64_t parameter_bytes_ = 0;
};

}  // namespace smelt::onnx_import
