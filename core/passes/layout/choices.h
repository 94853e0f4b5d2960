// Choices: the orders that each operator of a graph may work in, as a Problem for the solver.
//
// An operator walks over units: the pieces of its free axes one by one, its other axes as a whole.
// A label is an order of its units, and it says the order of the pieces of every operand and
// result. Labels are found by spreading: each operator begins with the source's order (or the one
// order its kernel has), and takes up what its neighbours make or want, as far as its freedom
// allows.
#pragma once

#include <map>
#include <vector>

#include "core/passes/layout/forms.h"
#include "core/passes/layout/problem.h"

namespace smelt::passes::layout {

// A tensor's pieces in the order in which they are stored.
using Order = absl::InlinedVector<Atom, 6>;
// An order of units.
using Label = absl::InlinedVector<int, 6>;

struct Unit {
  int axis = 0;                           // of Relation::axes
  int piece = 0;                          // of the axis; 0 for a whole one
  absl::InlinedVector<Axis, 2> operands;  // by operand: its pieces of the unit, or none
  absl::InlinedVector<Axis, 1> results;
};

struct Choice {
  ir::OpId op;                         // invalid: the graph's inputs
  const Relation* relation = nullptr;  // null: inputs and outputs
  std::vector<Unit> units;             // in the source's order; none for a barrier
  std::vector<Label> labels;           // orders of the units; the first is the source's
};

class Choices {
 public:
  Choices(const ir::Module& module, const ir::Graph& graph, Forms& forms);

  const std::vector<Choice>& nodes() const { return nodes_; }
  const Problem& problem() const { return problem_; }
  // What the node wants of an operand, or makes as a result, under one of its labels.
  Order OperandOrder(const Choice& choice, int label, int operand) const;
  Order ResultOrder(const Choice& choice, int label, int result) const;
  // The node that makes a tensor.
  int producer(int tensor) const {
    return problem_.tensors[static_cast<std::size_t>(tensor)].producer.node;
  }
  // The pieces of a value in the source's order.
  Order SourceOrder(ir::ValueId value) const;

 private:
  void AddNodes();
  void AddUnits(Choice& choice);
  void AddReads(const ir::Op& op);
  void Spread();
  void TakeUp(int node, bool is_result, int port, const Order& order);
  void Announce(int node, int label);
  bool Allows(const Choice& choice, const Label& label) const;
  void AddCosts();
  void ScaleWeights(std::int64_t scale);
  int Intern(int tensor, Order order);
  std::int64_t Weight(ir::ValueId value) const;
  bool IsBeforeItsActivation(int tensor) const;
  std::int64_t CostOfLabel(const Choice& choice, const Label& label) const;

  struct News {
    int tensor = 0;
    std::size_t order = 0;  // of the tensor's orders_
  };

  const ir::Module& module_;
  const ir::Graph& graph_;
  Forms& forms_;
  std::vector<Choice> nodes_;
  std::vector<absl::InlinedVector<Order, 2>> orders_;  // by tensor: those that were announced
  std::vector<News> news_;
  Problem problem_;
};

}  // namespace smelt::passes::layout
