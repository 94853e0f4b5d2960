// The layout of a graph: which order of axes each operator works in, decided for all at once.
//
// TRANSPOSE and RESHAPE become names of axes (forms.h), operators say in which orders they can work
// (relation.h, choices.h), a minimum cut decides (solve.h), and the graph is rewritten (rewrite.h).
// Inputs and outputs keep the source's order. Linear in the graph but for the cut, whose work is
// bounded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ir/module.h"

namespace smelt::passes::layout {

// A tensor that is copied into another order of its axes.
struct ResidualTranspose {
  ir::OpId transpose;
  ir::ValueId tensor;  // as its maker leaves it
  std::string cause;   // who wants which order
};

// A named tensor whose axes are stored in another order.
struct StoredOrder {
  ir::ValueId value;
  std::vector<int> axes;  // stored axis -> the source's; empty: split or joined, not only permuted
};

struct LayoutOutcome {
  std::int64_t cost_before = 0;  // of the source's order everywhere, in bytes moved
  std::int64_t cost_after = 0;
  bool bounded = false;  // the solver stopped at its limit
  std::vector<ResidualTranspose> residuals;
  std::vector<StoredOrder> reordered;  // if asked for
};

struct LayoutOptions {
  bool tell_reordered = false;
};

// A status is a defect of ours.
Result<LayoutOutcome> LayOut(ir::Module& module, ir::GraphId graph,
                             const LayoutOptions& options = {});

}  // namespace smelt::passes::layout
