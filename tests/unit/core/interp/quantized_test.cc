// Integer kernels: values worked out by hand, and what is refused. That they are the runtime's bit
// for bit is for tests/oracle/probe_quantized.py.
#include "core/interp/kernels/quantized.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/interp/evaluate.h"
#include "core/ir/text.h"

namespace smelt::interp {
namespace {

using ::testing::ElementsAre;

// `type` with a scale and a zero point.
std::string Q(const std::string& type, const std::string& scale, const std::string& zero) {
  return type + " quant(axis=0, scale=[" + scale + "], zero=[" + zero + "])";
}

struct Ran {
  std::vector<std::int64_t> values;
  Reason reason = Reason::kOk;
};

// A graph of one input and one operator, run on `data`. `constants` come before the operator.
Ran Evaluated(const std::string& input, const std::string& constants, const std::string& op,
              const std::string& result, const std::vector<std::int64_t>& data) {
  const std::string text = "module { graph @main(%x: " + input + ") { " + constants +
                           " %y = " + op + " : " + result + " return %y } }";
  auto module = ir::Parse(text);
  EXPECT_TRUE(module.ok()) << module.status().ToString() << "\n" << text;
  if (!module.ok()) return {};
  const ir::TensorType& type = module->main().type(module->main().inputs()[0]);
  Tensor x = Tensor::Zeros(type.dtype, type.shape.Sizes());
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (type.dtype == ir::DType::kI16) {
      x.mutable_values<std::int16_t>()[i] = static_cast<std::int16_t>(data[i]);
    } else {
      x.mutable_values<std::int8_t>()[i] = static_cast<std::int8_t>(data[i]);
    }
  }
  const Tensor inputs[] = {x};
  auto results = Evaluate(*module, module->main_id(), inputs);
  if (!results.ok()) return {{}, results.status().reason()};
  return {IntsOf(results->front())};
}

// (5 - 1) * 0.5 = 2 = 8 * 0.25.
TEST(Quantized, IntegersOfOneScaleBecomeThoseOfAnother) {
  const Ran run = Evaluated(Q("i8[4]", "0.5", "1"), "", "QUANTIZE(%x) {out_data_type=\"i8\"}",
                            Q("i8[4]", "0.25", "-3"), {5, 1, 100, -128});
  EXPECT_THAT(run.values, ElementsAre(5, -3, 127, -128));
}

// 3 * 0.5 + 10 * 0.25 = 4; the sum of the ends saturates.
TEST(Quantized, AddBringsBothSidesToOneScale) {
  const Ran run = Evaluated(Q("i8[2]", "0.5", "0"),
                            "%c = const i8[2] " + std::string("quant(axis=0, scale=[0.25], "
                                                              "zero=[-2]) [8, 127]"),
                            "ADD(%x, %c) {fused_activation_function=\"NONE\"}",
                            Q("i8[2]", "0.5", "1"), {3, 127});
  EXPECT_THAT(run.values, ElementsAre(9, 127));
}

// RELU6 at a scale of 0.1: 0 is -10, 6 is 50.
TEST(Quantized, AnActivationClampsInTheResultsScale) {
  const Ran run =
      Evaluated(Q("i8[3]", "0.1", "0"), "", "RELU6(%x)", Q("i8[3]", "0.1", "-10"), {-5, 30, 100});
  EXPECT_THAT(run.values, ElementsAre(-10, 20, 50));
}

// (2 - 1) * 3 and (5 - 1) * -2 of scale 0.5 * 0.25, plus biases; the result in steps of 0.125.
TEST(Quantized, AConvolutionHasAFactorForEachChannel) {
  const Ran run =
      Evaluated(Q("i8[1,1,2,1]", "0.5", "1"),
                "%w = const i8[2,1,1,1] quant(axis=0, scale=[0.25, 0.5], zero=[0, 0]) [3, -2] "
                "%b = const i32[2] [8, 0]",
                "CONV_2D(%x, %w, %b) {padding=\"VALID\", stride_w=1, stride_h=1, "
                "dilation_w_factor=1, dilation_h_factor=1}",
                Q("i8[1,1,2,2]", "0.125", "-1"), {2, 5});
  EXPECT_THAT(run.values, ElementsAre(10, -5, 19, -17));
}

TEST(Quantized, PaddingIsTheZeroPoint) {
  const Ran run = Evaluated(Q("i8[2]", "0.5", "7"), "%p = const i32[1,2] [1, 2]", "PAD(%x, %p)",
                            Q("i8[5]", "0.5", "7"), {1, 2});
  EXPECT_THAT(run.values, ElementsAre(7, 1, 2, 7, 7));
}

// 5 / 2 and -5 / 2.
TEST(Quantized, AveragesRoundHalvesAway) {
  const std::string op =
      "AVERAGE_POOL_2D(%x) {padding=\"VALID\", stride_w=2, stride_h=1, filter_width=2, "
      "filter_height=1}";
  const Ran run = Evaluated(Q("i16[1,1,4,1]", "0.5", "0"), "", op, Q("i16[1,1,2,1]", "0.5", "0"),
                            {2, 3, -2, -3});
  EXPECT_THAT(run.values, ElementsAre(3, -3));
}

TEST(Quantized, SharesOfEqualElementsAreEqual) {
  const Ran run = Evaluated(Q("i8[1,2]", "0.5", "3"), "", "SOFTMAX(%x) {beta=1.0}",
                            Q("i8[1,2]", "0.00390625", "-128"), {9, 9});
  EXPECT_THAT(run.values, ElementsAre(0, 0));
}

// An int8 table with a scale for each row.
TEST(Quantized, ALookupGivesNumbers) {
  auto module = ir::Parse(
      "module { graph @main(%i: i32[2]) { "
      "%t = const i8[2,2] quant(axis=0, scale=[0.5, 2.0], zero=[0, 0]) [1, -3, 5, 127] "
      "%y = EMBEDDING_LOOKUP(%i, %t) {out_data_type=\"f32\"} : f32[2,2] return %y } }");
  ASSERT_TRUE(module.ok()) << module.status().ToString();
  Tensor ids = Tensor::Zeros(ir::DType::kI32, {2});
  ids.mutable_values<std::int32_t>()[0] = 1;
  const Tensor inputs[] = {ids};
  const auto results = Evaluate(*module, module->main_id(), inputs);
  ASSERT_TRUE(results.ok()) << results.status().ToString();
  const auto values = results->front().values<float>();
  EXPECT_THAT(std::vector<float>(values.begin(), values.end()), ElementsAre(10, 254, 0.5F, -1.5F));
}

TEST(Quantized, RefusesWhatItWouldMisread) {
  const auto reason = [](const std::string& input, const std::string& op,
                         const std::string& result) {
    return Evaluated(input, "", op, result, {}).reason;
  };
  const std::string add = "ADD(%x, %x) {fused_activation_function=\"NONE\"}";
  // No scale, scales of an axis, a zero point that the type has not, a scale that is none.
  EXPECT_EQ(reason(Q("i8[2]", "0.5", "0"), add, "i8[2]"), Reason::kRuntimeTypeUnsupported);
  EXPECT_EQ(reason(Q("i8[2]", "0.5, 0.25", "0, 0"), add, Q("i8[2]", "0.5", "0")),
            Reason::kRuntimeTypeUnsupported);
  EXPECT_EQ(reason(Q("i8[2]", "0.5", "300"), add, Q("i8[2]", "0.5", "0")),
            Reason::kRuntimeTypeUnsupported);
  EXPECT_EQ(reason(Q("i16[2]", "0.5", "4"), add, Q("i16[2]", "0.5", "0")),
            Reason::kRuntimeTypeUnsupported);
  EXPECT_EQ(reason(Q("i8[2]", "-0.5", "0"), add, Q("i8[2]", "0.5", "0")),
            Reason::kRuntimeTypeUnsupported);
  // A sum that the runtime's process would not survive.
  EXPECT_EQ(reason(Q("i16[2]", "1", "0"), add, Q("i16[2]", "1e-05", "0")),
            Reason::kRuntimeTypeUnsupported);
  EXPECT_EQ(reason(Q("i16[2]", "1", "0"), add, Q("i16[2]", "0.0001", "0")), Reason::kOk);
  // A result that the runtime has in one scale only, and an operator without an integer kernel.
  EXPECT_EQ(reason(Q("i8[1,2]", "0.5", "0"), "SOFTMAX(%x) {beta=1.0}", Q("i8[1,2]", "0.5", "0")),
            Reason::kRuntimeTypeUnsupported);
  EXPECT_EQ(reason(Q("i8[2]", "0.5", "0"), "SIN(%x)", Q("i8[2]", "0.5", "0")),
            Reason::kRuntimeTypeUnsupported);
}

}  // namespace
}  // namespace smelt::interp
