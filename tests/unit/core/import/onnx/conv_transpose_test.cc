#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/onnx_model.h"

namespace smelt::testing {
namespace {

using ir::DType;
using ::testing::Contains;
using ::testing::ElementsAre;

struct Case {
  std::int64_t stride[2] = {1, 1}, dilation[2] = {1, 1}, pads[4] = {0, 0, 0, 0}, extra[2] = {0, 0};
  std::int64_t group = 1;
};

// The definition: every input element adds its kernel, scaled, to the result.
interp::Tensor Naive(const interp::Tensor& x, const interp::Tensor& w,
                     const std::vector<double>& bias, const Case& c) {
  const auto xs = ToDoubles(x), ws = ToDoubles(w);
  const std::int64_t in = x.dim(1), per = w.dim(1), out = per * c.group;
  const std::int64_t kh = w.dim(2), kw = w.dim(3), height = x.dim(2), width = x.dim(3);
  const auto size = [&](int i, std::int64_t n, std::int64_t k) {
    return c.stride[i] * (n - 1) + c.extra[i] + (k - 1) * c.dilation[i] + 1 - c.pads[i] -
           c.pads[i + 2];
  };
  const std::int64_t oh = size(0, height, kh), ow = size(1, width, kw);
  std::vector<double> ys(static_cast<std::size_t>(out * oh * ow));
  for (std::int64_t o = 0; o < out; ++o) {
    for (std::int64_t i = 0; i < oh * ow; ++i) {
      ys[static_cast<std::size_t>(o * oh * ow + i)] = bias[static_cast<std::size_t>(o)];
    }
  }
  for (std::int64_t i = 0; i < in; ++i)
    for (std::int64_t j = 0; j < per; ++j)
      for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t z = 0; z < width; ++z)
          for (std::int64_t a = 0; a < kh; ++a)
            for (std::int64_t b = 0; b < kw; ++b) {
              const std::int64_t o = i / (in / c.group) * per + j;
              const std::int64_t r = y * c.stride[0] + a * c.dilation[0] - c.pads[0];
              const std::int64_t s = z * c.stride[1] + b * c.dilation[1] - c.pads[1];
              if (r < 0 || r >= oh || s < 0 || s >= ow) continue;
              ys[static_cast<std::size_t>((o * oh + r) * ow + s)] +=
                  xs[static_cast<std::size_t>((i * height + y) * width + z)] *
                  ws[static_cast<std::size_t>(((i * per + j) * kh + a) * kw + b)];
            }
  return F32({1, out, oh, ow}, ys);
}

OneNode Node(const Case& c, std::vector<std::int64_t> xs, std::vector<std::int64_t> ws) {
  const auto w = RandomTensor(DType::kF32, std::move(ws), 2);
  return {"ConvTranspose",
          {RandomTensor(DType::kF32, std::move(xs), 1), w,
           RandomTensor(DType::kF32, {w.dim(1) * c.group}, 3)},
          {{"strides", Ints{c.stride[0], c.stride[1]}},
           {"dilations", Ints{c.dilation[0], c.dilation[1]}},
           {"pads", Ints(c.pads, c.pads + 4)},
           {"output_padding", Ints{c.extra[0], c.extra[1]}},
           {"group", c.group}},
          {false, true, true}};
}

void Expect(const Case& c, std::vector<std::int64_t> xs, std::vector<std::int64_t> ws) {
  const OneNode node = Node(c, std::move(xs), std::move(ws));
  const auto y = RunNode(node);
  ASSERT_EQ(y.size(), 1u);
  ExpectTensor(y[0], Naive(node.inputs[0], node.inputs[1], ToDoubles(node.inputs[2]), c));
}

TEST(ConvTranspose, PaddingOfAllKinds) {
  Expect({}, {1, 2, 3, 4}, {2, 3, 3, 3});
  Expect({{2, 2}, {1, 1}, {1, 1, 1, 1}, {0, 0}}, {1, 2, 4, 5}, {2, 3, 4, 4});  // SAME in TFLite
  Expect({{2, 2}, {1, 1}, {1, 1, 1, 1}, {1, 1}}, {1, 2, 4, 5}, {2, 3, 3, 3});  // sliced
  Expect({{2, 3}, {1, 1}, {0, 1, 2, 0}, {0, 1}}, {1, 2, 4, 3}, {2, 1, 3, 2});
}

TEST(ConvTranspose, GroupsAndDilations) {
  Expect({{2, 2}, {1, 1}, {0, 0, 0, 0}, {0, 0}, 2}, {1, 4, 3, 3}, {4, 2, 2, 2});
  Expect({{1, 2}, {2, 2}, {1, 0, 1, 1}, {0, 0}, 1}, {1, 2, 4, 4}, {2, 2, 3, 2});
}

TEST(ConvTranspose, OneSpatialAxis) {
  const auto y = RunNode({"ConvTranspose",
                          {F32({1, 1, 3}, {1, 2, 3}), F32({1, 1, 2}, {1, 10})},
                          {{"strides", Ints{2}}},
                          {false, true}});
  ASSERT_EQ(y.size(), 1u);
  ExpectTensor(y[0], F32({1, 1, 6}, {1, 10, 2, 20, 3, 30}));
}

TEST(ConvTranspose, ThreeSpatialAxes) {
  const auto w = F32({2, 1, 2, 1, 1}, {1, 10, 2, 20});
  const auto y = RunNode({"ConvTranspose",
                          {F32({1, 2, 2, 1, 1}, {1, 2, 3, 4}), w},
                          {{"strides", Ints{2, 1, 1}}, {"pads", Ints{1, 0, 0, 0, 0, 0}}},
                          {false, true}});
  ExpectTensor(y.at(0), F32({1, 1, 3, 1, 1}, {70, 10, 100}));
  const auto dilated = RunNode({"ConvTranspose",
                                {F32({1, 2, 2, 1, 1}, {1, 2, 3, 4}), w, F32({2}, {0, 1})},
                                {{"dilations", Ints{2, 1, 1}}, {"group", 2}},
                                {false, true, true}});
  ExpectTensor(dilated.at(0), F32({1, 2, 4, 1, 1}, {1, 2, 10, 20, 7, 9, 61, 81}));
}

TEST(ConvTranspose, OutputShapeCutsTheRestOff) {
  const auto y = RunNode({"ConvTranspose",
                          {F32({1, 1, 3}, {1, 2, 3}), F32({1, 1, 3}, {1, 1, 1})},
                          {{"strides", Ints{1}}, {"output_shape", Ints{3}}},
                          {false, true}});
  ASSERT_EQ(y.size(), 1u);
  ExpectTensor(y[0], F32({1, 1, 3}, {3, 6, 5}));
}

TEST(ConvTranspose, SizesMayBeSymbolic) {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 1, "H", "W"})
      .Init("w", F32({1, 1, 2, 2}, {1, 2, 3, 4}))
      .Node("ConvTranspose", {"x", "w"}, {"y"},
            {{"strides", Ints{2, 2}}, {"pads", Ints{0, 0, 1, 0}}})
      .Output("y");
  const auto y = model.Run({F32({1, 1, 1, 2}, {1, 10})});
  ASSERT_EQ(y.size(), 1u);
  ExpectTensor(y[0], F32({1, 1, 1, 4}, {1, 2, 10, 20}));
}

