// DYNAMIC_UPDATE_SLICE: a block written over a part of a tensor, at a place that is computed.
#include <algorithm>
#include <cstring>
#include <string>

#include "core/interp/kernels/types.h"
#include "core/interp/kernels/view.h"

namespace smelt::interp {
namespace {

Status RunDynamicUpdateSlice(const KernelContext& context) {
  const Tensor& operand = context.input(0);
  const Tensor& update = context.input(1);
  Tensor& result = context.result();
  if (ir::ElementBits(operand.dtype()) < 8) return UnsupportedType(context, operand.dtype());
  const std::vector<std::int64_t> wanted = IntsOf(context.input(2));
  const int rank = operand.rank();
  if (static_cast<int>(wanted.size()) != rank) {
    return {Reason::kShapeMismatch, "a start has not one coordinate for each axis"};
  }
  std::memcpy(result.mutable_data(), operand.bytes().data(), operand.bytes().size());
  if (update.element_count() == 0) return {};
  const auto width = static_cast<std::size_t>(ir::ElementBits(operand.dtype()) / 8);
  const std::vector<std::int64_t> strides = RowMajorStrides(operand.shape());
  std::vector<std::int64_t> at(static_cast<std::size_t>(rank), 0);
  std::int64_t first = 0;
  for (int axis = 0; axis < rank; ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    first +=
        strides[i] * std::clamp<std::int64_t>(wanted[i], 0, operand.dim(axis) - update.dim(axis));
  }
  const std::int64_t row = rank == 0 ? 1 : update.dim(rank - 1);
  const std::byte* from = update.bytes().data();
  const std::size_t bytes = static_cast<std::size_t>(row) * width;
  for (std::int64_t done = 0; done < update.element_count(); done += row) {
    std::int64_t to = first;
    for (std::size_t i = 0; i < at.size(); ++i) to += at[i] * strides[i];
    std::memcpy(result.mutable_data() + static_cast<std::size_t>(to) * width, from, bytes);
    from += bytes;
    for (int axis = rank - 2; axis >= 0; --axis) {
      std::int64_t& step = at[static_cast<std::size_t>(axis)];
      if (++step < update.dim(axis)) break;
      step = 0;
    }
  }
  return {};
}

}  // namespace

std::span<const KernelRow> UpdateSliceKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kDynamicUpdateSlice, &RunDynamicUpdateSlice, false, Quantized::kMoved}};
  return kRows;
}

}  // namespace smelt::interp
