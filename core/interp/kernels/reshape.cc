// RESHAPE, SQUEEZE, EXPAND_DIMS: the same bytes under the inferred shape.
#include "core/interp/kernel.h"

namespace smelt::interp {
namespace {

Status RunReshape(const KernelContext& context) {
  context.result() = context.input(0).Reshaped(context.result().shape());
  return {};
}

}  // namespace

std::span<const KernelRow> ReshapeKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kReshape, &RunReshape, true, Quantized::kMoved},
      {ir::OpKind::kSqueeze, &RunReshape, true, Quantized::kMoved},
      {ir::OpKind::kExpandDims, &RunReshape, true, Quantized::kMoved}};
  return kRows;
}

}  // namespace smelt::interp
