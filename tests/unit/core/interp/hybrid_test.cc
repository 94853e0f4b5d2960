// float32 data by int8 weights, and DEQUANTIZE.
#include "core/interp/kernels/hybrid.h"

#include "tests/unit/core/interp/apply_op.h"

namespace smelt::interp::testing {
namespace {

Tensor Quantized(Tensor tensor, std::vector<float> scale, std::vector<std::int64_t> zero,
                 int axis = 0) {
  tensor.set_quant(ir::QuantParams{std::move(scale), std::move(zero), axis});
  return tensor;
}

const Attributes kProduct = {{"keep_num_dims", true}, {"asymmetric_quantize_inputs", true}};

// -1 to 4.1: steps of 0.02, zero at -78.
TEST(Hybrid, RoundsEachRowOfTheDataByItsOwnRange) {
  const Tensor rounded = RoundedToInt8(F32({2, 3}, {-1, 4.1F, 0.013F, 0, 0, 0}), 3, true);
  EXPECT_THAT(Floats(rounded),
              Pointwise(FloatNear(1e-6F), std::vector<float>{-1, 4.1F, 0.02F, 0, 0, 0}));
}

TEST(Hybrid, ASymmetricRangeHasItsZeroInTheMiddle) {
  const Tensor rounded = RoundedToInt8(F32({3}, {-12.7F, 5, 0.06F}), 3, false);
  EXPECT_THAT(Floats(rounded), Pointwise(FloatNear(1e-6F), std::vector<float>{-12.7F, 5, 0.1F}));
}

// What is all positive reaches down to zero.
TEST(Hybrid, ZeroIsAlwaysInTheRange) {
  const Tensor rounded = RoundedToInt8(F32({2}, {25.5F, 25.43F}), 2, true);
  EXPECT_THAT(Floats(rounded), Pointwise(FloatNear(1e-5F), std::vector<float>{25.5F, 25.4F}));
}

TEST(Hybrid, WhatIsNotFiniteIsNoNumber) {
  const Tensor rounded = RoundedToInt8(F32({2}, {kInf, 1}), 2, true);
  EXPECT_THAT(Floats(rounded), ::testing::Each(IsNan()));
}

TEST(Hybrid, FullyConnectedRoundsBothSides) {
  const Tensor weights = Quantized(I8({2, 2}, {127, 1, -2, 0}), {0.01F, 0.5F}, {0, 0});
  const Tensor y = Apply(OpKind::kFullyConnected, kProduct,
                         {F32({1, 2}, {-1, 4.1F}), weights, F32({2}, {10, 20})});
  EXPECT_THAT(Floats(y),
              Pointwise(FloatNear(1e-5F), std::vector<float>{-1.27F + 0.041F + 10, 1.0F + 20}));
}

TEST(Hybrid, BatchMatmulTakesRangesAlongWhatIsSummed) {
  const Tensor weights = Quantized(I8({2, 1}, {2, 4}), {0.5F}, {0});
  // As 2 columns of (10, 0.02) and (0.01, 0.02): the last one keeps its digits.
  const Tensor y =
      Apply(OpKind::kBatchMatmul, {{"adj_x", true}, {"asymmetric_quantize_inputs", true}},
            {F32({2, 2}, {10, 0.01F, 0.02F, 0.02F}), weights});
  ASSERT_EQ(y.shape(), (Sizes{2, 1}));
  EXPECT_THAT(Floats(y), Pointwise(FloatNear(1e-4F), std::vector<float>{10.0784F, 0.05F}));
}

Attributes ValidConvolution() {
  return {{"padding", std::string("VALID")},
          {"stride_w", std::int64_t{1}},
          {"stride_h", std::int64_t{1}},
          {"dilation_w_factor", std::int64_t{1}},
          {"dilation_h_factor", std::int64_t{1}}};
}

// (255, 0.4), then (2.55, 0.4): the small one is lost only beside the large one.
TEST(Hybrid, ConvolutionTakesARangeForEachImage) {
  const Tensor weights = Quantized(I8({2, 1, 2, 1}, {1, 0, 0, 2}), {1, 1}, {0, 0});
  const Tensor y = Apply(OpKind::kConv2d, ValidConvolution(),
                         {F32({2, 1, 2, 1}, {255, 0.4F, 2.55F, 0.4F}), weights, F32({2}, {0, 0})});
  EXPECT_THAT(Floats(y), Pointwise(FloatNear(1e-4F), std::vector<float>{255, 0, 2.55F, 0.8F}));
}

TEST(Hybrid, APointwiseConvolutionTakesARangeForEachPixel) {
  const Tensor weights = Quantized(I8({2, 1, 1, 1}, {1, 2}), {1, 1}, {0, 0});
  const Tensor y = Apply(OpKind::kConv2d, ValidConvolution(),
                         {F32({1, 1, 2, 1}, {255, 0.4F}), weights, F32({2}, {0, 0})});
  EXPECT_THAT(Floats(y), Pointwise(FloatNear(1e-4F), std::vector<float>{255, 510, 0.4F, 0.8F}));
}

TEST(Hybrid, IntegersWithoutScalesAreNoWeights) {
  EXPECT_EQ(WhyNot(OpKind::kFullyConnected, kProduct,
                   {F32({1, 2}, {1, 2}), I8({1, 2}, {1, 1}), std::nullopt}),
            Reason::kUnsupportedType);
}

TEST(Dequantize, GivesWhatIntegersStandFor) {
  const Tensor y =
      Apply(OpKind::kDequantize, {}, {Quantized(I8({2, 2}, {1, 2, 3, 4}), {0.5F, 2}, {1, 0}, 1)});
  EXPECT_THAT(Floats(y), ElementsAre(0, 4, 1, 8));
  const Tensor bytes = Apply(OpKind::kDequantize, {}, {Quantized(U8({2}, {0, 255}), {2}, {128})});
  EXPECT_THAT(Floats(bytes), ElementsAre(-256, 254));
  EXPECT_EQ(WhyNot(OpKind::kDequantize, {}, {I8({1}, {1})}), Reason::kRuntimeTypeUnsupported);
}

// Integers that stand for numbers are not taken for numbers.
TEST(Quantized, AKernelThatDoesNotReadScalesRefusesThem) {
  const Tensor x = Quantized(I8({2}, {1, 2}), {0.5F}, {0});
  EXPECT_EQ(WhyNot(OpKind::kAbs, {}, {x}), Reason::kRuntimeTypeUnsupported);
  // Whoever asks for one operator says nothing of its result.
  EXPECT_EQ(WhyNot(OpKind::kReshape, {}, {x, I32({2}, {2, 1})}), Reason::kRuntimeTypeUnsupported);
  const Tensor other = Quantized(I8({2}, {1, 2}), {0.25F}, {0});
  EXPECT_EQ(WhyNot(OpKind::kConcatenation, {{"axis", std::int64_t{0}}}, {x, other}),
            Reason::kRuntimeTypeUnsupported);
}

}  // namespace
}  // namespace smelt::interp::testing