TEST(ConvTranspose, DilatesComputedWeightsLikeConstantOnes) {
  OneNode node{
      "ConvTranspose",
      {RandomTensor(DType::kF32, {1, 2, 3, 4}, 1), RandomTensor(DType::kF32, {2, 3, 2, 3}, 2)},
      {{"dilations", Ints{3, 2}}},
      {false, true}};
  const interp::Tensor constant = RunNode(node).at(0);
  node.constant = {};
  ExpectTensor(RunNode(node).at(0), constant);
}

TEST(ConvTranspose, Refusals) {
  OneNode node = Node({}, {1, 2, 3, 3}, {2, 3, 3, 3});
  const auto refused = [](const OneNode& bad) { return MakeModel(bad).Refusals(); };
  OneNode bad = node;
  bad.inputs[0] = RandomTensor(DType::kF32, {1, 2, 3, 3, 3, 3}, 1);
  EXPECT_THAT(refused(bad), Contains(Reason::kUnsupportedRank));
  bad = node;
  bad.inputs[1] = RandomTensor(DType::kF32, {5, 3, 3, 3}, 1);
  EXPECT_THAT(refused(bad), Contains(Reason::kShapeMismatch));
  bad = node;
  bad.inputs[2] = RandomTensor(DType::kF32, {4}, 1);
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kShapeMismatch));
  bad = node;
  bad.attrs = {{"kernel_shape", Ints{2, 2}}};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kShapeMismatch));
  bad.attrs = {{"strides", Ints{0, 1}}};
  EXPECT_THAT(refused(bad), Contains(Reason::kValueOutOfRange));
  bad.attrs = {{"output_padding", Ints{1}}};
  EXPECT_THAT(refused(bad), Contains(Reason::kValueOutOfRange));
  bad.attrs = {{"auto_pad", "SAME"}};
  EXPECT_THAT(refused(bad), ElementsAre(Reason::kUnsupportedAttributeValue));
  bad.attrs = {{"auto_pad", "SAME_UPPER"}, {"strides", Ints{4, 4}}};
  EXPECT_THAT(refused(bad), Contains(Reason::kUnsupportedAttributeValue));
  bad.attrs = {{"pads", Ints{3, 3, 3, 3}}};
  EXPECT_THAT(refused(bad), Contains(Reason::kUnsupportedAttributeValue));
  bad.attrs = {{"dilations", Ints{100000, 100000}}};
  EXPECT_THAT(refused(bad), Contains(Reason::kUnsupportedAttributeValue));
  OnnxModel dynamic;
  dynamic.Input("x", DType::kF32, {1, 2, "H", 3})
      .Input("w", DType::kF32, {2, 3, "K", 3})
      .Node("ConvTranspose", {"x", "w"}, {"y"})
      .Output("y");
  EXPECT_THAT(dynamic.Refusals(), Contains(Reason::kDynamicDimensionUnsupported));
}

// SAME cuts the result, and a symbolic batch has its size operand computed: both must agree.
TEST(ImportConvTranspose, KeepsSameSizesWithSymbolicBatch) {
  const auto x = RandomTensor(ir::DType::kF32, {2, 1, 3, 2}, 1);
  const auto weights = RandomTensor(ir::DType::kF32, {1, 1, 3, 3}, 2);
  const std::vector<Attr> attrs = {{"auto_pad", "SAME_UPPER"}, {"strides", Ints{2, 2}}};
  OnnxModel symbolic(13);
  symbolic.Input("x", ir::DType::kF32, {"N", std::int64_t{1}, std::int64_t{3}, std::int64_t{2}})
      .Init("w", weights)
      .Node("ConvTranspose", {"x", "w"}, {"y"}, attrs)
      .Output("y");
  const auto expected = RunNode({.op = "ConvTranspose",
                                 .inputs = {x, weights},
                                 .attrs = attrs,
                                 .constant = {false, true},
                                 .opset = 13});
  const auto got = symbolic.Run({x});
  ASSERT_EQ(got.size(), 1u);
  ASSERT_EQ(expected.size(), 1u);
  ExpectTensor(got[0], expected[0]);
}

}  // namespace
}  // namespace smelt::testing
