// SUM, MEAN, REDUCE_PROD, REDUCE_MAX, REDUCE_MIN, REDUCE_ANY, REDUCE_ALL. The reduced axes are
// moved last, then each row is folded in order: floats in double, integers wrap.
#include <algorithm>
#include <limits>

#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/view.h"
#include "core/ir/infer.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

// Input with the reduced axes last and the length of a row of them.
struct Rows {
  Tensor tensor;
  std::int64_t length = 1;
};

Result<Rows> MakeRows(const KernelContext& context) {
  const Tensor& input = context.input(0);
  SMELT_ASSIGN_OR_RETURN(const std::vector<int> reduced,
                         ir::infer::NormalizeAxes(IntsOf(context.input(1)), input.rank()));
  Rows rows;
  std::vector<int> order;
  for (int axis = 0; axis < input.rank(); ++axis) {
    if (!std::binary_search(reduced.begin(), reduced.end(), axis)) order.push_back(axis);
  }
  for (const int axis : reduced) {
    order.push_back(axis);
    rows.length *= input.dim(axis);
  }
  SMELT_ASSIGN_OR_RETURN(rows.tensor, Permuted(context, input, order));
  return rows;
}

// result[i] = finish(fold of row i from `start`), in the accumulator type of `start`.
template <class T, class A, class Fold, class Finish>
void FoldRows(const KernelContext& context, const Rows& rows, A start, Fold fold, Finish finish) {
  const T* from = rows.tensor.values<T>().data();
  for (T& to : context.result().mutable_values<T>()) {
    A sum = start;
    for (std::int64_t i = 0; i < rows.length; ++i) sum = fold(sum, Load<A>(*from++));
    to = Store<T>(finish(sum));
  }
}

template <class T>
T MeanOf(Sum<T> sum, std::int64_t count) {
  if constexpr (kIsFloat<T>) {
    return Store<T>(sum / static_cast<double>(count));
  } else if (count == 0) {
    return T{0};
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(static_cast<std::int64_t>(sum) / count);
  } else {
    return static_cast<T>(sum / static_cast<std::uint64_t>(count));
  }
}

// The value that every element of T is at least.
template <class C>
constexpr C Lowest() {
  return std::numeric_limits<C>::has_infinity ? -std::numeric_limits<C>::infinity()
                                              : std::numeric_limits<C>::lowest();
}
template <class C>
constexpr C Highest() {
  return std::numeric_limits<C>::has_infinity ? std::numeric_limits<C>::infinity()
                                              : std::numeric_limits<C>::max();
}

template <class T>
void Reduce(const KernelContext& context, const Rows& rows) {
  using S = Sum<T>;
  using C = Compute<T>;
  const auto same = [](auto x) { return x; };
  const auto add = [](S a, S b) { return a + b; };
  const auto multiply = [](S a, S b) { return a * b; };
  const auto larger = [](C a, C b) { return a < b ? b : a; };
  const auto smaller = [](C a, C b) { return b < a ? b : a; };
  if (context.kind == kSum) FoldRows<T>(context, rows, S{0}, add, same);
  if (context.kind == kReduceProd) FoldRows<T>(context, rows, S{1}, multiply, same);
  if (context.kind == kReduceMax) FoldRows<T>(context, rows, Lowest<C>(), larger, same);
  if (context.kind == kReduceMin) FoldRows<T>(context, rows, Highest<C>(), smaller, same);
  if (context.kind != kMean) return;
  const T* from = rows.tensor.values<T>().data();
  for (T& to : context.result().mutable_values<T>()) {
    S sum{0};
    for (std::int64_t i = 0; i < rows.length; ++i) sum += Load<S>(*from++);
    to = MeanOf<T>(sum, rows.length);
  }
}

Status RunReduction(const KernelContext& context) {
  SMELT_ASSIGN_OR_RETURN(const Rows rows, MakeRows(context));
  if (IsQuantized(context)) return RunQuantizedReduction(context, rows.tensor, rows.length);
  return VisitNumbers(context, rows.tensor.dtype(), [&](auto tag) {
    Reduce<typename decltype(tag)::type>(context, rows);
    return Status::Ok();
  });
}

Status RunAny(const KernelContext& context) {
  SMELT_ASSIGN_OR_RETURN(const Rows rows, MakeRows(context));
  FoldRows<bool>(
      context, rows, false, [](bool a, bool b) { return a || b; }, [](bool x) { return x; });
  return {};
}

Status RunAll(const KernelContext& context) {
  SMELT_ASSIGN_OR_RETURN(const Rows rows, MakeRows(context));
  FoldRows<bool>(
      context, rows, true, [](bool a, bool b) { return a && b; }, [](bool x) { return x; });
  return {};
}

}  // namespace

std::span<const KernelRow> ReductionKernels() {
  static constexpr KernelRow kRows[] = {{kSum, &RunReduction, false, Quantized::kRead},
                                        {kMean, &RunReduction, false, Quantized::kRead},
                                        {kReduceProd, &RunReduction, false, Quantized::kRead},
                                        {kReduceMax, &RunReduction, false, Quantized::kRead},
                                        {kReduceMin, &RunReduction, false, Quantized::kRead},
                                        {kReduceAny, &RunAny},
                                        {kReduceAll, &RunAll}};
  return kRows;
}

}  // namespace smelt::interp
