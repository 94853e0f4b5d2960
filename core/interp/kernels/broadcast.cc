#include "core/interp/kernels/broadcast.h"

#include "core/base/status.h"

namespace smelt::interp {
namespace {

// Strides of `tensor` for every axis of `shape`.
std::vector<std::int64_t> StridesIn(const std::vector<std::int64_t>& shape, const Tensor& tensor) {
  std::vector<std::int64_t> strides(shape.size(), 0);
  std::int64_t stride = 1;
  const int added = static_cast<int>(shape.size()) - tensor.rank();
  for (int axis = tensor.rank() - 1; axis >= 0; --axis) {
    const auto at = static_cast<std::size_t>(axis + added);
    SMELT_CHECK(tensor.dim(axis) == shape[at] || tensor.dim(axis) == 1);
    if (tensor.dim(axis) != 1) strides[at] = stride;
    stride *= tensor.dim(axis);
  }
  return strides;
}

}  // namespace

BroadcastPlan PlanBroadcast(const std::vector<std::int64_t>& shape,
                            std::span<const Tensor* const> operands) {
  SMELT_CHECK(operands.size() <= kMaxBroadcastOperands);
  std::vector<std::vector<std::int64_t>> all;
  for (const Tensor* operand : operands) all.push_back(StridesIn(shape, *operand));
  BroadcastPlan plan;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0) {
      plan = {};
      plan.row = 0;
      return plan;
    }
    if (shape[axis] == 1) continue;
    BroadcastPlan::Offsets strides{};
    for (std::size_t i = 0; i < all.size(); ++i) strides[i] = all[i][axis];
    bool merges = !plan.sizes.empty();
    for (std::size_t i = 0; i < all.size() && merges; ++i) {
      merges = plan.strides.back()[i] == strides[i] * shape[axis];
    }
    if (merges) {
      plan.sizes.back() *= shape[axis];
      plan.strides.back() = strides;
    } else {
      plan.sizes.push_back(shape[axis]);
      plan.strides.push_back(strides);
    }
  }
  if (plan.sizes.empty()) return plan;
  plan.row = plan.sizes.back();
  plan.row_strides = plan.strides.back();
  plan.sizes.pop_back();
  plan.strides.pop_back();
  return plan;
}

}  // namespace smelt::interp
