#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ::testing::Contains;
using ::testing::ElementsAre;

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
                sum += xs[static_cast<std::size_t>(
                           ((n * channels + first + i) * height + r) * width + s)] *
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

TEST(Conv, OneSpatialAxisAndAutoPad) {
  const auto x = F32({1, 1, 4}, {1, 2, 3, 4});
  const auto w = F32({1, 1, 2}, {1, 10});
  const auto run = [&](const char* auto_pad) {
    return RunNode({"Conv", {x, w}, {{"auto_pad", auto_pad}}, {false, true}}).at(0);
  };
  ExpectTensor(run("VALID"), F32({1, 1, 3}, {21, 32, 43}));
  ExpectTensor(run("SAME_UPPER"), F32({1, 1, 4}, {21, 32, 43, 4}));
  ExpectTensor(run("SAME_LOWER"), F32({1, 1, 4}, {10, 21, 32, 43}));
}

TEST(Conv, SymbolicSizes) {
  OnnxModel model;
  model.Input("x", DType::kF32, {"N", 1, "H", "W"})
      .Init("w", F32({1, 1, 3, 3}, {1, 1, 1, 1, 1, 1, 1, 1, 1}))
      .Node("Conv", {"x", "w"}, {"y"}, {{"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{2, 2}}})
      .Output("y");
  const auto y = model.Run({F32({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9})});
  ExpectTensor(y.at(0), F32({1, 1, 2, 2}, {12, 16, 24, 28}));
}

TEST(Conv, ThreeSpatialAxes) {
  const auto x = F32({1, 1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const auto w = F32({1, 1, 2, 2, 2}, {1, 0, 0, 0, 0, 0, 0, 10});
  const auto whole = RunNode({"Conv", {x, w, F32({1}, {0.5})}, {}, {false, true, true}});
  ExpectTensor(whole.at(0), F32({1, 1, 1, 1, 1}, {81.5}));
  const auto padded =
      RunNode({"Conv", {x, w}, {{"pads", Ints{1, 1, 1, 0, 0, 0}}, {"strides", Ints{1, 2, 2}}}, {}});
  ExpectTensor(padded.at(0), F32({1, 1, 2, 1, 1}, {10, 50}));
}

TEST(Conv, GroupsOverThreeSpatialAxes) {
  const auto x = F32({1, 2, 3, 1, 1}, {1, 2, 3, 10, 20, 30});
  const auto w = F32({2, 1, 2, 1, 1}, {1, 1, 1, 2});
  const auto y = RunNode({"Conv",
                          {x, w, F32({2}, {0, 0.5})},
                          {{"group", 2}, {"dilations", Ints{2, 1, 1}}},
                          {false, true, true}});
  ExpectTensor(y.at(0), F32({1, 2, 1, 1, 1}, {4, 70.5}));
  OnnxModel symbolic;
  symbolic.Input("x", DType::kF32, {1, 2, "D", 4, 4})
      .Init("w", w)
      .Node("Conv", {"x", "w"}, {"y"}, {{"group", 2}})
      .Output("y");
  EXPECT_THAT(symbolic.Refusals(), ElementsAre(Reason::kDynamicDimensionUnsupported));
}

TEST(Conv, Refusals) {
  const auto x = RandomTensor(DType::kF32, {1, 4, 5, 5}, 1);
  const auto w = RandomTensor(DType::kF32, {4, 4, 3, 3}, 2);
  const OneNode node{"Conv", {x, w}, {}, {false, true}};
  const auto refused = [](const OneNode& bad) { return MakeModel(bad).Refusals(); };
  EXPECT_TRUE(refused(node).empty());
  OneNode bad = node;
  bad.inputs = {RandomTensor(DType::kF32, {1, 4, 5, 5, 5, 5}, 1), w};
  EXPECT_THAT(refused(bad), Contains(Reason::kUnsupportedRank));
  bad.inputs = {x, RandomTensor(DType::kF32, {4, 3, 3, 3}, 1)};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kShapeMismatch));
  bad.inputs = {x, w, RandomTensor(DType::kF32, {3}, 1)};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kShapeMismatch));
  bad.inputs = {x, RandomTensor(DType::kF64, {4, 4, 3, 3}, 1)};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kTypeMismatch));
  bad.inputs = {RandomTensor(DType::kI32, {1, 4, 5, 5}, 1),
                RandomTensor(DType::kI32, {4, 4, 3, 3}, 1)};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kUnsupportedType, Reason::kUnsupportedType));
  bad.inputs = {x};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kMissingInput));
  bad = node;
  bad.attrs = {{"group", 3}};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kShapeMismatch));
  bad.attrs = {{"kernel_shape", Ints{5, 5}}};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kShapeMismatch));
  bad.attrs = {{"pads", Ints{-1, 0, 0, 0}}};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kValueOutOfRange));
  bad.attrs = {{"strides", Ints{1}}};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kValueOutOfRange));
  bad.attrs = {{"strides", 2}};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kAttributeTypeMismatch));
  bad.attrs = {{"auto_pad", "OTHER"}};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kUnsupportedAttributeValue));
  bad.attrs = {{"dilations", Ints{3, 3}}};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kShapeMismatch));
  OnnxModel lower;
  lower.Input("x", DType::kF32, {1, 4, "H", "W"})
      .Init("w", w)
      .Node("Conv", {"x", "w"}, {"y"}, {{"auto_pad", "SAME_LOWER"}, {"strides", Ints{2, 2}}})
      .Output("y");
  EXPECT_THAT(lower.Refusals(), ElementsAre(Reason::kDynamicDimensionUnsupported));
  OnnxModel weights;
  weights.Input("x", DType::kF32, {1, 4, 5, 5})
      .Input("w", DType::kF32, {"M", 4, 3, 3})
      .Node("Conv", {"x", "w"}, {"y"})
      .Output("y");
  EXPECT_THAT(weights.Refusals(), ElementsAre(Reason::kDynamicDimensionUnsupported));
}

