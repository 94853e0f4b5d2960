// SELECT, SELECT_V2.
#include <array>

#include "core/interp/kernels/broadcast.h"
#include "core/interp/kernels/types.h"

namespace smelt::interp {
namespace {

Status Choose(const KernelContext& context, const Tensor& condition) {
  const Tensor& x = context.input(1);
  const Tensor& y = context.input(2);
  const std::array<const Tensor*, 3> operands{&condition, &x, &y};
  const BroadcastPlan plan = PlanBroadcast(context.result().shape(), operands);
  return VisitWidths(context, x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const bool* choice = condition.values<bool>().data();
    const T* from_x = x.values<T>().data();
    const T* from_y = y.values<T>().data();
    T* to = context.result().mutable_values<T>().data();
    ForEachRow(plan, [&](std::int64_t begin, const BroadcastPlan::Offsets& at) {
      for (std::int64_t i = 0; i < plan.row; ++i) {
        to[begin + i] = choice[at[0] + i * plan.row_strides[0]]
                            ? from_x[at[1] + i * plan.row_strides[1]]
                            : from_y[at[2] + i * plan.row_strides[2]];
      }
    });
    return Status::Ok();
  });
}

// A condition of rank 1 chooses whole rows: its axis is the first one of the branches.
Status RunSelect(const KernelContext& context) {
  const Tensor& condition = context.input(0);
  const int rank = context.input(1).rank();
  if (condition.rank() != 1 || rank <= 1) return Choose(context, condition);
  std::vector<std::int64_t> shape(static_cast<std::size_t>(rank), 1);
  shape[0] = condition.dim(0);
  return Choose(context, condition.Reshaped(std::move(shape)));
}

Status RunSelectV2(const KernelContext& context) { return Choose(context, context.input(0)); }

}  // namespace

std::span<const KernelRow> SelectKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kSelect, &RunSelect, false, Quantized::kMoved},
      {ir::OpKind::kSelectV2, &RunSelectV2, false, Quantized::kMoved}};
  return kRows;
}

}  // namespace smelt::interp
