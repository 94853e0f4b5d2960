#include "core/passes/layout/constant_order.h"

namespace smelt::passes::layout {

ir::Constant Reordered(const ir::Constant& constant, const std::vector<ConstantPiece>& pieces,
                       const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> sizes;
  std::vector<int> permutation(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    sizes.push_back(pieces[i].size);
    permutation[static_cast<std::size_t>(pieces[i].place)] = static_cast<int>(i);
  }
  return constant.Reshaped(sizes).Transposed(permutation).Reshaped(shape);
}

}  // namespace smelt::passes::layout
