// LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, NOT_EQUAL on numbers and bool.
#include <functional>

#include "core/interp/kernels/binary.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

template <class Op>
Status RunComparison(const KernelContext& context) {
  const ir::DType dtype = context.input(0).dtype();
  if (dtype == ir::DType::kBool) {  // 0 and 1
    ApplyBinary<std::uint8_t, bool>(context, Op());
    return {};
  }
  return VisitNumbers(context, dtype, [&](auto tag) {
    ApplyBinary<typename decltype(tag)::type, bool>(context, Op());
    return Status::Ok();
  });
}

}  // namespace

std::span<const KernelRow> ComparisonKernels() {
  static constexpr KernelRow kRows[] = {{kLess, &RunComparison<std::less<>>},
                                        {kLessEqual, &RunComparison<std::less_equal<>>},
                                        {kGreater, &RunComparison<std::greater<>>},
                                        {kGreaterEqual, &RunComparison<std::greater_equal<>>},
                                        {kEqual, &RunComparison<std::equal_to<>>},
                                        {kNotEqual, &RunComparison<std::not_equal_to<>>}};
  return kRows;
}

}  // namespace smelt::interp
