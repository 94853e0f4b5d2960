// Precisions on the command line: what is asked of the daemon, and what is shown of its report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/unit/client/cli_fixture.h"

namespace smelt::client {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(CliTest, ConvertSendsPrecision) {
  ASSERT_EQ(Run({"convert", ModelFile(), "-o", scratch_ / "x.tflite", "--precision",
                 "dynamic_range", "--quantize-min-elements", "64", "--per-tensor"}),
            0)
      << Err();
  const v1::ConvertOptions& options = daemon_.creates[0].convert().options();
  EXPECT_EQ(options.precision(), v1::PRECISION_DYNAMIC_RANGE);
  EXPECT_EQ(options.weight_quantization().fewest_elements(), 64);
  EXPECT_TRUE(options.weight_quantization().per_tensor());
}

TEST_F(CliTest, ConvertSendsIntegerPrecisionsAndShowsWhatStaysFloat) {
  v1::Quantization& quantization = *daemon_.report_.mutable_quantization();
  quantization.set_precision("int8");
  quantization.set_quantized_weights(2);
  quantization.set_float_bytes(4096);
  quantization.set_quantized_bytes(1024);
  quantization.set_integer_operators(5);
  quantization.set_float_operators(1);
  quantization.set_quantize_operators(2);
  quantization.set_dequantize_operators(2);
  quantization.add_islands()->set_operator_("SIN");
  quantization.mutable_islands(0)->set_tensor("s");
  quantization.mutable_islands(0)->set_why("there is no integer kernel of it");
  ASSERT_EQ(Run({"convert", ModelFile(), "-o", scratch_ / "x.tflite", "--precision", "int8",
                 "--io-type", "uint8", "--strict-integer", "--per-tensor"}),
            0)
      << Err();
  const v1::ConvertOptions& options = daemon_.creates[0].convert().options();
  EXPECT_EQ(options.precision(), v1::PRECISION_INT8);
  EXPECT_EQ(options.activation_quantization().ports(), v1::PORT_UINT8);
  EXPECT_TRUE(options.activation_quantization().strict());
  EXPECT_TRUE(options.activation_quantization().per_tensor());
  EXPECT_FALSE(options.has_weight_quantization());
  EXPECT_THAT(Out(), AllOf(HasSubstr("5 operators in integers, 1 in float32"),
                           HasSubstr("2 QUANTIZE and 2 DEQUANTIZE"),
                           HasSubstr("SIN of \"s\": there is no integer kernel of it")));
}

TEST_F(CliTest, PortTypesFollowThePrecision) {
  const auto answer = [&](const char* precision, const char* type) {
    return Run({"convert", ModelFile(), "-o", scratch_ / "x.tflite", "--precision", precision,
                "--io-type", type});
  };
  EXPECT_EQ(answer("int16x8", "int16"), 0) << Err();
  EXPECT_EQ(daemon_.creates[0].convert().options().activation_quantization().ports(),
            v1::PORT_ACTIVATIONS);
  EXPECT_EQ(answer("int8", "float32"), 0) << Err();
  for (const auto& [precision, type] : {std::pair("int8", "int16"), std::pair("int16x8", "uint8"),
                                        std::pair("dynamic_range", "int8")}) {
    EXPECT_EQ(answer(precision, type), 2) << precision << type;
    EXPECT_THAT(Err(), HasSubstr("--io-type is '" + std::string(type)));
  }
  EXPECT_EQ(daemon_.creates.size(), 2u);
}

TEST_F(CliTest, ConvertAsksForAccuracyAndShowsIt) {
  v1::AccuracySummary& accuracy = *daemon_.report_.mutable_accuracy();
  accuracy.set_inputs("seeded");
  accuracy.set_precision("float16");
  accuracy.set_samples(3);
  accuracy.set_outputs_passed(1);
  accuracy.set_outputs_failed(1);
  accuracy.set_outputs_trivial(1);
  accuracy.set_worst_output("logits");
  accuracy.set_worst_cosine(0.99951);
  accuracy.set_worst_sqnr_db(30.25);
  accuracy.set_layers_compared(7);
  accuracy.set_layers_not_compared(2);
  accuracy.set_first_layer_outside("h");
  accuracy.mutable_first_layer_node()->set_op_type("Conv");
  accuracy.mutable_first_layer_node()->set_index(4);
  ASSERT_EQ(Run({"convert", ModelFile(), "-o", scratch_ / "x.tflite", "--extra-report",
                 "coverage,accuracy", "--fail-on-accuracy"}),
            0)
      << Err();
  const v1::ConvertOptions& options = daemon_.creates[0].convert().options();
  EXPECT_THAT(options.extra_reports(), ElementsAre(v1::OP_COVERAGE, v1::ACCURACY));
  EXPECT_TRUE(options.fail_on_accuracy());
  EXPECT_THAT(Out(), AllOf(HasSubstr("1 of 2 outputs within the limits of float16, 1 trivial"),
                           HasSubstr("\"logits\": cosine 0.999510, SQNR 30.2 dB"),
                           HasSubstr("3 samples of seeded inputs, not calibrated on data"),
                           HasSubstr("\"h\" (Conv node 4); 7 layers compared, 2 not")));
}

}  // namespace
}  // namespace smelt::client
