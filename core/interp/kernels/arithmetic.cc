// ADD, SUB, MUL, MAXIMUM, MINIMUM, SQUARED_DIFFERENCE, POW, ATAN2, PRELU.
#include <algorithm>
#include <cmath>

#include "core/interp/kernels/activation.h"
#include "core/interp/kernels/binary.h"
#include "core/interp/kernels/quantized.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

template <class Op>
Status RunNumbers(const KernelContext& context, Op op) {
  return VisitNumbers(context, context.input(0).dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    ApplyBinary<T, T>(context, op);
    return Status::Ok();
  });
}

template <class Op>
Status RunFused(const KernelContext& context) {
  if (IsQuantized(context)) return RunQuantizedBinary(context);
  SMELT_RETURN_IF_ERROR(RunNumbers(context, Op()));
  return ApplyFusedActivation(context);
}

Status RunMaximum(const KernelContext& context) {
  return RunNumbers(context, [](auto a, auto b) { return a < b ? b : a; });
}
Status RunMinimum(const KernelContext& context) {
  return RunNumbers(context, [](auto a, auto b) { return b < a ? b : a; });
}
Status RunSquaredDifference(const KernelContext& context) {
  if (IsQuantized(context)) return RunQuantizedBinary(context);
  return RunNumbers(context, [](auto a, auto b) {
    const auto difference = WrappingSub()(a, b);
    return WrappingMul()(difference, difference);
  });
}

template <class C>
C IntegerPower(C base, C exponent) {
  auto factor = static_cast<std::uint64_t>(base);
  std::uint64_t power = 1;
  for (auto rest = static_cast<std::uint64_t>(exponent); rest != 0; rest >>= 1) {
    if ((rest & 1) != 0) power *= factor;
    factor *= factor;
  }
  return static_cast<C>(power);
}

Status RunPow(const KernelContext& context) {
  const ir::DType dtype = context.input(0).dtype();
  if (ir::IsFloat(dtype)) {
    return VisitFloats(context, dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      ApplyBinary<T, T>(context, [](auto a, auto b) {
        return std::pow(static_cast<double>(a), static_cast<double>(b));
      });
      return Status::Ok();
    });
  }
  return VisitIntegers(context, dtype, [&](auto tag) -> Status {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_signed_v<T>) {
      for (const T exponent : context.input(1).template values<T>()) {
        if (exponent >= 0) continue;
        return {Reason::kValueOutOfRange, "POW of integers has a negative exponent"};
      }
    }
    ApplyBinary<T, T>(context, [](auto a, auto b) { return IntegerPower(a, b); });
    return Status::Ok();
  });
}

Status RunAtan2(const KernelContext& context) {
  return VisitFloats(context, context.input(0).dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    ApplyBinary<T, T>(context, [](auto a, auto b) {
      return std::atan2(static_cast<double>(a), static_cast<double>(b));
    });
    return Status::Ok();
  });
}

Status RunPrelu(const KernelContext& context) {
  if (IsQuantized(context)) return RunQuantizedBinary(context);
  return RunNumbers(context,
                    [](auto x, auto alpha) { return x < 0 ? WrappingMul()(x, alpha) : x; });
}

}  // namespace

std::span<const KernelRow> ArithmeticKernels() {
  static constexpr KernelRow kRows[] = {
      {kAdd, &RunFused<WrappingAdd>, false, Quantized::kRead},
      {kSub, &RunFused<WrappingSub>, false, Quantized::kRead},
      {kMul, &RunFused<WrappingMul>, false, Quantized::kRead},
      {kMaximum, &RunMaximum, false, Quantized::kMoved},
      {kMinimum, &RunMinimum, false, Quantized::kMoved},
      {kSquaredDifference, &RunSquaredDifference, false, Quantized::kRead},
      {kPow, &RunPow},
      {kAtan2, &RunAtan2},
      {kPrelu, &RunPrelu, false, Quantized::kRead}};
  return kRows;
}

}  // namespace smelt::interp
