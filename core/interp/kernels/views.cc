// TRANSPOSE, REVERSE_V2, TILE, BROADCAST_TO, DEPTH_TO_SPACE, SPACE_TO_DEPTH: one strided copy each.
#include "core/interp/kernels/view.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

Status RunTranspose(const KernelContext& context) {
  const Tensor& from = context.input(0);
  const std::vector<std::int64_t> strides = RowMajorStrides(from.shape());
  ElementView view{{context.result().shape(), {}}};
  for (const std::int64_t axis : IntsOf(context.input(1))) {
    view.axes.strides.push_back(strides[static_cast<std::size_t>(AxisOf(axis, from.rank()))]);
  }
  return CopyView(context, from, view, context.result());
}

Status RunReverse(const KernelContext& context) {
  const Tensor& from = context.input(0);
  ElementView view{{from.shape(), RowMajorStrides(from.shape())}};
  std::vector<bool> reversed(static_cast<std::size_t>(from.rank()), false);
  for (const std::int64_t axis : IntsOf(context.input(1))) {
    reversed[static_cast<std::size_t>(AxisOf(axis, from.rank()))] = true;
  }
  for (std::size_t axis = 0; axis < reversed.size(); ++axis) {
    if (!reversed[axis]) continue;
    std::int64_t& stride = view.axes.strides[axis];
    view.first += (from.shape()[axis] - 1) * stride;
    stride = -stride;
  }
  return CopyView(context, from, view, context.result());
}

// Each axis becomes a repeating one and its own.
Status RunTile(const KernelContext& context) {
  const Tensor& from = context.input(0);
  const std::vector<std::int64_t> strides = RowMajorStrides(from.shape());
  const std::vector<std::int64_t> multiples = IntsOf(context.input(1));
  ElementView view;
  for (std::size_t axis = 0; axis < multiples.size(); ++axis) {
    view.axes.sizes.insert(view.axes.sizes.end(), {multiples[axis], from.shape()[axis]});
    view.axes.strides.insert(view.axes.strides.end(), {0, strides[axis]});
  }
  return CopyView(context, from, view, context.result());
}

Status RunBroadcastTo(const KernelContext& context) {
  const Tensor& from = context.input(0);
  const std::vector<std::int64_t> strides = RowMajorStrides(from.shape());
  ElementView view{{context.result().shape(), {}}};
  view.axes.strides.resize(view.axes.sizes.size(), 0);
  const std::size_t added = view.axes.sizes.size() - strides.size();
  for (std::size_t axis = 0; axis < strides.size(); ++axis) {
    if (from.shape()[axis] != 1) view.axes.strides[added + axis] = strides[axis];
  }
  return CopyView(context, from, view, context.result());
}

// The channels are (row in block, column in block, channel of the result).
Status RunDepthToSpace(const KernelContext& context) {
  const Tensor& from = context.input(0);
  const std::int64_t block = context.attrs.Int("block_size");
  const std::int64_t depth = context.result().dim(3);
  const std::vector<std::int64_t> s = RowMajorStrides(from.shape());
  const ElementView view{{{from.dim(0), from.dim(1), block, from.dim(2), block, depth},
                          {s[0], s[1], block * depth, s[2], depth, 1}}};
  return CopyView(context, from, view, context.result());
}

Status RunSpaceToDepth(const KernelContext& context) {
  const Tensor& from = context.input(0);
  const std::int64_t block = context.attrs.Int("block_size");
  const Tensor& to = context.result();
  const std::vector<std::int64_t> s = RowMajorStrides(from.shape());
  const ElementView view{{{to.dim(0), to.dim(1), to.dim(2), block, block, from.dim(3)},
                          {s[0], s[1] * block, s[2] * block, s[1], s[2], 1}}};
  return CopyView(context, from, view, context.result());
}

}  // namespace

std::span<const KernelRow> ViewKernels() {
  static constexpr KernelRow kRows[] = {
      {kTranspose, &RunTranspose, false, Quantized::kMoved},
      {kReverseV2, &RunReverse, false, Quantized::kMoved},
      {kTile, &RunTile, false, Quantized::kMoved},
      {kBroadcastTo, &RunBroadcastTo, false, Quantized::kMoved},
      {kDepthToSpace, &RunDepthToSpace, false, Quantized::kMoved},
      {kSpaceToDepth, &RunSpaceToDepth, false, Quantized::kMoved}};
  return kRows;
}

}  // namespace smelt::interp
