// RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR. Source coordinates are computed in f32 exactly as
// TFLite computes them, because they choose the pixels; the weighted sum is in double.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/interp/kernels/quantized.h"
#include "core/interp/kernels/view.h"

namespace smelt::interp {
namespace {

struct CoordinateRule {
  bool align_corners;
  bool half_pixel_centers;
};

float ScaleOf(std::int64_t in, std::int64_t out, CoordinateRule rule) {
  return rule.align_corners && out > 1 ? static_cast<float>(in - 1) / static_cast<float>(out - 1)
                                       : static_cast<float>(in) / static_cast<float>(out);
}

// Two neighbours on an axis and the weight of the high one.
struct Blend {
  std::int64_t low = 0;
  std::int64_t high = 0;
  double weight = 0;
};

std::vector<Blend> BlendsOf(std::int64_t in, std::int64_t out, CoordinateRule rule) {
  const float scale = ScaleOf(in, out, rule);
  std::vector<Blend> blends;
  for (std::int64_t i = 0; i < out; ++i) {
    const auto place = static_cast<float>(i);
    const float at = rule.half_pixel_centers ? (place + 0.5F) * scale - 0.5F : place * scale;
    Blend blend;
    blend.low = std::max<std::int64_t>(static_cast<std::int64_t>(std::floor(at)), 0);
    blend.high = std::min<std::int64_t>(static_cast<std::int64_t>(std::ceil(at)), in - 1);
    blend.weight = static_cast<double>(at - static_cast<float>(blend.low));
    // Rounding of the scale can pass the last element.
    blend.low = std::min(blend.low, in - 1);
    blends.push_back(blend);
  }
  return blends;
}

std::vector<std::int64_t> NearestOf(std::int64_t in, std::int64_t out, CoordinateRule rule) {
  const float scale = ScaleOf(in, out, rule);
  const float offset = rule.half_pixel_centers ? 0.5F : 0.0F;
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < out; ++i) {
    const float at = (static_cast<float>(i) + offset) * scale;
    const float place = rule.align_corners ? std::round(at) : std::floor(at);
    places.push_back(std::clamp<std::int64_t>(static_cast<std::int64_t>(place), 0, in - 1));
  }
  return places;
}

CoordinateRule RuleOf(const KernelContext& context) {
  return {context.attrs.Bool("align_corners"), context.attrs.Bool("half_pixel_centers")};
}

Status RequirePixels(const KernelContext& context) {
  const Tensor& input = context.input(0);
  if (context.result().element_count() == 0 || (input.dim(1) > 0 && input.dim(2) > 0)) return {};
  return {Reason::kShapeMismatch, "an image without pixels is resized"};
}

template <class T>
void Bilinear(const Tensor& input, Tensor& result, CoordinateRule rule) {
  const std::vector<Blend> rows = BlendsOf(input.dim(1), result.dim(1), rule);
  const std::vector<Blend> columns = BlendsOf(input.dim(2), result.dim(2), rule);
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
        const double weights[] = {(1 - y.weight) * (1 - x.weight), (1 - y.weight) * x.weight,
                                  y.weight * (1 - x.weight), y.weight * x.weight};
        for (std::int64_t c = 0; c < channels; ++c) {
          double sum = 0;
          for (int i = 0; i < 4; ++i) sum += Load<double>(corners[i][c]) * weights[i];
          *to++ = Store<T>(sum);
        }
      }
    }
  }
}

Status RunBilinear(const KernelContext& context) {
  SMELT_RETURN_IF_ERROR(RequirePixels(context));
  if (context.result().element_count() == 0) return {};
  if (IsQuantized(context)) return RunQuantizedBilinear(context);
  return VisitFloats(context, context.input(0).dtype(), [&](auto tag) {
    Bilinear<typename decltype(tag)::type>(context.input(0), context.result(), RuleOf(context));
    return Status::Ok();
  });
}

Status RunNearest(const KernelContext& context) {
  SMELT_RETURN_IF_ERROR(RequirePixels(context));
  const Tensor& input = context.input(0);
  Tensor& result = context.result();
  if (ir::ElementBits(input.dtype()) < 8) return UnsupportedType(context, input.dtype());
  if (result.element_count() == 0) return {};
  const std::vector<std::int64_t> rows = NearestOf(input.dim(1), result.dim(1), RuleOf(context));
  const std::vector<std::int64_t> columns = NearestOf(input.dim(2), result.dim(2), RuleOf(context));
  const auto pixel_bytes = static_cast<std::size_t>(input.dim(3)) *
                           static_cast<std::size_t>(ir::ElementBits(input.dtype()) / 8);
  std::byte* to = result.mutable_data();
  for (std::int64_t n = 0; n < input.dim(0); ++n) {
    for (const std::int64_t y : rows) {
      for (const std::int64_t x : columns) {
        const std::int64_t pixel = (n * input.dim(1) + y) * input.dim(2) + x;
        std::memcpy(to, input.bytes().data() + static_cast<std::size_t>(pixel) * pixel_bytes,
                    pixel_bytes);
        to += pixel_bytes;
      }
    }
  }
  return {};
}

}  // namespace

std::span<const KernelRow> ResizeKernels() {
  static constexpr KernelRow kRows[] = {
      {ir::OpKind::kResizeBilinear, &RunBilinear, false, Quantized::kRead},
      {ir::OpKind::kResizeNearestNeighbor, &RunNearest, false, Quantized::kMoved}};
  return kRows;
}

}  // namespace smelt::interp
