// Elementwise application of an operation of two operands with broadcasting.
#pragma once

#include <array>
#include <cstdint>

#include "core/interp/kernels/broadcast.h"
#include "core/interp/kernels/types.h"

namespace smelt::interp {

// result[i] = op(a[i], b[i]) on elements of type T in their arithmetic type; R is the result's.
template <class T, class R, class Op>
void ApplyBinary(const KernelContext& context, Op op) {
  using C = Compute<T>;
  const T* a = context.input(0).values<T>().data();
  const T* b = context.input(1).values<T>().data();
  R* to = context.result().mutable_values<R>().data();
  const std::array<const Tensor*, 2> operands{&context.input(0), &context.input(1)};
  const BroadcastPlan plan = PlanBroadcast(context.result().shape(), operands);
  const std::int64_t step_a = plan.row_strides[0];
  const std::int64_t step_b = plan.row_strides[1];
  ForEachRow(plan, [&](std::int64_t begin, const BroadcastPlan::Offsets& offsets) {
    const T* row_a = a + offsets[0];
    const T* row_b = b + offsets[1];
    R* row = to + begin;
    if (step_a == 1 && step_b == 1) {  // apart, so that it becomes vector code
      for (std::int64_t i = 0; i < plan.row; ++i) {
        row[i] = Store<R>(op(Load<C>(row_a[i]), Load<C>(row_b[i])));
      }
    } else {
      for (std::int64_t i = 0; i < plan.row; ++i) {
        row[i] = Store<R>(op(Load<C>(row_a[i * step_a]), Load<C>(row_b[i * step_b])));
      }
    }
  });
}

// Two's complement operations on integers of any width, without undefined overflow.
struct WrappingAdd {
  template <class C>
  C operator()(C a, C b) const {
    if constexpr (std::is_floating_point_v<C>)
      return a + b;
    else
      return static_cast<C>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  }
};
struct WrappingSub {
  template <class C>
  C operator()(C a, C b) const {
    if constexpr (std::is_floating_point_v<C>)
      return a - b;
    else
      return static_cast<C>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
  }
};
struct WrappingMul {
  template <class C>
  C operator()(C a, C b) const {
    if constexpr (std::is_floating_point_v<C>)
      return a * b;
    else
      return static_cast<C>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  }
};

}  // namespace smelt::interp
