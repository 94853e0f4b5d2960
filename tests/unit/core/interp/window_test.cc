#include <random>

#include "tests/unit/core/interp/apply_op.h"

namespace smelt::interp::testing {
namespace {

Attributes Conv(const char* padding, std::int64_t stride = 1, std::int64_t dilation = 1) {
  return {{"padding", std::string(padding)},
          {"stride_h", stride},
          {"stride_w", stride},
          {"dilation_h_factor", dilation},
          {"dilation_w_factor", dilation}};
}

Tensor Random(Sizes shape, unsigned seed) {
  std::mt19937 engine(seed);
  Tensor tensor = Tensor::Zeros(DType::kF32, std::move(shape));
  for (float& value : tensor.mutable_values<float>()) {
    value = static_cast<float>(static_cast<std::int64_t>(engine() % 2001) - 1000) / 500.0F;
  }
  return tensor;
}

void ExpectClose(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  EXPECT_THAT(Floats(a), Pointwise(FloatNear(1e-3F), Floats(b)));
}

TEST(Conv2d, SumsAWindow) {
  // 3x3 image 0..8, 2x2 filter of ones, bias 10.
  const Tensor y = Apply(OpKind::kConv2d, Conv("VALID"),
                         {Ramp({1, 3, 3, 1}), F32({1, 2, 2, 1}, {1, 1, 1, 1}), F32({1}, {10})});
  EXPECT_EQ(y.shape(), (Sizes{1, 2, 2, 1}));
  EXPECT_THAT(Floats(y), ElementsAre(18, 22, 30, 34));
}

TEST(Conv2d, SamePutsTheOddElementAtTheEnd) {
  const Tensor y = Apply(OpKind::kConv2d, Conv("SAME"),
                         {Ramp({1, 3, 3, 1}), F32({1, 2, 2, 1}, {1, 1, 1, 1}), F32({1}, {0})});
  EXPECT_THAT(Floats(y), ElementsAre(8, 12, 7, 20, 24, 13, 13, 15, 8));
}

TEST(Conv2d, StridesAndDilations) {
  const Tensor filter = F32({1, 2, 2, 1}, {1, 10, 100, 1000});
  const Tensor zero = F32({1}, {0});
  const Tensor x = Ramp({1, 4, 4, 1});
  EXPECT_THAT(Floats(Apply(OpKind::kConv2d, Conv("VALID", 2), {x, filter, zero})),
              ElementsAre(5410, 7632, 14298, 16520));
  EXPECT_THAT(Floats(Apply(OpKind::kConv2d, Conv("VALID", 1, 3), {x, filter, zero})),
              ElementsAre(0 + 30 + 1200 + 15000));
}

TEST(Conv2d, GroupsSeeTheirChannelsOnly) {
  // 1x1, two groups of two channels; outputs (first of group 1) and (sum of group 2).
  const Tensor x = F32({1, 1, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  const Tensor filter = F32({2, 1, 1, 2}, {1, 0, 1, 1});
  const Tensor y = Apply(OpKind::kConv2d, Conv("VALID"), {x, filter, F32({2}, {0, 100})});
  EXPECT_THAT(Floats(y), ElementsAre(1, 107, 5, 115));
}

TEST(Conv2d, FusesActivationsAndTakesEveryNumber) {
  Attributes attrs = Conv("VALID");
  attrs.Set("fused_activation_function", std::string("RELU6"));
  const Tensor filter = F32({1, 1, 1, 1}, {-1});
  EXPECT_THAT(Floats(Apply(OpKind::kConv2d, attrs,
                           {F32({1, 1, 3, 1}, {-9, 1, -2}), filter, F32({1}, {0})})),
              ElementsAre(6, 0, 2));
  EXPECT_THAT(Ints(Apply(OpKind::kConv2d, Conv("VALID"),
                         {I32({1, 1, 1, 2}, {3, 4}), I32({1, 1, 1, 2}, {5, 6}), I32({1}, {1})})),
              ElementsAre(40));
  EXPECT_EQ(WhyNot(OpKind::kConv2d, Conv("VALID"),
                   {I8({1, 1, 1, 1}, {3}), I8({1, 1, 1, 1}, {5}), I32({1}, {1})}),
            Reason::kUnsupportedType);
}

TEST(Conv2d, AnEmptyBatchGivesAnEmptyResult) {
  for (const Kernels kernels : {Kernels::kPlain, Kernels::kFast}) {
    EXPECT_EQ(Apply(OpKind::kConv2d, Conv("SAME"),
                    {F32({0, 3, 3, 1}, {}), Ramp({2, 2, 2, 1}), Ramp({2})}, kernels)
                  .shape(),
              (Sizes{0, 3, 3, 2}));
  }
}

TEST(Conv2d, FastAgreesWithPlain) {
  for (const std::int64_t stride : {1, 2}) {
    for (const std::int64_t size : {1, 3}) {
      for (const std::int64_t groups : {1, 2}) {
        const std::vector<std::optional<Tensor>> inputs = {
            Random({2, 9, 11, 8}, 1), Random({6, size, size, 8 / groups}, 2), Random({6}, 3)};
        for (const char* padding : {"SAME", "VALID"}) {
          const Attributes attrs = Conv(padding, stride);
          ExpectClose(Apply(OpKind::kConv2d, attrs, inputs, Kernels::kFast),
                      Apply(OpKind::kConv2d, attrs, inputs));
        }
      }
    }
  }
}

TEST(Conv2d, LongSumsAreExactInPlain) {
  // 1 + 2^-12 a 4096 times: f32 sums lose the small parts, double ones do not.
  const std::int64_t n = 4096;
  const Tensor x = Ramp({1, 1, 1, n}, 0, 1.0F + 0x1p-12F);
  const Tensor y =
      Apply(OpKind::kConv2d, Conv("VALID"), {x, Ramp({1, 1, 1, n}, 0, 1), F32({1}, {0})});
  EXPECT_THAT(Floats(y), ElementsAre(4097.0F));
}

TEST(Depthwise, MultipliesEachChannel) {
  // Two channels, multiplier 2: outputs (c0 * 1, c0 * 2, c1 * 3, c1 * 4).
  const Tensor y = Apply(
      OpKind::kDepthwiseConv2d, Conv("VALID"),
      {F32({1, 1, 1, 2}, {10, 100}), F32({1, 1, 1, 4}, {1, 2, 3, 4}), F32({4}, {0, 0, 0, 1})});
  EXPECT_THAT(Floats(y), ElementsAre(10, 20, 300, 401));
}

TEST(Depthwise, FastAgreesWithPlain) {
  for (const std::int64_t multiplier : {1, 3}) {
    const std::vector<std::optional<Tensor>> inputs = {
        Random({2, 7, 6, 5}, 4), Random({1, 3, 3, 5 * multiplier}, 5), std::nullopt};
    for (const char* padding : {"SAME", "VALID"}) {
      const Attributes attrs = Conv(padding, 2);
      ExpectClose(Apply(OpKind::kDepthwiseConv2d, attrs, inputs, Kernels::kFast),
                  Apply(OpKind::kDepthwiseConv2d, attrs, inputs));
    }
  }
}

TEST(TransposeConv, SpreadsTheFilter) {
  // Input 2x2 at stride 2 with a 2x2 filter tiles the output.
  const Tensor y = Apply(OpKind::kTransposeConv, Conv("VALID", 2),
                         {I32({4}, {1, 4, 4, 1}), F32({1, 2, 2, 1}, {1, 2, 3, 4}),
                          F32({1, 2, 2, 1}, {1, 10, 100, 1000}), F32({1}, {0.5F})});
  EXPECT_THAT(Floats(y), ElementsAre(1.5F, 2.5F, 10.5F, 20.5F, 3.5F, 4.5F, 30.5F, 40.5F, 100.5F,
                                     200.5F, 1000.5F, 2000.5F, 300.5F, 400.5F, 3000.5F, 4000.5F));
}

TEST(TransposeConv, IsTheAdjointOfTheConvolution) {
  // <conv(x), y> = <x, transpose_conv(y)> for any x, y when the filter is the same.
  for (const char* padding : {"SAME", "VALID"}) {
    const Tensor x = Random({2, 6, 5, 3}, 6);
    const Tensor filter = Random({4, 3, 3, 3}, 7);  // (out, kh, kw, in)
    const Tensor forward = Apply(OpKind::kConv2d, Conv(padding, 2), {x, filter, Ramp({4}, 0)});
    const Tensor y = Random(forward.shape(), 8);
    // The transposed one takes (its out = 3, kh, kw, its in = 4).
    const Tensor turned = Apply(OpKind::kTranspose, {}, {filter, I32({4}, {3, 1, 2, 0})});
    const Tensor back =
        Apply(OpKind::kTransposeConv, Conv(padding, 2), {I32({4}, {2, 6, 5, 3}), turned, y});
    double left = 0;
    double right = 0;
    for (std::size_t i = 0; i < Floats(y).size(); ++i) {
      left += static_cast<double>(Floats(forward)[i]) * static_cast<double>(Floats(y)[i]);
    }
    for (std::size_t i = 0; i < Floats(x).size(); ++i) {
      right += static_cast<double>(Floats(back)[i]) * static_cast<double>(Floats(x)[i]);
    }
    EXPECT_NEAR(left, right, 1e-3) << padding;
    ExpectClose(Apply(OpKind::kTransposeConv, Conv(padding, 2), {I32({4}, {2, 6, 5, 3}), turned, y},
                      Kernels::kFast),
                back);
  }
}

Attributes Volume(const char* padding) {
  return {{"padding", std::string(padding)},      {"stride_d", std::int64_t{1}},
          {"stride_h", std::int64_t{2}},          {"stride_w", std::int64_t{3}},
          {"dilation_d_factor", std::int64_t{2}}, {"dilation_h_factor", std::int64_t{1}},
          {"dilation_w_factor", std::int64_t{1}}};
}

TEST(Conv3d, SlidesOverThreeAxes) {
  const Tensor y = Apply(OpKind::kConv3d, Volume("VALID"),
                         {F32({1, 3, 1, 1, 2}, {1, 2, 3, 4, 5, 6}),
                          F32({2, 1, 1, 2, 1}, {1, 10, 100, 1000}), F32({1}, {0.5F})});
  EXPECT_THAT(Floats(y), ElementsAre(21 + 6500 + 0.5F));
}

TEST(Conv3d, TransposedIsItsAdjoint) {
  // The filters (d, h, w, in, out) and (d, h, w, out, in) of a pair are the same.
  for (const char* padding : {"SAME", "VALID"}) {
    const Tensor x = Random({2, 4, 5, 6, 3}, 6);
    const Tensor filter = Random({2, 3, 2, 3, 4}, 7);
    const Tensor forward = Apply(OpKind::kConv3d, Volume(padding), {x, filter});
    const Tensor y = Random(forward.shape(), 8);
    const Tensor back =
        Apply(OpKind::kConv3dTranspose, Volume(padding), {I32({5}, {2, 4, 5, 6, 3}), filter, y});
    double left = 0;
    double right = 0;
    for (std::size_t i = 0; i < Floats(y).size(); ++i) {
      left += static_cast<double>(Floats(forward)[i]) * static_cast<double>(Floats(y)[i]);
    }
    for (std::size_t i = 0; i < Floats(x).size(); ++i) {
      right += static_cast<double>(Floats(back)[i]) * static_cast<double>(Floats(x)[i]);
    }
    EXPECT_NEAR(left, right, 1e-3) << padding;
  }
}

Attributes Pool(const char* padding, std::int64_t size, std::int64_t stride) {
  return {{"padding", std::string(padding)},
          {"stride_h", stride},
          {"stride_w", stride},
          {"filter_height", size},
          {"filter_width", size}};
}

TEST(Pool, MaximumAndAverage) {
  const Tensor x = Ramp({1, 3, 3, 1});
  EXPECT_THAT(Floats(Apply(OpKind::kMaxPool2d, Pool("VALID", 2, 1), {x})), ElementsAre(4, 5, 7, 8));
  EXPECT_THAT(Floats(Apply(OpKind::kAveragePool2d, Pool("VALID", 2, 1), {x})),
              ElementsAre(2, 3, 5, 6));
}

TEST(Pool, PaddingDoesNotCount) {
  const Tensor x = Ramp({1, 3, 3, 1}, -1, -1);
  EXPECT_THAT(Floats(Apply(OpKind::kAveragePool2d, Pool("SAME", 2, 2), {x})),
              ElementsAre(-3, -4.5F, -7.5F, -9));
  EXPECT_THAT(Floats(Apply(OpKind::kMaxPool2d, Pool("SAME", 2, 2), {x})),
              ElementsAre(-1, -3, -7, -9));
}

TEST(Pool, AFilterLargerThanTheImageCostsNoMore) {
  const Attributes attrs = Pool("SAME", INT32_MAX, INT32_MAX);
  EXPECT_THAT(Floats(Apply(OpKind::kAveragePool2d, attrs, {Ramp({1, 3, 3, 1})})), ElementsAre(4));
  EXPECT_EQ(WhyNot(OpKind::kMaxPool2d, Pool("SAME", INT64_MAX, 1), {Ramp({1, 3, 3, 1})}),
            Reason::kUnsupportedAttributeValue);
}

TEST(Pool, MaximumTakesIntegers) {
  EXPECT_THAT(ValuesOf<std::int8_t>(Apply(OpKind::kMaxPool2d, Pool("VALID", 2, 1),
                                          {I8({1, 2, 2, 1}, {-128, -3, -5, -100})})),
              ElementsAre(-3));
}

Tensor Resized(OpKind kind, const Tensor& x, int height, int width, bool align, bool half) {
  return Apply(kind, {{"align_corners", align}, {"half_pixel_centers", half}},
               {x, I32({2}, {height, width})});
}

TEST(Resize, BilinearRules) {
  const Tensor x = F32({1, 1, 2, 1}, {0, 10});
  const OpKind kind = OpKind::kResizeBilinear;
  EXPECT_THAT(Floats(Resized(kind, x, 1, 4, false, false)), ElementsAre(0, 5, 10, 10));
  EXPECT_THAT(Floats(Resized(kind, x, 1, 4, false, true)), ElementsAre(0, 2.5F, 7.5F, 10));
  EXPECT_THAT(Floats(Resized(kind, x, 1, 3, true, false)), ElementsAre(0, 5, 10));
}

TEST(Resize, NearestRules) {
  const Tensor x = F32({1, 1, 3, 1}, {0, 1, 2});
  const OpKind kind = OpKind::kResizeNearestNeighbor;
  EXPECT_THAT(Floats(Resized(kind, x, 1, 5, false, false)), ElementsAre(0, 0, 1, 1, 2));
  EXPECT_THAT(Floats(Resized(kind, x, 1, 5, false, true)), ElementsAre(0, 0, 1, 2, 2));
  EXPECT_THAT(Floats(Resized(kind, x, 1, 5, true, false)), ElementsAre(0, 1, 1, 2, 2));
  EXPECT_THAT(Floats(Resized(kind, x, 2, 1, false, false)), ElementsAre(0, 0));
}

}  // namespace
}  // namespace smelt::interp::testing
