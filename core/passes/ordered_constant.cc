#include "core/passes/ordered_constant.h"

#include <numeric>
#include <utility>
#include <vector>

namespace smelt::passes {

ir::Constant InOrder(const ir::Constant& constant, int axis, std::span<const std::int32_t> order) {
  std::vector<int> swap(static_cast<std::size_t>(constant.rank()));
  std::iota(swap.begin(), swap.end(), 0);
  std::swap(swap[0], swap[static_cast<std::size_t>(axis)]);
  const ir::Constant first = constant.Transposed(swap);
  std::vector<std::int64_t> begin(swap.size(), 0);
  std::vector<std::int64_t> size = first.shape();
  std::vector<std::int64_t> stride(swap.size(), 1);
  std::vector<ir::Constant> parts;
  for (std::size_t at = 0; at < order.size(); at += static_cast<std::size_t>(size[0])) {
    begin[0] = order[at];
    stride[0] = at + 1 < order.size() ? order[at + 1] - order[at] : 1;
    size[0] = 1;
    for (std::size_t i = at + 1; i < order.size() && order[i] - order[i - 1] == stride[0]; ++i) {
      ++size[0];
    }
    parts.push_back(first.Sliced(begin, size, stride));
  }
  return ir::Constant::Joined(std::move(parts)).Transposed(swap);
}

}  // namespace smelt::passes
