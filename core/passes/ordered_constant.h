// Constants in another order.
#pragma once

#include <cstdint>
#include <span>

#include "core/ir/constant.h"

namespace smelt::passes {

// Index i along `axis` is the constant's index order[i]: views of it, joined, so that nothing is
// copied before it is read. Of `order` there is at least one; the element type has at least 8 bits.
ir::Constant InOrder(const ir::Constant& constant, int axis, std::span<const std::int32_t> order);

}  // namespace smelt::passes
