// LOGICAL_AND, LOGICAL_OR, LOGICAL_NOT.
#include <functional>

#include "core/interp/kernels/binary.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

template <class Op>
Status RunLogic(const KernelContext& context) {
  ApplyBinary<bool, bool>(context, Op());
  return {};
}

Status RunNot(const KernelContext& context) {
  const std::span<const bool> from = context.input(0).values<bool>();
  const std::span<bool> to = context.result().mutable_values<bool>();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = !from[i];
  return {};
}

}  // namespace

std::span<const KernelRow> LogicKernels() {
  static constexpr KernelRow kRows[] = {{kLogicalAnd, &RunLogic<std::logical_and<>>},
                                        {kLogicalOr, &RunLogic<std::logical_or<>>},
                                        {kLogicalNot, &RunNot}};
  return kRows;
}

}  // namespace smelt::interp
