// CUMSUM: running sums along an axis, floats in double, integers wrap.
#include "core/interp/kernels/types.h"
#include "core/interp/kernels/view.h"

namespace smelt::interp {
namespace {

// `length` elements that are `step` apart; the sum is written before or after its element is added.
template <class T>
void RunningSums(const T* from, T* to, std::int64_t length, std::int64_t step, bool exclusive) {
  Sum<T> sum{0};
  for (std::int64_t i = 0; i < length; ++i) {
    const Sum<T> before = sum;
    sum += Load<Sum<T>>(from[i * step]);
    to[i * step] = Store<T>(exclusive ? before : sum);
  }
}

Status RunCumsum(const KernelContext& context) {
  const Tensor& input = context.input(0);
  if (input.element_count() == 0) return {};
  const int axis = AxisOf(IntsOf(context.input(1)).front(), input.rank());
  const bool exclusive = context.attrs.Bool("exclusive");
  const bool reverse = context.attrs.Bool("reverse");
  const std::int64_t length = input.dim(axis);
  const std::int64_t inner = SizeOfAxes(input, axis + 1, input.rank());
  const std::int64_t outer = SizeOfAxes(input, 0, axis);
  return VisitNumbers(context, input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = input.values<T>().data();
    T* to = context.result().mutable_values<T>().data();
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::int64_t i = 0; i < inner; ++i) {
        const std::int64_t first = (o * length + (reverse ? length - 1 : 0)) * inner + i;
        RunningSums(from + first, to + first, length, reverse ? -inner : inner, exclusive);
      }
    }
    return Status::Ok();
  });
}

}  // namespace

std::span<const KernelRow> CumsumKernels() {
  static constexpr KernelRow kRows[] = {{ir::OpKind::kCumsum, &RunCumsum}};
  return kRows;
}

}  // namespace smelt::interp
