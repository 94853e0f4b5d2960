// DIV, FLOOR_DIV, FLOOR_MOD, core.TRUNC_MOD.
#include <algorithm>
#include <cmath>

#include "core/interp/kernels/activation.h"
#include "core/interp/kernels/binary.h"
#include "core/interp/kernels/quantized.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

// The most negative integer divided by -1 wraps to itself.
struct TruncatedDiv {
  template <class C>
  C operator()(C a, C b) const {
    if constexpr (std::is_floating_point_v<C>) {
      return a / b;
    } else {
      if (std::is_signed_v<C> && b == static_cast<C>(-1)) {
        return static_cast<C>(0 - static_cast<std::uint64_t>(a));
      }
      return static_cast<C>(a / b);
    }
  }
};

struct TruncatedMod {
  template <class C>
  C operator()(C a, C b) const {
    if constexpr (std::is_floating_point_v<C>) {
      return std::fmod(a, b);
    } else {
      if (std::is_signed_v<C> && b == static_cast<C>(-1)) return C{0};
      return static_cast<C>(a % b);
    }
  }
};

struct FlooredMod {
  template <class C>
  C operator()(C a, C b) const {
    const C rest = TruncatedMod()(a, b);
    const bool other_sign = rest != C{0} && ((rest < C{0}) != (b < C{0}));
    return other_sign ? static_cast<C>(rest + b) : rest;
  }
};

struct FlooredDiv {
  template <class C>
  C operator()(C a, C b) const {
    if constexpr (std::is_floating_point_v<C>) {
      return std::floor(a / b);
    } else {
      const C quotient = TruncatedDiv()(a, b);
      const C rest = TruncatedMod()(a, b);
      const bool below = rest != C{0} && ((rest < C{0}) != (b < C{0}));
      return below ? static_cast<C>(quotient - C{1}) : quotient;
    }
  }
};

template <class Op>
Status RunDivision(const KernelContext& context) {
  if (IsQuantized(context)) return RunQuantizedBinary(context);
  const Status done = VisitNumbers(context, context.input(0).dtype(), [&](auto tag) -> Status {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>) {
      const std::span<const T> divisors = context.input(1).template values<T>();
      if (context.result().element_count() > 0 &&
          std::find(divisors.begin(), divisors.end(), T{0}) != divisors.end()) {
        return {Reason::kValueOutOfRange, "an integer is divided by 0"};
      }
    }
    ApplyBinary<T, T>(context, Op());
    return {};
  });
  if (!done.ok()) return done;
  return ApplyFusedActivation(context);
}

}  // namespace

std::span<const KernelRow> DivisionKernels() {
  static constexpr KernelRow kRows[] = {
      {kDiv, &RunDivision<TruncatedDiv>, false, Quantized::kRead},
      {kFloorDiv, &RunDivision<FlooredDiv>, false, Quantized::kRead},
      {kFloorMod, &RunDivision<FlooredMod>, false, Quantized::kRead},
      {kCoreTruncMod, &RunDivision<TruncatedMod>}};
  return kRows;
}

}  // namespace smelt::interp
