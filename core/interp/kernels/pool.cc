// AVERAGE_POOL_2D, MAX_POOL_2D. Padding takes no part: an average divides by the elements inside.
#include <algorithm>
#include <limits>

#include "core/interp/kernels/activation.h"
#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/window.h"

namespace smelt::interp {
namespace {

// Calls inside(pixel) for every pixel of each position's window, then done(count), in order.
template <class Inside, class Done>
Status Slide(const KernelContext& context, Inside inside, Done done) {
  const Window window =
      WindowOf(context.attrs, context.input(0), context.result(),
               context.attrs.Int("filter_height"), context.attrs.Int("filter_width"));
  for (std::int64_t n = 0; n < window.batch * window.rows.out; ++n) {
    SMELT_RETURN_IF_ERROR(context.CheckCancelled());
    const std::int64_t y = n % window.rows.out;
    const std::int64_t image = n / window.rows.out * window.rows.in;
    const WindowAxis::Taps rows = window.rows.TapsAt(y);
    for (std::int64_t x = 0; x < window.columns.out; ++x) {
      const WindowAxis::Taps columns = window.columns.TapsAt(x);
      std::int64_t count = 0;
      for (std::int64_t i = rows.begin; i < rows.end; ++i) {
        const std::int64_t row = image + window.rows.Place(y, i);
        for (std::int64_t j = columns.begin; j < columns.end; ++j) {
          inside(row * window.columns.in + window.columns.Place(x, j), count == 0);
          ++count;
        }
      }
      done(count);
    }
  }
  return {};
}

template <class T>
Status Maximum(const KernelContext& context) {
  using C = Compute<T>;
  const auto channels = context.input(0).dim(3);
  const T* from = context.input(0).values<T>().data();
  T* to = context.result().mutable_values<T>().data();
  return Slide(
      context,
      [&](std::int64_t pixel, bool first) {
        const T* element = from + pixel * channels;
        for (std::int64_t c = 0; c < channels; ++c) {
          if (first || Load<C>(to[c]) < Load<C>(element[c])) to[c] = element[c];
        }
      },
      [&](std::int64_t) { to += channels; });
}

template <class T>
Status Average(const KernelContext& context) {
  const auto channels = context.input(0).dim(3);
  const T* from = context.input(0).values<T>().data();
  T* to = context.result().mutable_values<T>().data();
  std::vector<double> sums(static_cast<std::size_t>(channels), 0.0);
  return Slide(
      context,
      [&](std::int64_t pixel, bool) {
        const T* element = from + pixel * channels;
        for (double& sum : sums) sum += Load<double>(*element++);
      },
      [&](std::int64_t count) {
        for (double& sum : sums) {
          *to++ = Store<T>(count == 0 ? 0.0 : sum / static_cast<double>(count));
          sum = 0;
        }
      });
}

Status RunMaxPool(const KernelContext& context) {
  if (IsQuantized(context)) return RunQuantizedPool(context);
  const Status done = VisitNumbers(context, context.input(0).dtype(), [&](auto tag) {
    return Maximum<typename decltype(tag)::type>(context);
  });
  if (!done.ok()) return done;
  return ApplyFusedActivation(context);
}

Status RunAveragePool(const KernelContext& context) {
  if (IsQuantized(context)) return RunQuantizedPool(context);
  const Status done = VisitFloats(context, context.input(0).dtype(), [&](auto tag) {
    return Average<typename decltype(tag)::type>(context);
  });
  if (!done.ok()) return done;
  return ApplyFusedActivation(context);
}

}  // namespace

std::span<const KernelRow> PoolKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kMaxPool2d, &RunMaxPool, false, Quantized::kRead},
      {ir::OpKind::kAveragePool2d, &RunAveragePool, false, Quantized::kRead}};
  return kRows;
}

}  // namespace smelt::interp
