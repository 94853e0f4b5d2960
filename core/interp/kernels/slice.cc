// SLICE, STRIDED_SLICE.
#include <algorithm>

#include "core/interp/kernels/view.h"
#include "core/ir/infer.h"

namespace smelt::interp {
namespace {

Status RunSlice(const KernelContext& context) {
  const Tensor& from = context.input(0);
  const std::vector<std::int64_t> begin = IntsOf(context.input(1));
  ElementView view{{context.result().shape(), RowMajorStrides(from.shape())}};
  for (std::size_t axis = 0; axis < begin.size(); ++axis) {
    view.first += begin[axis] * view.axes.strides[axis];
  }
  return CopyView(context, from, view, context.result());
}

// First element that a range with this begin takes of an axis.
std::int64_t FirstOf(std::optional<std::int64_t> begin, std::int64_t size, std::int64_t stride) {
  const std::int64_t low = stride > 0 ? 0 : -1;
  const std::int64_t high = stride > 0 ? size : size - 1;
  if (!begin) return stride > 0 ? low : high;
  return std::clamp(*begin < 0 ? *begin + size : *begin, low, high);
}

// Walks the specification as inference does. Sizes are the result's: only places are computed here.
Status RunStridedSlice(const KernelContext& context) {
  const Tensor& from = context.input(0);
  const std::vector<std::int64_t> strides = RowMajorStrides(from.shape());
  const std::vector<std::int64_t> begin = IntsOf(context.input(1));
  const std::vector<std::int64_t> steps = IntsOf(context.input(3));
  const ir::Attributes& attrs = context.attrs;
  const auto masked = [&](std::string_view name, std::size_t i) {
    return (attrs.Int(name) >> i & 1) != 0;
  };
  ElementView view{{context.result().shape(), {}}};
  std::size_t left_out = static_cast<std::size_t>(from.rank());  // axes that an ellipsis takes
  for (std::size_t i = 0; i < begin.size(); ++i) {
    if (!masked("ellipsis_mask", i) && !masked("new_axis_mask", i)) --left_out;
  }
  std::size_t axis = 0;
  for (std::size_t i = 0; i < begin.size(); ++i) {
    if (masked("ellipsis_mask", i)) {
      for (; left_out > 0; --left_out) view.axes.strides.push_back(strides[axis++]);
    } else if (masked("new_axis_mask", i)) {
      view.axes.strides.push_back(0);
    } else if (masked("shrink_axis_mask", i)) {
      const std::int64_t at = begin[i] < 0 ? begin[i] + from.shape()[axis] : begin[i];
      view.first += at * strides[axis++];
    } else {
      std::optional<std::int64_t> first;
      if (!masked("begin_mask", i)) first = ir::infer::ClampIndex(begin[i]);
      const std::int64_t size = from.shape()[axis];
      view.first += FirstOf(first, size, steps[i]) * strides[axis];
      // A step past the axis takes one element, as a step of the axis' size does.
      view.axes.strides.push_back(std::clamp(steps[i], -size, size) * strides[axis++]);
    }
  }
  while (axis < strides.size()) view.axes.strides.push_back(strides[axis++]);
  return CopyView(context, from, view, context.result());
}

}  // namespace

std::span<const KernelRow> SliceKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kSlice, &RunSlice, false, Quantized::kMoved},
      {ir::OpKind::kStridedSlice, &RunStridedSlice, false, Quantized::kMoved}};
  return kRows;
}

}  // namespace smelt::interp
