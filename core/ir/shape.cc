#include "core/ir/shape.h"

#include <algorithm>

#include "core/base/status.h"

namespace smelt::ir {

Shape Shape::Of(std::span<const std::int64_t> sizes) {
  return Shape(Dims(sizes.begin(), sizes.end()));
}

bool Shape::IsStatic() const {
  return std::all_of(dims_.begin(), dims_.end(), [](Dim dim) { return dim.is_static(); });
}

std::optional<std::int64_t> Shape::ElementCount() const {
  if (!IsStatic()) return std::nullopt;
  // A zero anywhere makes the product zero, whatever the other sizes are.
  if (std::any_of(dims_.begin(), dims_.end(), [](Dim dim) { return dim.value() == 0; })) return 0;
  std::int64_t count = 1;
  for (const Dim dim : dims_) {
    if (__builtin_mul_overflow(count, dim.value(), &count)) return std::nullopt;
  }
  return count;
}

std::vector<std::int64_t> Shape::Sizes() const {
  SMELT_CHECK(IsStatic());
  std::vector<std::int64_t> sizes;
  sizes.reserve(dims_.size());
  for (const Dim dim : dims_) sizes.push_back(dim.value());
  return sizes;
}

bool MayAgree(const TensorType& a, const TensorType& b) {
  if (a.dtype != b.dtype || a.shape.rank() != b.shape.rank()) return false;
  for (int axis = 0; axis < a.shape.rank(); ++axis) {
    const Dim x = a.shape.dim(axis);
    const Dim y = b.shape.dim(axis);
    if (x.is_static() && y.is_static() && x != y) return false;
  }
  return true;
}

std::optional<int> NormalizeAxis(std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) return std::nullopt;
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace smelt::ir
