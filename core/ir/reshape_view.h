// How the axes of a reshaped view correspond: the arithmetic behind Constant::Reshaped.
// Pure functions; shapes have as many elements before as after, and at least one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/ir/constant.h"

namespace smelt::ir {

// Runs of axes (those of size 1 left out) that hold the same elements before and after.
struct ReshapeGroup {
  std::vector<std::size_t> before;
  std::vector<std::size_t> after;
};
using ReshapeGroups = std::vector<ReshapeGroup>;

ReshapeGroups GroupAxes(std::span<const std::int64_t> before, std::span<const std::int64_t> after);

// Strides that express the reshape; nothing when none do.
std::optional<std::vector<std::int64_t>> ReshapedStrides(const ReshapeGroups& groups,
                                                         std::span<const std::int64_t> before,
                                                         std::span<const std::int64_t> strides,
                                                         std::span<const std::int64_t> after);

// Moves a step to its axis after the reshape; false when it would need more than one axis.
bool MoveStep(const ReshapeGroups& groups, std::span<const std::int64_t> before,
              std::span<const std::int64_t> after, ConstantStep& step);

}  // namespace smelt::ir
