// Conversions into integers: calibrated on the way, verified against the source, and told of.
#include <gmock/gmock.h>

#include "core/interp/kernel.h"
#include "core/ir/op_table.h"
#include "core/target/quantized_kernel.h"
#include "tests/unit/core/convert/convert_model.h"

namespace smelt {
namespace {

using ir::DType;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::OnnxModel;

// What a file may hold, verification must be able to run.
TEST(IntegerPrecision, EveryQuantizedKernelHasOneOfTheInterpreter) {
  for (const target::QuantizedKernel& kernel : target::QuantizedKernels()) {
    const interp::KernelRow* row = interp::FindKernel(kernel.kind);
    ASSERT_NE(row, nullptr);
    EXPECT_NE(row->quantized, interp::Quantized::kRefused) << ir::GetOpInfo(kernel.kind).name;
  }
}

// Convolutions, a branch that is added, a pool and a product: all have integer kernels.
OnnxModel Residual() {
  OnnxModel model;
  model.Input("x", DType::kF32, {"N", 3, 8, 8});
  model.Init("w", testing::RandomTensor(DType::kF32, {8, 3, 3, 3}, 1));
  model.Init("b", testing::RandomTensor(DType::kF32, {8}, 2));
  model.Init("v", testing::RandomTensor(DType::kF32, {8, 8, 1, 1}, 3));
  model.Init("m", testing::RandomTensor(DType::kF32, {8, 5}, 4));
  model.Node("Conv", {"x", "w", "b"}, {"c"}, {{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}});
  model.Node("Relu", {"c"}, {"r"});
  model.Node("Conv", {"r", "v"}, {"d"});
  model.Node("Add", {"r", "d"}, {"s"});
  model.Node("GlobalAveragePool", {"s"}, {"p"});
  model.Node("Flatten", {"p"}, {"f"});
  model.Node("MatMul", {"f", "m"}, {"l"});
  model.Node("Softmax", {"l"}, {"y"});
  model.Output("y", DType::kF32, {"N", 5});
  return model;
}

ConvertRequest Asking(Precision precision) {
  ConvertRequest request;
  request.precision = precision;
  request.extra_reports = {ExtraReport::kAccuracy};
  request.fail_on_accuracy = true;
  return request;
}

std::vector<std::string> ReasonsOf(const Converted& made) {
  std::vector<std::string> reasons;
  for (const auto& one : made.report.diagnostics()) reasons.push_back(one.reason_code());
  return reasons;
}

class IntegerModes : public ::testing::TestWithParam<Precision> {};

TEST_P(IntegerModes, ComputesWhatTheSourceDoes) {
  const Converted made = ConvertModel(Residual(), Asking(GetParam()));
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  const v1::Quantization& quantization = made.report.quantization();
  EXPECT_EQ(quantization.float_operators(), 0u) << quantization.ShortDebugString();
  EXPECT_GE(quantization.integer_operators(), 5u);
  EXPECT_EQ(quantization.quantize_operators(), 1u);
  EXPECT_EQ(quantization.dequantize_operators(), 1u);
  EXPECT_EQ(quantization.quantized_weights(), 3u);
  EXPECT_TRUE(made.report.accuracy().pass());
  EXPECT_THAT(ReasonsOf(made), Contains("uncalibrated"));
  EXPECT_EQ(made.report.calibration().inputs(), "seeded");
}

TEST_P(IntegerModes, PortsMayBeIntegers) {
  ConvertRequest request = Asking(GetParam());
  request.ports = PortType::kActivations;
  const Converted made = ConvertModel(Residual(), request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_EQ(made.report.quantization().float_operators(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Both, IntegerModes,
                         ::testing::Values(Precision::kInt8, Precision::kInt16x8));

TEST(IntegerPrecision, AStrictRequestNamesWhatStaysFloat) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2, 3});
  model.Node("Relu", {"x"}, {"r"});
  model.Node("Sin", {"r"}, {"s"});
  model.Node("Cos", {"s"}, {"y"});
  model.Output("y", DType::kF32, {2, 3});
  ConvertRequest request = Asking(Precision::kInt8);
  Converted made = ConvertModel(model, request);
  EXPECT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_EQ(made.report.quantization().islands_size(), 3);  // RELU feeds nobody else
  request.strict_integer = true;
  made = ConvertModel(model, request);
  EXPECT_EQ(made.report.reason_code(), "quantization_unsupported");
  EXPECT_THAT(made.report.message(), HasSubstr("SIN"));
  EXPECT_EQ(made.report.diagnostics_size(), 3);  // both, and that there were no data
}

}  // namespace
}  // namespace smelt
