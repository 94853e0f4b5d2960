// LegalizeSite: one operator that a legalize pass is about to replace, and what replacing takes.
#pragma once

#include <string>
#include <vector>

#include "core/ir/builder.h"
#include "core/passes/pass.h"

namespace smelt::passes {

// Cheap to copy; valid while the operator lives. Holds ids, never references: inserting operators
// moves the arena.
struct LegalizeSite {
  PassContext& context;
  ir::GraphId graph_id;
  ir::OpId id;

  ir::Graph& graph() const { return context.module.graph(graph_id); }
  const ir::Op& op() const { return graph().op(id); }
  const ir::TensorType& type(ir::ValueId value) const { return graph().type(value); }
  ir::DType In(int operand) const { return type(op().input(operand)).dtype; }

  // False when the runtime to serve has no kernel for the operator, or only older ones.
  bool HasVersion() const;
  // Emits before the operator, with its origin.
  ir::Builder Before() const;
  // The operator's only result is `value` from now on: name, type and uses move there, and the
  // operator is erased. An error of `builder` is returned instead.
  Status Replace(const ir::Builder& builder, ir::ValueId value) const;
  // The same of one result alone: the operator stays, and counts as no rewrite yet.
  void ReplaceResult(ir::ValueId old, ir::ValueId value) const;
  // The operator can't run: one more diagnostic, about operand or result `tensor`.
  void Refuse(Reason reason, ir::ValueId tensor, std::string found, std::string allowed) const;
  // The operator runs, but in an element type that holds less than the source's.
  void Warn(ir::ValueId tensor, std::string found, std::string allowed) const;

 private:
  void Say(ir::Severity severity, Reason reason, ir::ValueId tensor, std::string found,
           std::string allowed) const;
};

// Entry points and the regions used by them, in the order in which they are met.
std::vector<ir::GraphId> ReachableGraphs(const ir::Module& module);

// "f32" constants and casts: the bits of `value` under another type of the same width; a constant
// is reinterpreted in place.
ir::ValueId Reinterpret(ir::Builder& builder, ir::ValueId value, ir::DType to);

}  // namespace smelt::passes
