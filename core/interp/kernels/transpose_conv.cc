// TRANSPOSE_CONV: every input pixel times the filter gives a patch, patches are added in place.
#include <algorithm>

#include "core/interp/kernels/activation.h"
#include "core/interp/kernels/gemm.h"
#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/window.h"

namespace smelt::interp {
namespace {

// Adds the patches of input row `row` of the window's output. A patch is (channel, filter row,
// column), as the filter is. `image` holds one batch entry in sums.
template <class S>
void AddPatches(const Window& window, std::int64_t row, const S* patch, S* image) {
  const WindowAxis& rows = window.rows;
  const WindowAxis& columns = window.columns;
  for (std::int64_t x = 0; x < columns.out; ++x) {
    for (std::int64_t c = 0; c < window.channels; ++c) {
      for (std::int64_t i = 0; i < rows.filter; ++i, patch += columns.filter) {
        const std::int64_t to_row = rows.Place(row, i);
        if (!rows.Inside(to_row)) continue;
        for (std::int64_t j = 0; j < columns.filter; ++j) {
          const std::int64_t to_column = columns.Place(x, j);
          if (!columns.Inside(to_column)) continue;
          image[(to_row * columns.in + to_column) * window.channels + c] += patch[j];
        }
      }
    }
  }
}

// The forward convolution slides over the result; the input has its positions.
template <class T, class S>
Status Convolve(const KernelContext& context) {
  const Tensor& filter = context.input(1);
  const Tensor& input = context.input(2);
  Tensor& result = context.result();
  const Window window = WindowOf(context.attrs, result, input, filter.dim(1), filter.dim(2));
  const T* bias = context.has_input(3) ? context.input(3).values<T>().data() : nullptr;
  GemmShape shape;
  shape.m = window.columns.out;
  shape.n = window.channels * filter.dim(1) * filter.dim(2);
  shape.k = filter.dim(3);
  shape.a_stride = shape.b_stride = shape.k;
  shape.out_stride = shape.n;
  const std::int64_t image_size = window.rows.in * window.columns.in * window.channels;
  std::vector<S> image(static_cast<std::size_t>(image_size));
  std::vector<S> patches(static_cast<std::size_t>(shape.m * shape.n));
  for (std::int64_t n = 0; n < window.batch; ++n) {
    for (std::size_t i = 0; i < image.size(); ++i) {
      const auto channel = static_cast<std::int64_t>(i) % window.channels;
      image[i] = bias == nullptr ? S{} : Load<S>(bias[channel]);
    }
    for (std::int64_t row = 0; row < window.rows.out; ++row) {
      SMELT_RETURN_IF_ERROR(context.CheckCancelled());
      const T* from = input.values<T>().data() + (n * window.rows.out + row) * shape.m * shape.k;
      if constexpr (std::is_same_v<S, float>) {
        FastGemm(shape, from, filter.values<T>().data(), nullptr, patches.data());
      } else {
        PlainGemm<T, S>(shape, from, filter.values<T>().data(), nullptr, patches.data());
      }
      AddPatches(window, row, patches.data(), image.data());
    }
    T* to = result.mutable_values<T>().data() + n * image_size;
    for (std::size_t i = 0; i < image.size(); ++i) to[i] = Store<T>(image[i]);
  }
  return {};
}

Status RunTransposeConv(const KernelContext& context) {
  const ir::DType dtype = context.input(2).dtype();
  if (IsQuantized(context)) return RunQuantizedTransposeConv(context);
  for (const int i : {1, 3}) {
    if (!context.has_input(i) || context.input(i).dtype() == dtype) continue;
    return UnsupportedType(context, context.input(i).dtype());
  }
  if (context.result().element_count() == 0) return {};
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

std::span<const KernelRow> TransposeConvKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kTransposeConv, &RunTransposeConv, false, Quantized::kRead}};
  return kRows;
}

}  // namespace smelt::interp
