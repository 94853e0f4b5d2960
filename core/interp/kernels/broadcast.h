// BroadcastPlan: how up to three operands are walked when they broadcast to one result.
// Immutable after making; safe to share.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/interp/tensor.h"

namespace smelt::interp {

inline constexpr std::size_t kMaxBroadcastOperands = 3;

struct BroadcastPlan {
  // Elements of each operand, for one axis of the result or for where a row begins.
  using Offsets = std::array<std::int64_t, kMaxBroadcastOperands>;

  std::vector<std::int64_t> sizes;  // outer axes of the result, merged where possible
  std::vector<Offsets> strides;     // of the outer axes; 0 where an operand broadcasts
  std::int64_t row = 1;             // elements of the innermost axis; 0: the result is empty
  Offsets row_strides{};
};

// `operands` must broadcast to `shape`.
BroadcastPlan PlanBroadcast(const std::vector<std::int64_t>& shape,
                            std::span<const Tensor* const> operands);

// Calls f(first element of the result's row, first elements of the operands' rows) in order.
template <class F>
void ForEachRow(const BroadcastPlan& plan, F&& f) {
  if (plan.row == 0) return;
  std::vector<std::int64_t> index(plan.sizes.size(), 0);
  BroadcastPlan::Offsets offsets{};
  std::int64_t begin = 0;
  while (true) {
    f(begin, offsets);
    begin += plan.row;
    std::size_t axis = index.size();
    while (axis > 0) {
      --axis;
      ++index[axis];
      for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] += plan.strides[axis][i];
      if (index[axis] < plan.sizes[axis]) break;
      for (std::size_t i = 0; i < offsets.size(); ++i) {
        offsets[i] -= plan.strides[axis][i] * plan.sizes[axis];
      }
      index[axis] = 0;
      if (axis == 0) return;
    }
    if (index.empty()) return;
  }
}

}  // namespace smelt::interp
