// SOFTMAX, LOG_SOFTMAX over the last axis, in double, each element rounded once.
#include <algorithm>
#include <cmath>

#include "core/interp/kernels/quantized.h"

namespace smelt::interp {
namespace {

// f(scaled distance to the row's largest element, sum of their exponentials).
template <class F>
Status OverRows(const KernelContext& context, double beta, F f) {
  if (IsQuantized(context)) return RunQuantizedSoftmax(context);
  const Tensor& input = context.input(0);
  const auto row = static_cast<std::size_t>(input.dim(input.rank() - 1));
  if (input.element_count() == 0) return {};
  return VisitFloats(context, input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const T> from = input.values<T>();
    const std::span<T> to = context.result().mutable_values<T>();
    std::vector<double> scaled(row);
    for (std::size_t begin = 0; begin < from.size(); begin += row) {
      double largest = Load<double>(from[begin]);
      for (std::size_t i = 0; i < row; ++i) {
        largest = std::max(largest, Load<double>(from[begin + i]));
      }
      double sum = 0;
      for (std::size_t i = 0; i < row; ++i) {
        scaled[i] = (Load<double>(from[begin + i]) - largest) * beta;
        sum += std::exp(scaled[i]);
      }
      for (std::size_t i = 0; i < row; ++i) to[begin + i] = Store<T>(f(scaled[i], sum));
    }
    return Status::Ok();
  });
}

Status RunSoftmax(const KernelContext& context) {
  // The attribute is an f32 of the file.
  const auto beta = static_cast<double>(static_cast<float>(context.attrs.Float("beta")));
  return OverRows(context, beta, [](double x, double sum) { return std::exp(x) / sum; });
}

Status RunLogSoftmax(const KernelContext& context) {
  return OverRows(context, 1.0, [](double x, double sum) { return x - std::log(sum); });
}

}  // namespace

std::span<const KernelRow> SoftmaxKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kSoftmax, &RunSoftmax, false, Quantized::kRead},
      {ir::OpKind::kLogSoftmax, &RunLogSoftmax, false, Quantized::kRead}};
  return kRows;
}

}  // namespace smelt::interp
