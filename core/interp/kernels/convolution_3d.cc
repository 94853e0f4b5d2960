// CONV_3D and CONV_3D_TRANSPOSE: (batch, depth, height, width, channels), one row at a time.
#include <algorithm>
#include <array>

#include "core/interp/kernels/activation.h"
#include "core/interp/kernels/gemm.h"
#include "core/interp/kernels/window.h"

namespace smelt::interp {
namespace {

// Depth, height, width. `large` is what the window slides over, `positions` has one place for each
// of its positions.
std::array<WindowAxis, 3> AxesOf(const ir::Attributes& attrs, const Tensor& large,
                                 const Tensor& positions, const Tensor& filter) {
  const bool same = attrs.String("padding") == "SAME";
  const auto axis = [&](int i, const char* stride, const char* dilation) {
    return MakeWindowAxis(large.dim(i + 1), positions.dim(i + 1), filter.dim(i), attrs.Int(stride),
                          attrs.Int(dilation, 1), same);
  };
  return {axis(0, "stride_d", "dilation_d_factor"), axis(1, "stride_h", "dilation_h_factor"),
          axis(2, "stride_w", "dilation_w_factor")};
}

// Calls visit(tap, place) for the taps of row (z, y) at column x that lie inside; `place` counts
// positions of the large tensor within one batch entry.
template <class Visit>
void ForEachTap(const std::array<WindowAxis, 3>& axes, std::int64_t z, std::int64_t y,
                std::int64_t x, Visit visit) {
  const auto& [depth, height, width] = axes;
  for (std::int64_t i = 0; i < depth.filter; ++i) {
    const std::int64_t plane = depth.Place(z, i);
    if (!depth.Inside(plane)) continue;
    for (std::int64_t j = 0; j < height.filter; ++j) {
      const std::int64_t row = height.Place(y, j);
      if (!height.Inside(row)) continue;
      for (std::int64_t k = 0; k < width.filter; ++k) {
        const std::int64_t column = width.Place(x, k);
        if (!width.Inside(column)) continue;
        visit((i * height.filter + j) * width.filter + k,
              (plane * height.in + row) * width.in + column);
      }
    }
  }
}

template <class T>
Status Convolve(const KernelContext& context) {
  const Tensor& input = context.input(0);
  const Tensor& filter = context.input(1);
  Tensor& result = context.result();
  const auto axes = AxesOf(context.attrs, input, result, filter);
  const std::int64_t channels = input.dim(4), outputs = filter.dim(4);
  const std::int64_t taps = filter.dim(0) * filter.dim(1) * filter.dim(2);
  const T* bias = context.has_input(2) ? context.input(2).values<T>().data() : nullptr;
  GemmShape shape;
  shape.m = axes[2].out;
  shape.n = outputs;
  shape.k = taps * channels;
  shape.a_stride = shape.b_stride = shape.k;
  shape.out_stride = outputs;
  const T* stored = filter.values<T>().data();  // (taps, in, out)
  std::vector<T> weights(static_cast<std::size_t>(shape.k * outputs));
  for (std::int64_t k = 0; k < shape.k; ++k) {
    for (std::int64_t n = 0; n < outputs; ++n) {
      weights[static_cast<std::size_t>(n * shape.k + k)] = stored[k * outputs + n];
    }
  }
  const std::int64_t volume = axes[0].in * axes[1].in * axes[2].in * channels;
  std::vector<T> patches(static_cast<std::size_t>(shape.m * shape.k));
  T* to = result.mutable_values<T>().data();
  for (std::int64_t n = 0; n < input.dim(0); ++n) {
    const T* from = input.values<T>().data() + n * volume;
    for (std::int64_t z = 0; z < axes[0].out; ++z) {
      for (std::int64_t y = 0; y < axes[1].out; ++y, to += shape.m * outputs) {
        SMELT_RETURN_IF_ERROR(context.CheckCancelled());
        std::ranges::fill(patches, T{});
        for (std::int64_t x = 0; x < shape.m; ++x) {
          T* patch = patches.data() + x * shape.k;
          ForEachTap(axes, z, y, x, [&](std::int64_t tap, std::int64_t place) {
            std::copy_n(from + place * channels, channels, patch + tap * channels);
          });
        }
        Gemm<T>(context.kernels, shape, patches.data(), weights.data(), bias, to);
      }
    }
  }
  return {};
}

// Every input element times the filter gives a patch; patches are added in place.
template <class T, class S>
Status ConvolveTransposed(const KernelContext& context) {
  const Tensor& filter = context.input(1);  // (taps, out, in)
  const Tensor& input = context.input(2);
  Tensor& result = context.result();
  const auto axes = AxesOf(context.attrs, result, input, filter);
  const std::int64_t outputs = filter.dim(3);
  const T* bias = context.has_input(3) ? context.input(3).values<T>().data() : nullptr;
  GemmShape shape;
  shape.m = axes[2].out;
  shape.n = filter.dim(0) * filter.dim(1) * filter.dim(2) * outputs;
  shape.k = filter.dim(4);
  shape.a_stride = shape.b_stride = shape.k;
  shape.out_stride = shape.n;
  const std::int64_t volume = axes[0].in * axes[1].in * axes[2].in * outputs;
  std::vector<S> sums(static_cast<std::size_t>(volume));
  std::vector<S> patches(static_cast<std::size_t>(shape.m * shape.n));
  const T* from = input.values<T>().data();
  for (std::int64_t n = 0; n < input.dim(0); ++n) {
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i] = bias == nullptr ? S{} : Load<S>(bias[static_cast<std::int64_t>(i) % outputs]);
    }
    for (std::int64_t z = 0; z < axes[0].out; ++z) {
      for (std::int64_t y = 0; y < axes[1].out; ++y, from += shape.m * shape.k) {
        SMELT_RETURN_IF_ERROR(context.CheckCancelled());
        PlainGemm<T, S>(shape, from, filter.values<T>().data(), nullptr, patches.data());
        for (std::int64_t x = 0; x < shape.m; ++x) {
          const S* patch = patches.data() + x * shape.n;
          ForEachTap(axes, z, y, x, [&](std::int64_t tap, std::int64_t place) {
            for (std::int64_t c = 0; c < outputs; ++c) {
              sums[static_cast<std::size_t>(place * outputs + c)] += patch[tap * outputs + c];
            }
          });
        }
      }
    }
    T* to = result.mutable_values<T>().data() + n * volume;
    for (std::size_t i = 0; i < sums.size(); ++i) to[i] = Store<T>(sums[i]);
  }
  return {};
}

