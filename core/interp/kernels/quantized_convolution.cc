// CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV on integers. int8 sums are int32; those of int16
// activations int64, or int32 where the bias is int32, or would be by attribute
// quantized_bias_type.
#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/quantized_dot.h"
#include "core/interp/kernels/window.h"

namespace smelt::interp {
namespace {

// The parameters of one convolution.
struct Parts {
  Affine input;
  Requantization output;
  std::vector<std::int64_t> bias;
  bool wide = false;  // 64-bit sums
};

// `data` and `weights` are operand numbers, `channels` the size of the filter's axis `axis`.
Result<Parts> PartsOf(const KernelContext& context, int data, int axis, int bias) {
  const Tensor& input = context.input(data);
  const Tensor& filter = context.input(1);
  const Tensor& result = context.result();
  if (filter.dtype() != ir::DType::kI8 || input.dtype() != result.dtype() ||
      input.dtype() == ir::DType::kU8) {
    return NoQuantizedKernel(context);
  }
  Parts parts;
  SMELT_ASSIGN_OR_RETURN(parts.input, AffineOf(context, input));
  SMELT_ASSIGN_OR_RETURN(const Affine output, AffineOf(context, result));
  const ir::QuantParams& weights = *filter.quant();
  const std::int64_t channels = filter.dim(axis);
  const auto scales = static_cast<std::int64_t>(weights.scale.size());
  const bool one = scales == 1;
  if (scales == 0 || (!one && (scales != channels || weights.axis != axis)) ||
      std::ranges::any_of(weights.zero_point, [](std::int64_t zero) { return zero != 0; })) {
    return NoQuantizedKernel(context);
  }
  for (const float scale : weights.scale) {
    parts.output.factors.push_back(
        QuantizeMultiplier(static_cast<double>(parts.input.scale) * static_cast<double>(scale) /
                           static_cast<double>(output.scale)));
  }
  parts.output.zero = output.zero;
  parts.output.range = ActivationRange(context, output);
  SMELT_ASSIGN_OR_RETURN(parts.bias, BiasOf(context, bias, channels));
  const bool short_sums = context.has_input(bias)
                              ? context.input(bias).dtype() == ir::DType::kI32
                              : context.attrs.String("quantized_bias_type", "") == "i32";
  parts.wide = input.dtype() == ir::DType::kI16 && !short_sums;
  return parts;
}

// Calls f with a zero of the sums' type.
template <class F>
Status VisitSums(const KernelContext& context, const Parts& parts, F&& f) {
  const ir::DType dtype = context.result().dtype();
  return VisitQuantized(context, dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return parts.wide ? f(TypeTag<T>(), std::int64_t{0}) : f(TypeTag<T>(), std::int32_t{0});
  });
}

template <class A>
A Plus(A sum, std::int64_t more) {
  using Unsigned = std::make_unsigned_t<A>;
  return static_cast<A>(static_cast<Unsigned>(sum) + static_cast<Unsigned>(more));
}

// One patch at a time, of one group's channels.
template <class T, class A>
Status Convolve(const KernelContext& context, const Parts& parts) {
  const Tensor& filter = context.input(1);
  const Tensor& result = context.result();
  const Window window =
      WindowOf(context.attrs, context.input(0), result, filter.dim(1), filter.dim(2));
  const std::int64_t outputs = filter.dim(0);
  const std::int64_t depth = filter.dim(3);
  const std::int64_t groups = depth == 0 ? 1 : window.channels / depth;
  const std::int64_t per_group = outputs / groups;
  const std::int64_t size = filter.dim(1) * filter.dim(2) * depth;
  const std::vector<std::int16_t> input = Centred(context.input(0), parts.input.zero);
  const std::vector<std::int16_t> weights = Centred(filter, 0);
  std::vector<std::int16_t> patch(static_cast<std::size_t>(size));
  T* to = context.result().mutable_values<T>().data();
  for (std::int64_t n = 0; n < window.batch * window.rows.out; ++n) {
    SMELT_RETURN_IF_ERROR(context.CheckCancelled());
    const std::int64_t y = n % window.rows.out;
    const std::int64_t image = n / window.rows.out * window.rows.in;
    const WindowAxis::Taps rows = window.rows.TapsAt(y);
    for (std::int64_t x = 0; x < window.columns.out; ++x, to += outputs) {
      const WindowAxis::Taps columns = window.columns.TapsAt(x);
      for (std::int64_t g = 0; g < groups; ++g) {
        std::ranges::fill(patch, std::int16_t{0});
        for (std::int64_t i = rows.begin; i < rows.end; ++i) {
          const std::int64_t row = image + window.rows.Place(y, i);
          for (std::int64_t j = columns.begin; j < columns.end; ++j) {
            const std::int64_t pixel = row * window.columns.in + window.columns.Place(x, j);
            std::copy_n(input.data() + pixel * window.channels + g * depth, depth,
                        patch.data() + (i * window.columns.filter + j) * depth);
          }
        }
        for (std::int64_t c = g * per_group; c < (g + 1) * per_group; ++c) {
          const auto channel = static_cast<std::size_t>(c);
          const A sum = Dot<A>(patch.data(), weights.data() + c * size, size);
          to[c] = static_cast<T>(parts.output.Apply(Plus(sum, parts.bias[channel]), channel));
        }
      }
    }
  }
  return {};
}

template <class T, class A>
Status ConvolveEach(const KernelContext& context, const Parts& parts) {
  using Unsigned = std::make_unsigned_t<A>;
  const Tensor& filter = context.input(1);
  const Window window =
      WindowOf(context.attrs, context.input(0), context.result(), filter.dim(1), filter.dim(2));
  const std::int64_t outputs = filter.dim(3);
  const std::int64_t multiplier = window.channels == 0 ? 1 : outputs / window.channels;
  const std::vector<std::int16_t> input = Centred(context.input(0), parts.input.zero);
  const std::vector<std::int16_t> weights = Centred(filter, 0);
  std::vector<Unsigned> sums(static_cast<std::size_t>(outputs));
  T* to = context.result().mutable_values<T>().data();
  for (std::int64_t n = 0; n < window.batch * window.rows.out; ++n) {
    SMELT_RETURN_IF_ERROR(context.CheckCancelled());
    const std::int64_t y = n % window.rows.out;
    const std::int64_t image = n / window.rows.out * window.rows.in;
    const WindowAxis::Taps rows = window.rows.TapsAt(y);
    for (std::int64_t x = 0; x < window.columns.out; ++x) {
      const WindowAxis::Taps columns = window.columns.TapsAt(x);
      std::ranges::fill(sums, Unsigned{0});
      for (std::int64_t i = rows.begin; i < rows.end; ++i) {
        const std::int64_t row = image + window.rows.Place(y, i);
        for (std::int64_t j = columns.begin; j < columns.end; ++j) {
          const std::int64_t at = row * window.columns.in + window.columns.Place(x, j);
          const std::int16_t* pixel = input.data() + at * window.channels;
          const std::int16_t* taps = weights.data() + (i * window.columns.filter + j) * outputs;
          for (std::int64_t c = 0; c < outputs; ++c) {
            sums[static_cast<std::size_t>(c)] +=
                static_cast<Unsigned>(std::int32_t{pixel[c / multiplier]} * std::int32_t{taps[c]});
          }
        }
      }
      for (std::size_t c = 0; c < sums.size(); ++c) {
        *to++ = static_cast<T>(parts.output.Apply(Plus(static_cast<A>(sums[c]), parts.bias[c]), c));
      }
    }
  }
  return {};
}

// Every pixel times the filter is added where it falls; the window slides over the result.
template <class T, class A>
Status Scatter(const KernelContext& context, const Parts& parts) {
  using Unsigned = std::make_unsigned_t<A>;
  const Tensor& filter = context.input(1);
  const Tensor& data = context.input(2);
  const Window window =
      WindowOf(context.attrs, context.result(), data, filter.dim(1), filter.dim(2));
  const std::int64_t depth = filter.dim(3);
  const std::vector<std::int16_t> input = Centred(data, parts.input.zero);
  const std::vector<std::int16_t> weights = Centred(filter, 0);
  const auto outputs = static_cast<std::size_t>(window.channels);
  std::vector<Unsigned> sums(static_cast<std::size_t>(window.rows.in * window.columns.in) *
                             outputs);
  T* to = context.result().mutable_values<T>().data();
  for (std::int64_t n = 0; n < window.batch; ++n) {
    std::ranges::fill(sums, Unsigned{0});
    for (std::int64_t y = 0; y < window.rows.out; ++y) {
      SMELT_RETURN_IF_ERROR(context.CheckCancelled());
      const WindowAxis::Taps rows = window.rows.TapsAt(y);
      for (std::int64_t x = 0; x < window.columns.out; ++x) {
        const WindowAxis::Taps columns = window.columns.TapsAt(x);
        const std::int16_t* pixel =
            input.data() + ((n * window.rows.out + y) * window.columns.out + x) * depth;
        for (std::int64_t i = rows.begin; i < rows.end; ++i) {
          for (std::int64_t j = columns.begin; j < columns.end; ++j) {
            Unsigned* place = sums.data() + (window.rows.Place(y, i) * window.columns.in +
                                             window.columns.Place(x, j)) *
                                                window.channels;
            for (std::int64_t c = 0; c < window.channels; ++c) {
              const std::int64_t tap = (c * window.rows.filter + i) * window.columns.filter + j;
              place[c] += static_cast<Unsigned>(Dot<A>(pixel, weights.data() + tap * depth, depth));
            }
          }
        }
      }
    }
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const std::size_t c = i % outputs;
      *to++ = static_cast<T>(parts.output.Apply(Plus(static_cast<A>(sums[i]), parts.bias[c]), c));
    }
  }
  return {};
}

}  // namespace

Status RunQuantizedConv2d(const KernelContext& context) {
  SMELT_ASSIGN_OR_RETURN(const Parts parts, PartsOf(context, 0, 0, 2));
  if (context.result().element_count() == 0) return {};
  return VisitSums(context, parts, [&](auto tag, auto zero) {
    return Convolve<typename decltype(tag)::type, decltype(zero)>(context, parts);
  });
}

Status RunQuantizedDepthwise(const KernelContext& context) {
  SMELT_ASSIGN_OR_RETURN(const Parts parts, PartsOf(context, 0, 3, 2));
  if (context.result().element_count() == 0) return {};
  return VisitSums(context, parts, [&](auto tag, auto zero) {
    return ConvolveEach<typename decltype(tag)::type, decltype(zero)>(context, parts);
  });
}

Status RunQuantizedTransposeConv(const KernelContext& context) {
  SMELT_ASSIGN_OR_RETURN(const Parts parts, PartsOf(context, 2, 0, 3));
  if (context.result().element_count() == 0) return {};
  return VisitSums(context, parts, [&](auto tag, auto zero) {
    return Scatter<typename decltype(tag)::type, decltype(zero)>(context, parts);
  });
}

}  // namespace smelt::interp
