#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ::testing::ElementsAre;
using ir::DType;

// The definition of ONNX's Conv over two spatial axes, written down.
struct ConvCase {
  std::int64_t stride[2] = {1, 1}, dilation[2] = {1, 1}, pads[4] = {0, 0, 0, 0};
  std::int64_t group = 1;
};
interp::Tensor NaiveConv(const interp::Tensor& x, const interp::Tensor& w,
                         const std::vector<double>& bias, const ConvCase& c) {
  const auto xs = ToDoubles(x), ws = ToDoubles(w);
  const std::int64_t channels = x.dim(1), out = w.dim(0), in = w.dim(1);
  const std::int64_t kh = w.dim(2), kw = w.dim(3), height = x.dim(2), width = x.dim(3);
  const std::int64_t oh =
      (height + c.pads[0] + c.pads[2] - (kh - 1) * c.dilation[0] - 1) / c.stride[0] + 1;
  const std::int64_t ow =
      (width + c.pads[1] + c.pads[3] - (kw - 1) * c.dilation[1] - 1) / c.stride[1] + 1;
  std::vector<double> ys;
  for (std::int64_t n = 0; n < x.dim(0); ++n)
    for (std::int64_t o = 0; o < out; ++o)
      for (std::int64_t y = 0; y < oh; ++y)
        for (std::int64_t z = 0; z < ow; ++z) {
          double sum = bias.empty() ? 0 : bias[static_cast<std::size_t>(o)];
          const std::int64_t first = o / (out / c.group) * in;
          for (std::int64_t i = 0; i < in; ++i)
            for (std::int64_t a = 0; a < kh; ++a)
              for (std::int64_t b = 0; b < kw; ++b) {
                const std::int64_t r = y * c.stride[0] + a * c.dilation[0] - c.pads[0];
                const std::int64_t s = z * c.stride[1] + b * c.dilation[1] - c.pads[1];
                if (r < 0 || r >= height || s < 0 || s >= width) continue;
                sum += xs[static_cast<std::size_t>(((n * channels + first + i) * height + r) * width + s)] *
                       ws[static_cast<std::size_t>(((o * in + i) * kh + a) * kw + b)];
              }
          ys.push_back(sum);
        }
  return F32({x.dim(0), out, oh, ow}, ys);
}

void ExpectConv(const ConvCase& c, std::vector<std::int64_t> xs, std::vector<std::int64_t> ws,
                bool constant_weights) {
  const auto x = RandomTensor(DType::kF32, std::move(xs), 1);
  const auto w = RandomTensor(DType::kF32, std::move(ws), 2);
  const auto b = RandomTensor(DType::kF32, {w.dim(0)}, 3);
  OneNode node{"Conv",
               {x, w, b},
               {{"strides", Ints{c.stride[0], c.stride[1]}},
                {"dilations", Ints{c.dilation[0], c.dilation[1]}},
                {"pads", Ints(c.pads, c.pads + 4)},
                {"group", c.group}},
               {false, constant_weights, constant_weights}};
  const auto y = RunNode(node);
  ASSERT_EQ(y.size(), 1u);
  ExpectTensor(y[0], NaiveConv(x, w, ToDoubles(b), c));
}

TEST(Conv, StridesDilationsAndAsymmetricPads) {
  ExpectConv({{1, 1}, {1, 1}, {1, 1, 1, 1}, 1}, {2, 3, 7, 6}, {4, 3, 3, 3}, true);
  ExpectConv({{2, 1}, {1, 2}, {0, 1, 2, 3}, 1}, {1, 3, 9, 8}, {4, 3, 3, 2}, true);
  ExpectConv({{2, 3}, {1, 1}, {0, 0, 0, 0}, 1}, {1, 3, 9, 8}, {4, 3, 3, 2}, true);
}

TEST(Conv, GroupsAndDepthwise) {
  ExpectConv({{1, 1}, {1, 1}, {1, 1, 1, 1}, 2}, {1, 4, 5, 5}, {6, 2, 3, 3}, true);
  ExpectConv({{2, 2}, {1, 1}, {1, 1, 1, 1}, 4}, {1, 4, 6, 5}, {8, 1, 3, 3}, true);
}

TEST(Conv, ComputedWeights) {
  ExpectConv({{1, 1}, {1, 1}, {1, 1, 1, 1}, 1}, {1, 3, 5, 5}, {4, 3, 3, 3}, false);
  ExpectConv({{1, 1}, {1, 1}, {0, 0, 0, 0}, 3}, {1, 3, 5, 5}, {3, 1, 3, 3}, false);
}

}  // namespace
}  // namespace smelt::testing