// Quantized operators mix their types.
Status OneType(const KernelContext& context, int data, std::initializer_list<int> others) {
  for (const int i : others) {
    if (!context.has_input(i) || context.input(i).dtype() == context.input(data).dtype()) continue;
    return UnsupportedType(context, context.input(i).dtype());
  }
  return {};
}

Status RunConv3d(const KernelContext& context) {
  SMELT_RETURN_IF_ERROR(OneType(context, 0, {1, 2}));
  if (context.result().element_count() == 0) return {};
  const Status done = VisitNumbers(context, context.input(0).dtype(), [&](auto tag) {
    return Convolve<typename decltype(tag)::type>(context);
  });
  return done.ok() ? ApplyFusedActivation(context) : done;
}

Status RunConv3dTranspose(const KernelContext& context) {
  SMELT_RETURN_IF_ERROR(OneType(context, 2, {1, 3}));
  if (context.result().element_count() == 0) return {};
  const Status done = VisitNumbers(context, context.input(2).dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return ConvolveTransposed<T, Sum<T>>(context);
  });
  return done.ok() ? ApplyFusedActivation(context) : done;
}

}  // namespace

std::span<const KernelRow> Convolution3dKernels() {
  static constexpr KernelRow kRows[] = {{ir::OpKind::kConv3d, &RunConv3d},
                                        {ir::OpKind::kConv3dTranspose, &RunConv3dTranspose}};
  return kRows;
}

}  // namespace smelt::interp
