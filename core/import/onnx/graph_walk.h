// GraphWalk: the one walk over a graph's nodes. Each node is inferred, checked, translated and
// folded; one that can't be becomes an opaque composite and the walk goes on, so that every
// violation is found.
//
// Lives for one import; not thread safe. Borrows everything that it is given. What happens at one
// node is in walk_node.cc.
#pragma once

#include <array>
#include <cstdint>
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
#include "core/import/onnx/walk_value.h"

namespace onnx {
class GraphProto;
class NodeProto;
class TensorProto;
class ValueInfoProto;
}  // namespace onnx

namespace smelt::onnx_import {

class Extract;

// What stays the same for one reading of the model.
struct WalkContext {
  const ImportRequest& request;
  const CancelToken& cancel;
  PayloadSource payloads;
  OpsetMap opsets;
  std::map<std::string, std::int64_t> dims;  // symbolic dimension -> the size that it is given
  FunctionLibrary functions;
  ir::Module& module;
  ir::Diagnostics& diagnostics;
  // Of the graph's nodes, once they have one. All readings share them.
  std::vector<std::optional<ir::SourceId>>& sources;
  std::vector<bool> dropped = {};    // nodes of the graph that cropping emptied; empty: none
  Extract* extract = nullptr;        // collects the nodes that the request asks for
  std::uint64_t expanded_nodes = 0;  // of all bodies that took the place of a node
  int continued = 0;                 // branches that took in what follows them
  int maybe_skipped = 0;  // branches and loop bodies under way, which a run may not enter
  std::vector<ir::SourceId> expanded = {};
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

  WalkValue& Define(const std::string& name);
  const WalkValue* Find(const std::string& name) const;  // null: not defined
  std::vector<const WalkValue*> FindInputs(const onnx::NodeProto& proto) const;

  void AddInitializers();
  void AddInitializer(const std::string& name, ir::Constant constant);
  // `tensor` tells name, element type and shape; `status` why its values can't be read.
  void ReportUnreadable(const onnx::TensorProto& tensor, const Status& status);
  void DefineUnreadable(const std::string& name, std::optional<ir::TensorType> type);
  void AddInputs(ir::Signature& signature);
  ir::TensorType BindInput(const std::string& name, const DeclaredType& declared);
  Status WalkNodes(const std::vector<std::uint32_t>& order);
  void AddOutputs(ir::Signature& signature);
  void CompareDeclared(const std::string& name, const DeclaredType& declared,
                       const ir::TensorType& type);

  // --- One node (walk_node.cc) ---
  void WalkNode(std::uint32_t index);
  ir::SourceId SourceOf(const Step& step);
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
  std::vector<const WalkValue*> WalkScope(Scope& scope, std::span<const WalkValue* const> inputs);
  bool IsWhole(std::size_t since) const;
  void TakeResults(Step& step, OnnxNode& node, bool whole,
                   std::span<const WalkValue* const> results);
  void DefineAs(const std::string& name, WalkValue value);
  void SayOfCall(const Step& step, std::size_t since);

  // --- Operators that nothing translates (walk_custom.cc) ---
  bool MayBeCustom(const Step& step) const;
  void CarryCustom(Step& step, OnnxNode& node);
  Result<ir::Attributes> CustomAttributes(const Step& step) const;
  Result<std::vector<ir::TensorType>> CustomTypes(const OnnxNode& node);

  // --- Control flow (walk_control.cc) ---
  void ExpandControlFlow(Step& step, OnnxNode& node);
  struct Branch {
    const onnx::GraphProto* graph;
    const std::vector<std::optional<std::uint32_t>>* in_main;  // see Scope
  };
  Status TakeBranch(Step& step, OnnxNode& node, const Branch& branch);
  using Branches = std::array<Branch, 2>;  // then, else
  // `may_continue`: branches that give different ranks take in what follows them.
  Status EmitIf(Step& step, OnnxNode& node, const Branches& branches, bool may_continue);
  // (walk_continue.cc) `otherwise` where that does not help.
  Status ContinueInBranches(Step& step, const Branches& branches, const Status& otherwise);
  OnnxNode Giving(const Step& step, std::span<const std::string> results);
  bool TakeOnlyPossible(Step& step, const Branches& wholes, std::span<const std::string> results);
  std::vector<std::uint32_t> WalkUpToFollowers(const onnx::NodeProto& node,
                                               std::unordered_set<std::string>& late);
  std::optional<std::uint32_t> IndexInMain(std::uint32_t index) const;
  void NoteHidden(const Step& step, const std::string& what);
  void RefuseHidden(Step& step, OnnxNode& node, const std::string& what);
  // Absent ones count as known.
  static bool AllKnown(std::span<const WalkValue* const> values);
  static bool AllDefined(std::span<const WalkValue* const> values);
  Result<std::vector<ir::TensorType>> JoinedTypes(
      const std::vector<std::vector<ir::TensorType>>& branches);
  const WalkValue* Emitted(ir::ValueId value);

  // --- Sequences and optionals (walk_sequence.cc)
  void ExpandSequence(Step& step, OnnxNode& node);
  Result<std::vector<WalkValue>> SequenceResults(Step& step, OnnxNode& node,
                                                 std::span<const WalkValue* const> inputs);
  Result<std::vector<WalkValue>> MapSequence(Step& step, OnnxNode& node,
                                             std::span<const WalkValue* const> inputs);

  // --- Loops (walk_loop.cc; their rounds one by one in walk_unroll.cc, as WHILE in walk_while.cc)
  struct Rolled;   // what a loop does
  struct Round;    // the body of a WHILE
  struct Carried;  // the type of a carried value
  struct Mark;     // a place to go back to
  Status ExpandLoop(Step& step, OnnxNode& node, const onnx::GraphProto& body);
  Result<Rolled> ReadLoop(const Step& step, const OnnxNode& node, const onnx::GraphProto& body);
  Result<Rolled> ReadScan(const Step& step, const OnnxNode& node, const onnx::GraphProto& body);
  Mark MarkHere() const;
  void GoBack(const Mark& mark);
  // False when the condition of a further round turned out to be computed.
  Result<bool> Unroll(Step& step, OnnxNode& node, const onnx::GraphProto& body,
                      const Rolled& rolled);
  Status EmitWhile(Step& step, OnnxNode& node, const onnx::GraphProto& body, const Rolled& rolled);
  Round WalkRound(const Step& step, const onnx::GraphProto& body, const Rolled& rolled,
                  const std::vector<Carried>& carried);
  std::size_t AddState(Round& round, ir::ValueId operand, const ir::TensorType& type,
                       const std::string& name);
  ir::ValueId AddPadded(Round& round, ir::Builder& before, ir::Builder& inside, ir::ValueId operand,
                        const ir::TensorType& type, const std::string& name);
  Result<bool> JoinCarried(const Round& round, bool counts, std::vector<Carried>& carried);
  ir::GraphId EmitCondition(const Step& step, const Round& round);
  Status FinishWhile(Step& step, OnnxNode& node, const Rolled& rolled,
                     const std::vector<Carried>& carried, Round& round);

  WalkContext& context_;
  ir::GraphId graph_id_;
  ir::Graph& graph_;
  std::deque<WalkValue> values_;  // stable addresses
  std::unique_ptr<Scope> main_;
  Scope* scope_;                                   // where names are looked up now
  std::unordered_set<std::string> missing_files_;  // messages said
  std::unordered_set<std::string> unimported_;     // domains said to be read without import
  std::uint64_t parameter_bytes_ = 0;
};

}  // namespace smelt::onnx_import
