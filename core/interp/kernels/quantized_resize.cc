// RESIZE_BILINEAR on integers: places and weights with 10 fractional bits.
#include "core/interp/kernels/quantized.h"

namespace smelt::interp {
namespace {

constexpr std::int64_t kOne = 1 << 10;

struct Blend {
  std::int64_t low, high;
  std::int64_t weight;  // of the high one, in 1024ths
};

std::vector<Blend> BlendsOf(std::int64_t in, std::int64_t out, bool align_corners,
                            bool half_pixel_centers) {
  std::int64_t scale = (kOne * in + out / 2) / out;
  if (align_corners && out > 1) scale = (kOne * (in - 1) + (out - 1) / 2) / (out - 1);
  std::vector<Blend> blends;
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t at = i * scale + (half_pixel_centers ? scale / 2 - kOne / 2 : 0);
    Blend blend{};
    blend.low = std::min(std::max<std::int64_t>(at / kOne, 0), in - 1);
    blend.high = std::min((at + kOne - 1) / kOne, in - 1);
    blend.weight = at - kOne * blend.low;
    blends.push_back(blend);
  }
  return blends;
}

template <class T>
void Resize(const Tensor& input, Tensor& result, const std::vector<Blend>& rows,
            const std::vector<Blend>& columns) {
  const std::int64_t channels = input.dim(3);
  T* to = result.mutable_values<T>().data();
  for (std::int64_t n = 0; n < input.dim(0); ++n) {
    const T* image = input.values<T>().data() + n * input.dim(1) * input.dim(2) * channels;
    const auto pixel = [&](std::int64_t y, std::int64_t x) {
      return image + (y * input.dim(2) + x) * channels;
    };
    for (const Blend& y : rows) {
      for (const Blend& x : columns) {
        const T* corners[] = {pixel(y.low, x.low), pixel(y.low, x.high), pixel(y.high, x.low),
                              pixel(y.high, x.high)};
        const std::int64_t weights[] = {(kOne - y.weight) * (kOne - x.weight),
                                        (kOne - y.weight) * x.weight, y.weight * (kOne - x.weight),
                                        y.weight * x.weight};
        for (std::int64_t c = 0; c < channels; ++c) {
          std::int64_t sum = 0;
          for (int i = 0; i < 4; ++i) sum += corners[i][c] * weights[i];
          constexpr std::int64_t kHalf = kOne * kOne / 2;
          *to++ = static_cast<T>((sum + (sum > 0 ? kHalf : -kHalf)) / (kOne * kOne));
        }
      }
    }
  }
}

}  // namespace

Status RunQuantizedBilinear(const KernelContext& context) {
  const Tensor& input = context.input(0);
  Tensor& result = context.result();
  if (input.dtype() != result.dtype() || input.quant() != result.quant()) {
    return NoQuantizedKernel(context);
  }
  SMELT_RETURN_IF_ERROR(AffineOf(context, result).status());
  const bool corners = context.attrs.Bool("align_corners");
  const bool centres = context.attrs.Bool("half_pixel_centers");
  const std::vector<Blend> rows = BlendsOf(input.dim(1), result.dim(1), corners, centres);
  const std::vector<Blend> columns = BlendsOf(input.dim(2), result.dim(2), corners, centres);
  return VisitQuantized(context, result.dtype(), [&](auto tag) {
    Resize<typename decltype(tag)::type>(input, result, rows, columns);
    return Status::Ok();
  });
}

}  // namespace smelt::interp
