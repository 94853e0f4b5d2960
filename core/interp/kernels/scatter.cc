// SCATTER_ND, UNSORTED_SEGMENT_*, WHERE, REVERSE_SEQUENCE: elements to places that data name.
#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "core/interp/kernels/binary.h"
#include "core/interp/kernels/view.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

Status OutOfRange(std::int64_t index, std::int64_t size) {
  return {Reason::kValueOutOfRange,
          "index " + std::to_string(index) + " is outside of an axis of " + std::to_string(size)};
}

Status RunScatterNd(const KernelContext& context) {
  const Tensor& indices = context.input(0);
  const Tensor& updates = context.input(1);
  Tensor& result = context.result();
  if (updates.element_count() == 0 || result.element_count() == 0) return {};
  const auto depth = static_cast<int>(indices.dim(indices.rank() - 1));
  if (depth > result.rank()) return OutOfRange(depth, result.rank());
  const std::int64_t rows = SizeOfAxes(indices, 0, indices.rank() - 1);
  const std::int64_t block = SizeOfAxes(result, depth, result.rank());
  if (rows * block != updates.element_count()) {
    return {Reason::kShapeMismatch, "SCATTER_ND's updates do not fit its indices"};
  }
  const std::vector<std::int64_t> places = IntsOf(indices);
  std::vector<std::int64_t> starts;
  auto place = places.begin();
  for (std::int64_t row = 0; row < rows; ++row) {
    std::int64_t at = 0;
    for (int axis = 0; axis < depth; ++axis, ++place) {
      if (*place < 0 || *place >= result.dim(axis)) return OutOfRange(*place, result.dim(axis));
      at = at * result.dim(axis) + *place;
    }
    starts.push_back(at * block);
  }
  const auto add = [&](auto* from, auto* to, auto plus) {
    for (const std::int64_t start : starts) {
      for (std::int64_t i = 0; i < block; ++i) to[start + i] = plus(to[start + i], *from++);
    }
  };
  if (updates.dtype() == ir::DType::kBool) {
    add(updates.values<bool>().data(), result.mutable_values<bool>().data(),
        [](bool a, bool b) { return a || b; });
    return {};
  }
  return VisitNumbers(context, updates.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    add(updates.values<T>().data(), result.mutable_values<T>().data(),
        [](T a, T b) { return Store<T>(WrappingAdd()(Load<Compute<T>>(a), Load<Compute<T>>(b))); });
    return Status::Ok();
  });
}

template <class C>
C EmptySegment(ir::OpKind kind) {
  if (kind == kUnsortedSegmentMax) return std::numeric_limits<C>::lowest();
  if (kind == kUnsortedSegmentMin) return std::numeric_limits<C>::max();
  return kind == kUnsortedSegmentProd ? C{1} : C{0};
}

template <class C>
C Combined(ir::OpKind kind, C a, C b) {
  if (kind == kUnsortedSegmentMax) return std::max(a, b);
  if (kind == kUnsortedSegmentMin) return std::min(a, b);
  return kind == kUnsortedSegmentProd ? WrappingMul()(a, b) : WrappingAdd()(a, b);
}

Status RunSegment(const KernelContext& context) {
  const Tensor& data = context.input(0);
  const std::vector<std::int64_t> segments = IntsOf(context.input(1));
  Tensor& result = context.result();
  const std::int64_t count = result.dim(0);
  const std::int64_t block = SizeOfAxes(result, 1, result.rank());
  for (const std::int64_t segment : segments) {
    if (segment >= count) return OutOfRange(segment, count);
  }
  return VisitNumbers(context, data.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Compute<T>;
    const std::span<T> to = result.mutable_values<T>();
    std::ranges::fill(to, Store<T>(EmptySegment<C>(context.kind)));
    const T* from = data.values<T>().data();
    for (const std::int64_t segment : segments) {
      for (std::int64_t i = 0; i < block; ++i, ++from) {
        if (segment < 0) continue;
        T& at = to[static_cast<std::size_t>(segment * block + i)];
        at = Store<T>(Combined(context.kind, Load<C>(at), Load<C>(*from)));
      }
    }
    return Status::Ok();
  });
}

Status RunWhere(const KernelContext& context) {
  const Tensor& input = context.input(0);
  std::vector<std::int64_t> found;
  const auto search = [&](auto elements) {
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (Load<double>(elements[i]) != 0) found.push_back(static_cast<std::int64_t>(i));
    }
    return Status::Ok();
  };
  if (input.dtype() == ir::DType::kBool) {
    SMELT_RETURN_IF_ERROR(search(input.values<bool>()));
  } else {
    SMELT_RETURN_IF_ERROR(VisitNumbers(context, input.dtype(), [&](auto tag) {
      return search(input.values<typename decltype(tag)::type>());
    }));
  }
  const std::vector<std::int64_t> strides = RowMajorStrides(input.shape());
  std::int64_t* to = context.result().mutable_values<std::int64_t>().data();
  for (std::int64_t at : found) {
    for (const std::int64_t stride : strides) {
      *to++ = at / stride;
      at %= stride;
    }
  }
  return {};
}

Status RunReverseSequence(const KernelContext& context) {
  const Tensor& input = context.input(0);
  if (ir::ElementBits(input.dtype()) < 8) return UnsupportedType(context, input.dtype());
  const std::vector<std::int64_t> lengths = IntsOf(context.input(1));
  const auto along = static_cast<int>(context.attrs.Int("seq_dim"));
  const auto batch = static_cast<int>(context.attrs.Int("batch_dim"));
  const std::vector<std::int64_t> strides = RowMajorStrides(input.shape());
  const std::int64_t step = strides[static_cast<std::size_t>(along)];
  const auto width = static_cast<std::size_t>(ir::ElementBits(input.dtype()) / 8);
  const std::byte* from = input.bytes().data();
  std::byte* to = context.result().mutable_data();
  for (std::int64_t i = 0; i < input.element_count(); ++i) {
    const std::int64_t at = i / step % input.dim(along);
    const std::int64_t row = i / strides[static_cast<std::size_t>(batch)] % input.dim(batch);
    const std::int64_t length = lengths[static_cast<std::size_t>(row)];
    const std::int64_t source = at < length ? i + (length - 1 - 2 * at) * step : i;
    std::memcpy(to + static_cast<std::size_t>(i) * width,
                from + static_cast<std::size_t>(source) * width, width);
  }
  return {};
}

}  // namespace

std::span<const KernelRow> ScatterKernels() {
  static constexpr KernelRow kRows[] = {
      {kWhere, &RunWhere},
      {kReverseSequence, &RunReverseSequence, false, Quantized::kMoved},
      {kScatterNd, &RunScatterNd},
      {kUnsortedSegmentProd, &RunSegment},
      {kUnsortedSegmentMax, &RunSegment},
      {kUnsortedSegmentSum, &RunSegment},
      {kUnsortedSegmentMin, &RunSegment},
  };
  return kRows;
}

}  // namespace smelt::interp
