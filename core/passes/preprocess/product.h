// A value as a product: a number times other values, however MUL, DIV, POW and SQUARE nest.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/ir/graph.h"

namespace smelt::passes {

struct ProductForm {
  double scale = 1;                  // of all scalar constants
  std::vector<ir::ValueId> factors;  // sorted
  std::vector<ir::OpId> ops;         // that make the product

  // Exactly these factors, in any order.
  bool Is(std::vector<ir::ValueId> wanted) const;
};

// The number of a constant of one element.
std::optional<double> ScalarOf(const ir::Graph& graph, ir::ValueId value);

// The operator that makes `value`, when it is of this kind, in f32, with no activation fused; null
// otherwise.
const ir::Op* MadeBy(const ir::Graph& graph, ir::ValueId value, ir::OpKind kind);
// The same, when nothing else uses the value.
const ir::Op* InnerBy(const ir::Graph& graph, ir::ValueId value, ir::OpKind kind);

// True when operators of `ops` are all that uses the value.
bool OnlyUsedBy(const ir::Graph& graph, ir::ValueId value, std::span<const ir::OpId> ops);

// Takes `value` apart. Products inside of it are taken apart where nothing else uses them; `value`
// itself may have other users.
ProductForm ProductOf(const ir::Graph& graph, ir::ValueId value);

// The other operand of a sum of `value` and a scalar constant, and that constant. `value`'s
// producer is an ADD that nothing else uses.
struct ShiftedForm {
  ir::ValueId rest;
  double shift = 0;
  ir::OpId op;
};
std::optional<ShiftedForm> ShiftedOf(const ir::Graph& graph, ir::ValueId value);

// Equal but for the rounding of a float32 and its neighbours.
bool IsClose(double value, double wanted);

}  // namespace smelt::passes
