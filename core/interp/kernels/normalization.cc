// L2_NORMALIZATION, LOCAL_RESPONSE_NORMALIZATION over the last axis, in double.
#include <algorithm>
#include <cmath>

#include "core/interp/kernels/activation.h"
#include "core/interp/kernels/quantized.h"

namespace smelt::interp {
namespace {

constexpr double kSmallestNorm = 1e-6;  // the runtime's

// f(row, result row) with the row's elements as double.
template <class F>
Status OverRows(const KernelContext& context, F f) {
  const Tensor& input = context.input(0);
  const auto row = static_cast<std::size_t>(input.dim(input.rank() - 1));
  if (input.element_count() == 0) return {};
  return VisitFloats(context, input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const T> from = input.values<T>();
    const std::span<T> to = context.result().mutable_values<T>();
    std::vector<double> values(row);
    std::vector<double> results(row);
    for (std::size_t begin = 0; begin < from.size(); begin += row) {
      for (std::size_t i = 0; i < row; ++i) values[i] = Load<double>(from[begin + i]);
      f(values, results);
      for (std::size_t i = 0; i < row; ++i) to[begin + i] = Store<T>(results[i]);
    }
    return Status::Ok();
  });
}

Status RunL2Normalization(const KernelContext& context) {
  if (IsQuantized(context)) return RunQuantizedL2Normalization(context);
  const Status done = OverRows(context, [](const std::vector<double>& x, std::vector<double>& y) {
    double sum = 0;
    for (const double value : x) sum += value * value;
    const double norm = std::max(std::sqrt(sum), kSmallestNorm);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] / norm;
  });
  if (!done.ok()) return done;
  return ApplyFusedActivation(context);
}

Status RunLocalResponse(const KernelContext& context) {
  const ir::Attributes& attrs = context.attrs;
  // The attributes are f32 of the file.
  const auto as_float = [&](std::string_view name) {
    return static_cast<double>(static_cast<float>(attrs.Float(name)));
  };
  const double bias = as_float("bias");
  const double alpha = as_float("alpha");
  const double beta = as_float("beta");
  const std::int64_t radius = std::max<std::int64_t>(attrs.Int("radius"), 0);
  return OverRows(context, [&](const std::vector<double>& x, std::vector<double>& y) {
    const auto size = static_cast<std::int64_t>(x.size());
    for (std::int64_t i = 0; i < size; ++i) {
      const std::int64_t first = i > radius ? i - radius : 0;
      const std::int64_t last = radius < size - i ? i + radius : size - 1;
      double sum = 0;
      for (std::int64_t j = first; j <= last; ++j) {
        sum += x[static_cast<std::size_t>(j)] * x[static_cast<std::size_t>(j)];
      }
      const auto at = static_cast<std::size_t>(i);
      y[at] = x[at] * std::pow(bias + alpha * sum, -beta);
    }
  });
}

}  // namespace

std::span<const KernelRow> NormalizationKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kL2Normalization, &RunL2Normalization, false, Quantized::kRead},
      {ir::OpKind::kLocalResponseNormalization, &RunLocalResponse}};
  return kRows;
}

}  // namespace smelt::interp
