// CONCATENATION, PACK, UNPACK, SPLIT, SPLIT_V.
#include <cstring>

#include "core/interp/kernels/activation.h"
#include "core/interp/kernels/view.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

// Interleaves the operands' blocks: block_bytes[i] bytes of operand i in each of `rounds` rounds.
void Interleave(const KernelContext& context, std::int64_t rounds,
                const std::vector<std::size_t>& block_bytes) {
  std::byte* to = context.result().mutable_data();
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < block_bytes.size(); ++i) {
      if (block_bytes[i] == 0) continue;
      const std::byte* from = context.inputs[i]->bytes().data();
      std::memcpy(to, from + static_cast<std::size_t>(round) * block_bytes[i], block_bytes[i]);
      to += block_bytes[i];
    }
  }
}

Status Join(const KernelContext& context, int axis) {
  const Tensor& result = context.result();
  if (ir::ElementBits(result.dtype()) < 8) return UnsupportedType(context, result.dtype());
  const std::int64_t rounds = SizeOfAxes(result, 0, axis);
  if (result.element_count() == 0) return {};
  std::vector<std::size_t> blocks;
  for (const Tensor* input : context.inputs) {
    blocks.push_back(input->bytes().size() / static_cast<std::size_t>(rounds));
  }
  Interleave(context, rounds, blocks);
  return {};
}

Status RunConcatenation(const KernelContext& context) {
  SMELT_RETURN_IF_ERROR(Join(context, AxisOf(context.attrs.Int("axis"), context.result().rank())));
  return ApplyFusedActivation(context);
}

Status RunPack(const KernelContext& context) {
  return Join(context, AxisOf(context.attrs.Int("axis"), context.result().rank()));
}

// Cuts `from` along `axis` into the results, in order. `axis_sizes`: elements of each part there.
Status Cut(const KernelContext& context, const Tensor& from, int axis,
           const std::vector<std::int64_t>& axis_sizes) {
  const auto at = static_cast<std::size_t>(axis);
  ElementView view{{from.shape(), RowMajorStrides(from.shape())}};
  for (std::size_t i = 0; i < axis_sizes.size(); ++i) {
    view.axes.sizes[at] = axis_sizes[i];
    SMELT_RETURN_IF_ERROR(CopyView(context, from, view, context.results[i]));
    view.first += axis_sizes[i] * view.axes.strides[at];
  }
  return {};
}

Status RunUnpack(const KernelContext& context) {
  const Tensor& from = context.input(0);
  return Cut(context, from, AxisOf(context.attrs.Int("axis"), from.rank()),
             std::vector<std::int64_t>(context.results.size(), 1));
}

Status CutLikeResults(const KernelContext& context, const Tensor& from,
                      const Tensor& axis_operand) {
  const int axis = AxisOf(IntsOf(axis_operand).front(), from.rank());
  std::vector<std::int64_t> sizes;
  for (const Tensor& result : context.results) sizes.push_back(result.dim(axis));
  return Cut(context, from, axis, sizes);
}

Status RunSplit(const KernelContext& context) {
  return CutLikeResults(context, context.input(1), context.input(0));
}

Status RunSplitV(const KernelContext& context) {
  return CutLikeResults(context, context.input(0), context.input(2));
}

}  // namespace

std::span<const KernelRow> JoinKernels() {
  static constexpr KernelRow kRows[] = {
      {kConcatenation, &RunConcatenation, false, Quantized::kMoved},
      {kPack, &RunPack, false, Quantized::kMoved},
      {kUnpack, &RunUnpack, false, Quantized::kMoved},
      {kSplit, &RunSplit, false, Quantized::kMoved},
      {kSplitV, &RunSplitV, false, Quantized::kMoved}};
  return kRows;
}

}  // namespace smelt::interp
