// Forms: every value of a graph as a view of a stored tensor.
//
// TRANSPOSE, RESHAPE, SQUEEZE and EXPAND_DIMS move no data here: their result is the same tensor
// with its atoms in another order or grouping. All other operators make tensors. What can't be
// expressed (a reshape whose sizes have no common pieces, a computed permutation) makes one, too;
// and so does a RESHAPE to its operand's own shape, whose result is the same bytes in new atoms.
#pragma once

#include <span>
#include <vector>

#include "core/ir/module.h"
#include "core/passes/layout/atoms.h"
#include "core/passes/layout/relation.h"

namespace smelt::passes::layout {

inline constexpr int kNoTensor = -1;

struct Form {
  int tensor = kNoTensor;               // kNoTensor: a constant, or nothing
  std::vector<Axis> axes;               // of the value, outermost first; atoms may be split since
  ir::OriginId origin = ir::kNoOrigin;  // of the views between the tensor and the value
};

// An operator that makes tensors.
struct Maker {
  ir::OpId op;
  Relation relation;
};

class Forms {
 public:
  Forms(ir::Module& module, ir::GraphId graph);

  const Form& form(ir::ValueId value) const { return forms_[value.index]; }
  // In program order, without the views and the return.
  const std::vector<Maker>& makers() const { return makers_; }
  // The views, in program order.
  const std::vector<ir::OpId>& views() const { return views_; }
  // RESHAPEs that other splits of the same tensor are in the way of: 14 as 7 of 2, but it is 2 of 7
  // for others.
  const std::vector<ir::OpId>& stuck() const { return stuck_; }
  // The value that holds each tensor where it is made.
  const std::vector<ir::ValueId>& tensors() const { return tensors_; }
  AtomTable& atoms() { return atoms_; }
  // The axes of a value, down to the pieces.
  std::vector<Axis> LeafAxes(ir::ValueId value) const;
  // Those of the leaves of a port's axis that the operator's axis means.
  Axis Part(const IterationAxis& axis, Axis leaves);

 private:
  void AddTensor(ir::ValueId value, std::vector<Axis> axes);
  void AddMaker(ir::OpId id);
  std::vector<Axis> ResultAxes(const ir::Op& op, const Relation& relation, std::size_t result);
  // False when the operator is no view that can be expressed.
  bool AddView(ir::OpId id);
  // Splits the axes that the operator ties together alike. False when that is impossible.
  bool Tie(Maker& maker);
  bool TieAxis(const ir::Op& op, const IterationAxis& axis);
  // Splits the axes of the ports where their sections end.
  bool Cut(const ir::Op& op, const IterationAxis& sections);
  // True when somebody needs pieces of what is inside of one section or a few: else all stays
  // together. (Pieces of the packed axis alone are no use: taking the sections out of it would cost
  // a RESHAPE on every port.)
  bool SectionsAreOfUse(const Maker& maker) const;

  ir::Module& module_;
  ir::GraphId graph_id_;
  const ir::Graph& graph_;
  AtomTable atoms_;
  std::vector<Form> forms_;  // by value
  std::vector<Maker> makers_;
  std::vector<ir::OpId> views_;
  std::vector<ir::OpId> stuck_;
  std::vector<ir::ValueId> tensors_;
};

}  // namespace smelt::passes::layout
