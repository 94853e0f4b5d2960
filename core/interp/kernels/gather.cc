// GATHER, GATHER_ND, EMBEDDING_LOOKUP. An index outside of its axis (negative ones too) is an
// error, as in the runtime.
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

// Rows of the table as they are, or, of int8, the numbers that they stand for: float32(q * scale)
// with the table's scale, or one for each row.
Status RunEmbeddingLookup(const KernelContext& context) {
  const Tensor& ids = context.input(0);
  const Tensor& table = context.input(1);
  Tensor& result = context.result();
  const std::int64_t rows = table.dim(0);
  const std::int64_t size = SizeOfAxes(table, 1, table.rank());
  const ir::QuantParams& quant = *table.quant();
  const bool converts = result.dtype() != table.dtype();
  const bool same = converts || table.quant() == result.quant();
  const bool fits = quant.empty() || quant.scale.size() == 1 ||
                    (quant.axis == 0 && static_cast<std::int64_t>(quant.scale.size()) == rows);
  if (ir::ElementBits(table.dtype()) < 8 || !same || !fits ||
      (converts && (table.dtype() != ir::DType::kI8 || quant.empty()))) {
    return UnsupportedType(context, table.dtype());
  }
  const std::size_t block = BytesOf(table, size);
  std::byte* to = result.mutable_data();
  for (const std::int64_t id : IntsOf(ids)) {
    if (id < 0 || id >= rows) return OutOfRange(id, rows);
    if (!converts) {
      if (block > 0)
        std::memcpy(to, table.bytes().data() + static_cast<std::size_t>(id) * block, block);
      to += block;
      continue;
    }
    const float scale = quant.scale[quant.scale.size() == 1 ? 0 : static_cast<std::size_t>(id)];
    const std::int8_t* from = table.values<std::int8_t>().data() + id * size;
    for (std::int64_t i = 0; i < size; ++i, to += sizeof(float)) {
      const float number = static_cast<float>(from[i]) * scale;
      std::memcpy(to, &number, sizeof(float));
    }
  }
  return {};
}

}  // namespace

std::span<const KernelRow> GatherKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kGather, &RunGather, false, Quantized::kMoved},
      {ir::OpKind::kGatherNd, &RunGatherNd, false, Quantized::kMoved},
      {ir::OpKind::kEmbeddingLookup, &RunEmbeddingLookup, false, Quantized::kRead}};
  return kRows;
}

}  // namespace smelt::interp
