// SCATTER_ND, DYNAMIC_UPDATE_SLICE, WHERE: places that the data name.
#include <algorithm>
#include <cstring>
#include <string>

#include "core/interp/kernels/types.h"
#include "core/interp/kernels/view.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

template <class T, class Sum>
void AddBlocks(const std::vector<std::int64_t>& starts, std::int64_t block, const T* from, T* to,
               Sum sum) {
  for (const std::int64_t start : starts) {
    for (std::int64_t k = 0; k < block; ++k, ++from) to[start + k] = sum(to[start + k], *from);
  }
}

// Rows of updates added to a tensor of zeros. Duplicates add up; of bools any true one stays.
Status RunScatterNd(const KernelContext& context) {
  const Tensor& indices = context.input(0);
  const Tensor& updates = context.input(1);
  Tensor& result = context.result();
  const auto depth = static_cast<int>(indices.dim(indices.rank() - 1));
  if (depth > result.rank()) return {Reason::kShapeMismatch, "indices have too many coordinates"};
  const std::int64_t block = SizeOfAxes(result, depth, result.rank());
  const std::int64_t count = SizeOfAxes(indices, 0, indices.rank() - 1);
  if (updates.element_count() != count * block) {
    return {Reason::kShapeMismatch, "updates are not one block for each index"};
  }
  const std::vector<std::int64_t> places = IntsOf(indices);
  std::vector<std::int64_t> starts;
  auto place = places.begin();
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t at = 0;
    for (int axis = 0; axis < depth; ++axis, ++place) {
      if (*place < 0 || *place >= result.dim(axis)) {
        return {Reason::kValueOutOfRange, "index " + std::to_string(*place) +
                                              " is outside of an axis of " +
                                              std::to_string(result.dim(axis))};
      }
      at = at * result.dim(axis) + *place;
    }
    starts.push_back(at * block);
  }
  if (result.dtype() == ir::DType::kBool) {
    AddBlocks(starts, block, updates.values<bool>().data(), result.mutable_values<bool>().data(),
              [](bool a, bool b) { return a || b; });
    return {};
  }
  return VisitNumbers(context, result.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = std::conditional_t<kIsFloat<T>, Compute<T>, std::uint64_t>;  // integers wrap
    AddBlocks(starts, block, updates.values<T>().data(), result.mutable_values<T>().data(),
              [](T a, T b) { return Store<T>(static_cast<C>(Load<C>(a) + Load<C>(b))); });
    return Status::Ok();
  });
}

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

Status RunWhere(const KernelContext& context) {
  const Tensor& input = context.input(0);
  const Tensor flags = Tensor::FromConstant(input.ToConstant().Cast(ir::DType::kBool).Evaluated());
  std::int64_t* to = context.result().mutable_values<std::int64_t>().data();
  const std::vector<std::int64_t> strides = RowMajorStrides(input.shape());
  std::int64_t i = 0;
  for (const bool set : flags.values<bool>()) {
    const std::int64_t place = i++;
    if (!set) continue;
    for (int axis = 0; axis < input.rank(); ++axis) {
      *to++ = place / strides[static_cast<std::size_t>(axis)] % input.dim(axis);
    }
  }
  return {};
}

}  // namespace

std::span<const KernelRow> ScatterKernels() {
  static constexpr KernelRow kRows[] = {{kScatterNd, &RunScatterNd},
                                        {kDynamicUpdateSlice, &RunDynamicUpdateSlice},
                                        {kWhere, &RunWhere}};
  return kRows;
}

}  // namespace smelt::interp
