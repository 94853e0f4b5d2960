// ARG_MAX, ARG_MIN (the first of equals), TOPK_V2 (descending, stable).
#include <algorithm>
#include <numeric>

#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/view.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

// Index of the row's first element that no other one beats.
template <class T, class Beats>
std::int64_t Best(const T* row, std::int64_t length, Beats beats) {
  using C = Compute<T>;
  std::int64_t best = 0;
  for (std::int64_t i = 1; i < length; ++i) {
    if (beats(Load<C>(row[i]), Load<C>(row[best]))) best = i;
  }
  return best;
}

template <class T>
void StoreBest(const KernelContext& context, const T* from, std::int64_t length) {
  Tensor& result = context.result();
  for (std::int64_t i = 0; i < result.element_count(); ++i) {
    const T* row = from + i * length;
    const std::int64_t best = context.kind == kArgMax
                                  ? Best(row, length, [](auto a, auto b) { return a > b; })
                                  : Best(row, length, [](auto a, auto b) { return a < b; });
    const auto at = static_cast<std::size_t>(i);
    if (result.dtype() == ir::DType::kI64)
      result.mutable_values<std::int64_t>()[at] = best;
    else
      result.mutable_values<std::int32_t>()[at] = static_cast<std::int32_t>(best);
  }
}

// Integers of one positive scale are in the order of what they stand for.
Status CheckOneScale(const KernelContext& context) {
  return IsQuantized(context) ? AffineOf(context, context.input(0)).status() : Status::Ok();
}

Status RunArgReduce(const KernelContext& context) {
  SMELT_RETURN_IF_ERROR(CheckOneScale(context));
  const Tensor& input = context.input(0);
  const int axis = AxisOf(IntsOf(context.input(1)).front(), input.rank());
  if (input.dim(axis) == 0 && context.result().element_count() > 0) {
    return {Reason::kShapeMismatch, "the index of an extreme is asked of an empty axis"};
  }
  std::vector<int> order;
  for (int i = 0; i < input.rank(); ++i) {
    if (i != axis) order.push_back(i);
  }
  order.push_back(axis);
  SMELT_ASSIGN_OR_RETURN(const Tensor rows, Permuted(context, input, order));
  if (rows.dtype() == ir::DType::kBool) {
    StoreBest(context, rows.values<std::uint8_t>().data(), input.dim(axis));
    return {};
  }
  return VisitNumbers(context, rows.dtype(), [&](auto tag) {
    StoreBest(context, rows.values<typename decltype(tag)::type>().data(), input.dim(axis));
    return Status::Ok();
  });
}

template <class T>
void TakeLargest(const KernelContext& context, std::size_t length, std::size_t k) {
  using C = Compute<T>;
  const std::span<const T> from = context.input(0).values<T>();
  T* values = context.result(0).mutable_values<T>().data();
  std::int32_t* indices = context.result(1).mutable_values<std::int32_t>().data();
  std::vector<std::size_t> order(length);
  for (std::size_t begin = 0; begin + length <= from.size() && length > 0; begin += length) {
    std::iota(order.begin(), order.end(), std::size_t{0});
    // NaN goes last: comparisons with it would not be an order.
    const auto before = [&](std::size_t a, std::size_t b) {
      const C left = Load<C>(from[begin + a]);
      const C right = Load<C>(from[begin + b]);
      if (left > right || left < right) return left > right;
      const bool left_nan = left != left;
      const bool right_nan = right != right;
      return left_nan != right_nan ? right_nan : a < b;
    };
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k), order.end(),
                      before);
    for (std::size_t i = 0; i < k; ++i) {
      *values++ = from[begin + order[i]];
      *indices++ = static_cast<std::int32_t>(order[i]);
    }
  }
}

Status RunTopk(const KernelContext& context) {
  SMELT_RETURN_IF_ERROR(CheckOneScale(context));
  if (context.input(0).quant() != context.result().quant()) return NoQuantizedKernel(context);
  const Tensor& input = context.input(0);
  const auto length = static_cast<std::size_t>(input.dim(input.rank() - 1));
  const auto k = static_cast<std::size_t>(context.result().dim(input.rank() - 1));
  return VisitNumbers(context, input.dtype(), [&](auto tag) {
    TakeLargest<typename decltype(tag)::type>(context, length, k);
    return Status::Ok();
  });
}

}  // namespace

std::span<const KernelRow> OrderKernels() {
  static constexpr KernelRow kRows[] = {{kArgMax, &RunArgReduce, false, Quantized::kRead},
                                        {kArgMin, &RunArgReduce, false, Quantized::kRead},
                                        {kTopkV2, &RunTopk, false, Quantized::kRead}};
  return kRows;
}

}  // namespace smelt::interp