// (x, scale, zero point, weights, scale, zero point, scale, zero point) of one pixel and channel.
OnnxModel QuantizedConv(std::int64_t x_scales, std::int64_t weight_scales,
                        std::int64_t result_zeros) {
  OnnxModel model;
  model.Input("x", DType::kU8, {1, 1, 1, 1}).Input("w", DType::kU8, {2, 1, 1, 1});
  model.Input("xs", DType::kF32, {x_scales}).Input("xz", DType::kU8, {});
  model.Input("ws", DType::kF32, {weight_scales}).Input("wz", DType::kU8, {});
  model.Input("ys", DType::kF32, {}).Input("yz", DType::kU8, {result_zeros});
  model.Node("QLinearConv", {"x", "xs", "xz", "w", "ws", "wz", "ys", "yz"}, {"y"}).Output("y");
  return model;
}

TEST(QLinearConv, ScalesAreOneOrOneForEachOutputChannel) {
  EXPECT_TRUE(QuantizedConv(1, 1, 1).Refusals().empty());
  EXPECT_TRUE(QuantizedConv(1, 2, 1).Refusals().empty());
  const std::vector<Reason> mismatch = {Reason::kShapeMismatch};
  EXPECT_EQ(QuantizedConv(1, 0, 1).Refusals(), mismatch);
  EXPECT_EQ(QuantizedConv(1, 3, 1).Refusals(), mismatch);
  EXPECT_EQ(QuantizedConv(2, 2, 1).Refusals(), mismatch);
  EXPECT_EQ(QuantizedConv(1, 2, 2).Refusals(), mismatch);
}

TEST(MatMulInteger, ZeroPointsAreOneOrOneForEachRowOrColumn) {
  for (const auto& [a_zeros, b_zeros, fits] :
       {std::tuple{1, 1, true}, {2, 4, true}, {0, 4, false}, {4, 4, false}, {2, 2, false}}) {
    OnnxModel model;
    model.Input("a", DType::kU8, {2, 3}).Input("b", DType::kU8, {3, 4});
    model.Input("az", DType::kU8, {a_zeros}).Input("bz", DType::kU8, {b_zeros});
    model.Node("MatMulInteger", {"a", "b", "az", "bz"}, {"y"}).Output("y");
    EXPECT_EQ(model.Refusals().empty(), fits) << a_zeros << " " << b_zeros;
  }
}

}  // namespace
}  // namespace smelt::testing
