// BITWISE_XOR, RIGHT_SHIFT, STABLEHLO_AND.
#include <algorithm>
#include <functional>

#include "core/interp/kernels/binary.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

template <class Op>
Status RunBits(const KernelContext& context) {
  if (context.input(0).dtype() == ir::DType::kBool) {
    ApplyBinary<bool, bool>(context, Op());
    return {};
  }
  return VisitIntegers(context, context.input(0).dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    ApplyBinary<T, T>(context, Op());
    return Status::Ok();
  });
}

struct ShiftRight {
  template <class C>
  C operator()(C value, C count) const {
    constexpr C kLast = sizeof(C) * 8 - 1;
    return static_cast<C>(value >> std::clamp<C>(count, 0, kLast));
  }
};

Status RunRightShift(const KernelContext& context) {
  return VisitIntegers(context, context.input(0).dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    ApplyBinary<T, T>(context, ShiftRight());
    return Status::Ok();
  });
}

}  // namespace

std::span<const KernelRow> BitwiseKernels() {
  static constexpr KernelRow kRows[] = {{kBitwiseXor, &RunBits<std::bit_xor<>>},
                                        {kRightShift, &RunRightShift},
                                        {kStablehloAnd, &RunBits<std::bit_and<>>}};
  return kRows;
}

}  // namespace smelt::interp
