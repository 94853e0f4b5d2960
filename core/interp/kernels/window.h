// The geometry of a sliding window over the rows and columns of an NHWC tensor: convolutions,
// pools.
#pragma once

#include <cstdint>

#include "core/interp/tensor.h"
#include "core/ir/attributes.h"

namespace smelt::interp {

// One axis. Position p of the output covers the places p * stride - before + i * dilation.
struct WindowAxis {
  std::int64_t in = 0, out = 0, filter = 1, stride = 1, dilation = 1;
  std::int64_t before = 0;  // padding at the low end

  std::int64_t Place(std::int64_t position, std::int64_t i) const {
    return position * stride - before + i * dilation;
  }
  bool Inside(std::int64_t place) const { return place >= 0 && place < in; }
  // The part [begin, end) of the filter that lies inside, without walking what does not.
  struct Taps {
    std::int64_t begin, end;
  };
  Taps TapsAt(std::int64_t position) const;
};

struct Window {
  WindowAxis rows, columns;
  std::int64_t batch = 0;
  std::int64_t channels = 0;  // of the input
};

// One axis by its sizes; `same` tells SAME from VALID.
WindowAxis MakeWindowAxis(std::int64_t in, std::int64_t out, std::int64_t filter,
                          std::int64_t stride, std::int64_t dilation, bool same);

// `input` is what the window slides over, `output` has one place for each position. Stride and
// padding from the attributes, dilation too where there is one. TFLite puts the odd element of SAME
// padding at the high end.
Window WindowOf(const ir::Attributes& attrs, const Tensor& input, const Tensor& output,
                std::int64_t filter_rows, std::int64_t filter_columns);

}  // namespace smelt::interp
