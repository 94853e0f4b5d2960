// Constants in another order of the pieces of their axes, as views.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ir/constant.h"

namespace smelt::passes::layout {

// A constant's axis taken apart: sizes of its pieces, and where each goes.
struct ConstantPiece {
  std::int64_t size = 1;
  int place = 0;  // in the new order
};

// `pieces` in the order of the constant's axes, with the places 0..n-1; `shape` groups the new
// order. Requires that the products agree.
ir::Constant Reordered(const ir::Constant& constant, const std::vector<ConstantPiece>& pieces,
                       const std::vector<std::int64_t>& shape);

}  // namespace smelt::passes::layout
