// Copies a strided view of elements to contiguous row-major memory, at memory speed where the view
// allows it: rows by memcpy, transposes in square tiles. Pure functions of their arguments.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/bytes.h"

namespace smelt::ir {

// Axes of a view of whole-byte elements; strides in elements, negative and zero allowed.
struct StridedView {
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
};

// In elements. Those of no elements at all may have sizes without a product: strides of 0 then.
std::vector<std::int64_t> RowMajorStrides(const std::vector<std::int64_t>& sizes);

// The same elements in the same order with as few axes as possible (at least one).
StridedView Coalesce(const std::vector<std::int64_t>& sizes,
                     const std::vector<std::int64_t>& strides);

// Elements [begin, begin + count) of the row-major order of `view` to `out`. `origin` is element 0;
// neither pointer needs alignment. element_bytes: 1, 2, 4, 8 or 16. `view` must come from Coalesce.
void CopyStrided(const StridedView& view, const std::byte* origin, int element_bytes,
                 std::int64_t begin, std::int64_t count, std::byte* out);

}  // namespace smelt::ir
