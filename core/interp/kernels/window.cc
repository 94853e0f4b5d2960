#include "core/interp/kernels/window.h"

#include <algorithm>

namespace smelt::interp {
WindowAxis MakeWindowAxis(std::int64_t in, std::int64_t out, std::int64_t filter,
                          std::int64_t stride, std::int64_t dilation, bool same) {
  WindowAxis axis{in, out, filter, stride, dilation, 0};
  const std::int64_t extent = (filter - 1) * dilation + 1;
  if (same) axis.before = std::max<std::int64_t>((out - 1) * stride + extent - in, 0) / 2;
  return axis;
}

WindowAxis::Taps WindowAxis::TapsAt(std::int64_t position) const {
  // First index whose place is at least `place`.
  const auto reaching = [this, start = Place(position, 0)](std::int64_t place) {
    const std::int64_t distance = place - start;
    return distance <= 0 ? 0 : std::min((distance - 1) / dilation + 1, filter);
  };
  return {reaching(0), reaching(in)};
}

Window WindowOf(const ir::Attributes& attrs, const Tensor& input, const Tensor& output,
                std::int64_t filter_rows, std::int64_t filter_columns) {
  const bool same = attrs.String("padding") == "SAME";
  Window window;
  window.rows = MakeWindowAxis(input.dim(1), output.dim(1), filter_rows, attrs.Int("stride_h"),
                               attrs.Int("dilation_h_factor", 1), same);
  window.columns = MakeWindowAxis(input.dim(2), output.dim(2), filter_columns,
                                  attrs.Int("stride_w"), attrs.Int("dilation_w_factor", 1), same);
  window.batch = input.dim(0);
  window.channels = input.dim(3);
  return window;
}

}  // namespace smelt::interp
