// FILL, RANGE, SHAPE, RANK, ONE_HOT.
#include "core/interp/kernels/types.h"
#include "core/interp/kernels/view.h"

namespace smelt::interp {
namespace {

using enum ir::OpKind;

Status RunFill(const KernelContext& context) {
  ElementView view{{context.result().shape(), {}}};
  view.axes.strides.resize(view.axes.sizes.size(), 0);
  return CopyView(context, context.input(1), view, context.result());
}

// Element i is start + i * delta, in double for floats; the runtime adds step by step.
Status RunRange(const KernelContext& context) {
  return VisitNumbers(context, context.result().dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto start = Load<Sum<T>>(context.input(0).values<T>()[0]);
    const auto delta = Load<Sum<T>>(context.input(2).values<T>()[0]);
    auto index = Sum<T>{0};
    for (T& value : context.result().mutable_values<T>()) {
      value = Store<T>(start + index * delta);
      index += Sum<T>{1};
    }
    return Status::Ok();
  });
}

template <class T>
void StoreInts(std::span<const std::int64_t> values, Tensor& to) {
  const std::span<T> out = to.mutable_values<T>();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(values[i]);
}

Status RunShape(const KernelContext& context) {
  Tensor& result = context.result();
  const std::vector<std::int64_t>& shape = context.input(0).shape();
  if (result.dtype() == ir::DType::kI32)
    StoreInts<std::int32_t>(shape, result);
  else
    StoreInts<std::int64_t>(shape, result);
  return {};
}

Status RunRank(const KernelContext& context) {
  context.result().mutable_values<std::int32_t>()[0] = context.input(0).rank();
  return {};
}

// An index outside of [0, depth) gives a row of off values.
Status RunOneHot(const KernelContext& context) {
  Tensor& result = context.result();
  const std::vector<std::int64_t> indices = IntsOf(context.input(0));
  const int axis = AxisOf(context.attrs.Int("axis"), result.rank());
  const std::int64_t depth = result.dim(axis);
  const std::int64_t outer = SizeOfAxes(result, 0, axis);
  const std::int64_t inner = SizeOfAxes(result, axis + 1, result.rank());
  return VisitWidths(context, result.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T on = context.input(2).values<T>()[0];
    const T off = context.input(3).values<T>()[0];
    T* to = result.mutable_values<T>().data();
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::int64_t d = 0; d < depth; ++d) {
        for (std::int64_t i = 0; i < inner; ++i) {
          *to++ = indices[static_cast<std::size_t>(o * inner + i)] == d ? on : off;
        }
      }
    }
    return Status::Ok();
  });
}

}  // namespace

std::span<const KernelRow> FillKernels() {
  static constexpr KernelRow kRows[] = {{kFill, &RunFill, false, Quantized::kMoved},
                                        {kRange, &RunRange},
                                        {kShape, &RunShape, false, Quantized::kRead},
                                        {kRank, &RunRank, false, Quantized::kRead},
                                        {kOneHot, &RunOneHot}};
  return kRows;
}

}  // namespace smelt::interp
