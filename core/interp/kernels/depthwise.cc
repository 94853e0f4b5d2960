// DEPTHWISE_CONV_2D by direct loops: plain sums are exact as in PlainGemm, fast ones are in f32.
#include <algorithm>

#include "core/interp/kernels/activation.h"
#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/window.h"

namespace smelt::interp {
namespace {

// sums[c * multiplier + m] += pixel[c] * taps[c * multiplier + m].
template <class T, class S>
void AddTaps(const T* pixel, const T* taps, std::int64_t channels, std::int64_t multiplier,
             S* sums) {
  if (multiplier == 1) {
    for (std::int64_t c = 0; c < channels; ++c) sums[c] += Load<S>(pixel[c]) * Load<S>(taps[c]);
    return;
  }
  for (std::int64_t c = 0; c < channels; ++c) {
    const S element = Load<S>(pixel[c]);
    for (std::int64_t m = 0; m < multiplier; ++m) *sums++ += element * Load<S>(*taps++);
  }
}

template <class T, class S>
Status Convolve(const KernelContext& context) {
  const Tensor& input = context.input(0);
  const Tensor& filter = context.input(1);
  Tensor& result = context.result();
  const Window window = WindowOf(context.attrs, input, result, filter.dim(1), filter.dim(2));
  const std::int64_t outputs = filter.dim(3);
  const std::int64_t multiplier = window.channels == 0 ? 0 : outputs / window.channels;
  const T* from = input.values<T>().data();
  const T* taps = filter.values<T>().data();
  const T* bias = context.has_input(2) ? context.input(2).values<T>().data() : nullptr;
  T* to = result.mutable_values<T>().data();
  std::vector<S> sums(static_cast<std::size_t>(outputs));
  for (std::int64_t n = 0; n < window.batch * window.rows.out; ++n) {
    SMELT_RETURN_IF_ERROR(context.CheckCancelled());
    const std::int64_t y = n % window.rows.out;
    const std::int64_t image = n / window.rows.out * window.rows.in;
    const WindowAxis::Taps rows = window.rows.TapsAt(y);
    for (std::int64_t x = 0; x < window.columns.out; ++x, to += outputs) {
      const WindowAxis::Taps columns = window.columns.TapsAt(x);
      for (std::size_t c = 0; c < sums.size(); ++c)
        sums[c] = bias == nullptr ? S{} : Load<S>(bias[c]);
      for (std::int64_t i = rows.begin; i < rows.end; ++i) {
        const std::int64_t row = image + window.rows.Place(y, i);
        for (std::int64_t j = columns.begin; j < columns.end; ++j) {
          const std::int64_t column = window.columns.Place(x, j);
          AddTaps(from + (row * window.columns.in + column) * window.channels,
                  taps + (i * window.columns.filter + j) * outputs, window.channels, multiplier,
                  sums.data());
        }
      }
      for (std::size_t c = 0; c < sums.size(); ++c) to[c] = Store<T>(sums[c]);
    }
  }
  return {};
}

Status RunDepthwise(const KernelContext& context) {
  const ir::DType dtype = context.input(0).dtype();
  if (IsQuantized(context)) return RunQuantizedDepthwise(context);
  for (int i = 1; i < 3; ++i) {
    if (!context.has_input(i) || context.input(i).dtype() == dtype) continue;
    return UnsupportedType(context, context.input(i).dtype());
  }
  const bool fast = context.kernels == Kernels::kFast && dtype == ir::DType::kF32;
  const Status done =
      fast ? Convolve<float, float>(context) : VisitNumbers(context, dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        return Convolve<T, Sum<T>>(context);
      });
  if (!done.ok()) return done;
  return ApplyFusedActivation(context);
}

}  // namespace

std::span<const KernelRow> DepthwiseKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kDepthwiseConv2d, &RunDepthwise, false, Quantized::kRead}};
  return kRows;
}

}  // namespace smelt::interp
