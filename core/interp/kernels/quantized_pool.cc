// AVERAGE_POOL_2D, MAX_POOL_2D on integers: of the stored numbers, whose parameters are the
// result's.
#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/window.h"

namespace smelt::interp {
namespace {

// sum / count, halves away from zero.
std::int64_t Average(std::int64_t sum, std::int64_t count) {
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

template <class T>
Status Pool(const KernelContext& context, const QuantizedRange& range) {
  const bool average = context.kind == ir::OpKind::kAveragePool2d;
  const Tensor& input = context.input(0);
  const Window window =
      WindowOf(context.attrs, input, context.result(), context.attrs.Int("filter_height"),
               context.attrs.Int("filter_width"));
  const auto channels = static_cast<std::size_t>(window.channels);
  const T* from = input.values<T>().data();
  T* to = context.result().mutable_values<T>().data();
  std::vector<std::int64_t> folded(channels);
  for (std::int64_t n = 0; n < window.batch * window.rows.out; ++n) {
    SMELT_RETURN_IF_ERROR(context.CheckCancelled());
    const std::int64_t y = n % window.rows.out;
    const std::int64_t image = n / window.rows.out * window.rows.in;
    const WindowAxis::Taps rows = window.rows.TapsAt(y);
    for (std::int64_t x = 0; x < window.columns.out; ++x) {
      const WindowAxis::Taps columns = window.columns.TapsAt(x);
      std::ranges::fill(folded, average ? 0 : std::int64_t{std::numeric_limits<T>::min()});
      for (std::int64_t i = rows.begin; i < rows.end; ++i) {
        for (std::int64_t j = columns.begin; j < columns.end; ++j) {
          const std::int64_t row = image + window.rows.Place(y, i);
          const T* pixel =
              from + (row * window.columns.in + window.columns.Place(x, j)) * window.channels;
          for (std::size_t c = 0; c < channels; ++c) {
            const std::int64_t q = pixel[c];
            folded[c] = average ? folded[c] + q : std::max(folded[c], q);
          }
        }
      }
      const std::int64_t count = (rows.end - rows.begin) * (columns.end - columns.begin);
      for (const std::int64_t one : folded) {
        *to++ = static_cast<T>(range.Clamp(average && count > 0 ? Average(one, count) : one));
      }
    }
  }
  return {};
}

}  // namespace

Status RunQuantizedPool(const KernelContext& context) {
  const Tensor& input = context.input(0);
  const Tensor& result = context.result();
  if (input.dtype() != result.dtype() || input.quant() != result.quant()) {
    return NoQuantizedKernel(context);
  }
  SMELT_ASSIGN_OR_RETURN(const Affine affine, AffineOf(context, result));
  return VisitQuantized(context, result.dtype(), [&](auto tag) {
    return Pool<typename decltype(tag)::type>(context, ActivationRange(context, affine));
  });
}

}  // namespace smelt::interp
