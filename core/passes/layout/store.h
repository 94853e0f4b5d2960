// Store: the tensors of a graph that is being rewritten, in the orders in which they exist.
//
// A tensor that is wanted in an order that nobody has made yet is copied by a TRANSPOSE in front of
// its first reader, or by two where one would have too many axes; later readers share the copy.
// Other groupings of the same order are RESHAPEs.
#pragma once

#include <vector>

#include "core/ir/builder.h"
#include "core/passes/layout/choices.h"

namespace smelt::passes::layout {

// The pieces of all axes, one after the other.
Order Flat(const std::vector<Axis>& axes);

// A TRANSPOSE that was inserted.
struct Copy {
  ir::OpId transpose;
  int tensor = 0;
  std::size_t reader = 0;  // the node that asked first
};

// The same tensor once more: RESHAPE to its own shape.
ir::ValueId CopyOf(ir::Builder& builder, ir::ValueId value);

class Store {
 public:
  Store(ir::Module& module, ir::GraphId graph, AtomTable& atoms, std::size_t tensors)
      : module_(module), graph_id_(graph), atoms_(atoms), stored_(tensors) {}

  // The tensor as its maker leaves it: `value` with these axes.
  void Made(int tensor, Order order, ir::ValueId value, std::vector<Axis> axes);
  const std::vector<Axis>& made_axes(int tensor) const { return made(tensor).axes; }
  ir::ValueId made_value(int tensor) const { return made(tensor).value; }

  // The axes that a reader gets without a RESHAPE.
  std::vector<Axis> NaturalAxes(int tensor, const Order& order) const;
  // The tensor in that order with those axes; `reader` is the node before whose operator missing
  // ones are made, with `origin`.
  Result<ir::ValueId> Get(int tensor, const Order& order, const std::vector<Axis>& axes,
                          ir::OriginId origin, ir::OpId before, std::size_t reader);

  ir::Shape ShapeOf(const std::vector<Axis>& axes);
  const std::vector<Copy>& copies() const { return copies_; }

 private:
  struct Stored {
    Order order;
    ir::ValueId value;
    std::vector<Axis> axes;
  };
  // As it was made first, then its copies and their groupings; rarely more than one.
  using Tensor = absl::InlinedVector<Stored, 1>;
  const Stored& made(int tensor) const { return stored_[static_cast<std::size_t>(tensor)].front(); }
  ir::ValueId Transposed(ir::Builder& builder, const Stored& from, const Order& order,
                         std::vector<Axis>* axes);

  ir::Module& module_;
  const ir::GraphId graph_id_;
  AtomTable& atoms_;
  std::vector<Tensor> stored_;
  std::vector<Copy> copies_;
};

}  // namespace smelt::passes::layout
