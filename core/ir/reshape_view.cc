#include "core/ir/reshape_view.h"

#include <algorithm>
#include <utility>

namespace smelt::ir {
namespace {

std::vector<std::size_t> AxesAboveOne(std::span<const std::int64_t> shape) {
  std::vector<std::size_t> axes;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 1) axes.push_back(i);
  }
  return axes;
}

}  // namespace

ReshapeGroups GroupAxes(std::span<const std::int64_t> before, std::span<const std::int64_t> after) {
  const std::vector<std::size_t> from = AxesAboveOne(before);
  const std::vector<std::size_t> to = AxesAboveOne(after);
  ReshapeGroups groups;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < from.size() && j < to.size()) {
    ReshapeGroup group{{from[i]}, {to[j]}};
    std::int64_t from_count = before[from[i++]];
    std::int64_t to_count = after[to[j++]];
    while (from_count != to_count) {
      if (from_count < to_count) {
        group.before.push_back(from[i]);
        from_count *= before[from[i++]];
      } else {
        group.after.push_back(to[j]);
        to_count *= after[to[j++]];
      }
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

std::optional<std::vector<std::int64_t>> ReshapedStrides(const ReshapeGroups& groups,
                                                         std::span<const std::int64_t> before,
                                                         std::span<const std::int64_t> strides,
                                                         std::span<const std::int64_t> after) {
  std::vector<std::int64_t> result(after.size(), 0);
  for (const ReshapeGroup& group : groups) {
    for (std::size_t k = 0; k + 1 < group.before.size(); ++k) {
      const std::size_t axis = group.before[k];
      const std::size_t next = group.before[k + 1];
      if (strides[axis] != strides[next] * before[next]) return std::nullopt;
    }
    std::int64_t stride = strides[group.before.back()];
    for (std::size_t k = group.after.size(); k-- > 0;) {
      result[group.after[k]] = stride;
      stride *= after[group.after[k]];
    }
  }
  return result;
}

bool MoveStep(const ReshapeGroups& groups, std::span<const std::int64_t> before,
              std::span<const std::int64_t> after, ConstantStep& step) {
  const auto axis = static_cast<std::size_t>(step.axis);
  if (before[axis] == 1) {
    step.axis = -1;
    return true;
  }
  for (const ReshapeGroup& group : groups) {
    const auto at = std::find(group.before.begin(), group.before.end(), axis);
    if (at == group.before.end()) continue;
    if (group.after.size() != 1) return false;
    step.axis = static_cast<int>(group.after[0]);
    if (group.before.size() == 1) return true;
    // Several axes became one: its value for an index is that of the old axis's part of the index.
    std::int64_t inner = 1;
    for (auto later = at + 1; later != group.before.end(); ++later) inner *= before[*later];
    std::vector<double> values;
    for (std::int64_t i = 0; i < after[group.after[0]]; ++i) {
      values.push_back((*step.values)[static_cast<std::size_t>(i / inner % before[axis])]);
    }
    step.values = std::make_shared<const std::vector<double>>(std::move(values));
    return true;
  }
  return false;
}

}  // namespace smelt::ir
