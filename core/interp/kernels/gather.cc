// GATHER, GATHER_ND. An index outside of its axis (negative ones too) is an error, as in the
// runtime.
#include <cstring>
#include <string>

#include "core/interp/kernels/view.h"

namespace smelt::interp {
namespace {

Status OutOfRange(std::int64_t index, std::int64_t size) {
  return {Reason::kValueOutOfRange,
          "index " + std::to_string(index) + " is outside of an axis of " + std::to_string(size)};
}

std::size_t BytesOf(const Tensor& tensor, std::int64_t elements) {
  return static_cast<std::size_t>(elements) *
         static_cast<std::size_t>(ir::ElementBits(tensor.dtype()) / 8);
}

Status RunGather(const KernelContext& context) {
  const Tensor& params = context.input(0);
  const Tensor& indices = context.input(1);
  if (ir::ElementBits(params.dtype()) < 8) return UnsupportedType(context, params.dtype());
  const int axis = AxisOf(context.attrs.Int("axis"), params.rank());
  auto batch = static_cast<int>(context.attrs.Int("batch_dims"));
  if (batch < 0) batch += indices.rank();
  const std::int64_t batches = SizeOfAxes(params, 0, batch);
  const std::int64_t outer = SizeOfAxes(params, batch, axis);
  const std::int64_t size = params.dim(axis);
  const std::size_t block = BytesOf(params, SizeOfAxes(params, axis + 1, params.rank()));
  const std::int64_t count = SizeOfAxes(indices, batch, indices.rank());
  const std::vector<std::int64_t> places = IntsOf(indices);
  std::byte* to = context.result().mutable_data();
  if (context.result().element_count() == 0) return {};
  for (std::int64_t b = 0; b < batches; ++b) {
    for (std::int64_t o = 0; o < outer; ++o) {
      const std::int64_t row = (b * outer + o) * size;
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t place = places[static_cast<std::size_t>(b * count + i)];
        if (place < 0 || place >= size) return OutOfRange(place, size);
        std::memcpy(to, params.bytes().data() + static_cast<std::size_t>(row + place) * block,
                    block);
        to += block;
      }
    }
  }
  return {};
}

Status RunGatherNd(const KernelContext& context) {
  const Tensor& params = context.input(0);
  const Tensor& indices = context.input(1);
  if (ir::ElementBits(params.dtype()) < 8) return UnsupportedType(context, params.dtype());
  if (context.result().element_count() == 0) return {};
  const auto depth = static_cast<int>(indices.dim(indices.rank() - 1));
  const std::size_t block = BytesOf(params, SizeOfAxes(params, depth, params.rank()));
  const std::int64_t count = SizeOfAxes(indices, 0, indices.rank() - 1);
  const std::vector<std::int64_t> places = IntsOf(indices);
  auto place = places.begin();
  std::byte* to = context.result().mutable_data();
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t at = 0;
    for (int axis = 0; axis < depth; ++axis, ++place) {
      if (*place < 0 || *place >= params.dim(axis)) return OutOfRange(*place, params.dim(axis));
      at = at * params.dim(axis) + *place;
    }
    std::memcpy(to, params.bytes().data() + static_cast<std::size_t>(at) * block, block);
    to += block;
  }
  return {};
}

}  // namespace

std::span<const KernelRow> GatherKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kGather, &RunGather, false, Quantized::kMoved},
      {ir::OpKind::kGatherNd, &RunGatherNd, false, Quantized::kMoved}};
  return kRows;
}

}  // namespace smelt::interp
