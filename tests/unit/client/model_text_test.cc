#include "client/view/model_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace smelt::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string Printed(const v1::ModelDescription& model, ModelDetail detail = ModelDetail::kAll) {
  std::ostringstream out;
  PrintModel(out, model, detail, Ink(false));
  return out.str();
}

v1::ModelDescription Tflite() {
  v1::ModelDescription model;
  model.set_file_name("net.tflite");
  model.set_file_bytes(3000);
  v1::ModelDescription::Operator* op = model.add_operators();
  op->set_domain("custom");
  op->set_name("Mfcc");
  op->set_version(1);
  op->set_count(1);
  v1::TfliteDescription& tflite = *model.mutable_tflite();
  tflite.set_schema_version(3);
  tflite.set_needed_runtime("2.4");
  tflite.add_unknown_operators("STABLEHLO_ABS 1");
  v1::TfliteDescription::Subgraph& main = *tflite.add_subgraphs();
  v1::TfliteDescription::Tensor& input = *main.add_tensors();
  input.set_name("in");
  input.set_type("f32");
  for (const int size : {1, 8}) input.add_shape(size);
  for (const int size : {-1, 8}) input.add_shape_signature(size);
  v1::TfliteDescription::Tensor& weights = *main.add_tensors();
  weights.set_name("w");
  weights.set_type("i8");
  for (const float scale : {0.5F, 0.25F}) weights.mutable_quantization()->add_scales(scale);
  for (const int zero : {0, 0}) weights.mutable_quantization()->add_zero_points(zero);
  weights.mutable_quantization()->set_axis(3);
  weights.mutable_data()->set_bytes(16);
  weights.mutable_data()->set_offset(1024);
  v1::TfliteDescription::Node& node = *main.add_operators();
  node.set_name("Mfcc");
  node.set_custom(true);
  for (const int tensor : {0, -1, 1}) node.add_inputs(tensor);
  v1::TfliteDescription::SignatureEntry& signature = *tflite.add_signatures();
  signature.set_key("serving_default");
  signature.add_inputs()->set_name("image");
  v1::TfliteDescription::Port& output = *signature.add_outputs();
  output.set_name("gone");
  output.set_tensor(99);
  return model;
}

TEST(ModelText, SaysWhatATfliteFileHolds) {
  const std::string text = Printed(Tflite());
  EXPECT_THAT(text, AllOf(HasSubstr("net.tflite: TFLite, 2.9 KiB"),
                          HasSubstr("2.4 or newer, no release is known for STABLEHLO_ABS 1"),
                          HasSubstr("custom Mfcc v1 1"), HasSubstr("\"image\"  f32[?,8]"),
                          HasSubstr("tensor 99, which is none"), HasSubstr("0 - 1"),
                          HasSubstr("2 scales 0.25 to 0.5 along axis 3, zero 0"),
                          HasSubstr("16     1024")));
}

TEST(ModelText, ASummaryLeavesTheListsOut) {
  EXPECT_THAT(
      Printed(Tflite(), ModelDetail::kSummary),
      AllOf(HasSubstr("\"image\""), Not(HasSubstr("subgraph 0 \"")), Not(HasSubstr("TENSOR"))));
}

TEST(ModelText, NamesOfAFileDriveNoTerminalAndFillNoScreen) {
  v1::ModelDescription model = Tflite();
  model.mutable_tflite()->mutable_subgraphs(0)->mutable_tensors(0)->set_name("\x1b[2J");
  model.mutable_tflite()->mutable_subgraphs(0)->mutable_tensors(1)->set_name(
      std::string(100'000, 'n'));
  model.add_problems("bad \x1b thing");
  model.set_problem_count(3);
  const std::string text = Printed(model);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_LT(text.size(), 10'000U);
  EXPECT_THAT(text, HasSubstr("and 2 more"));
}

TEST(ModelText, SaysWhatAnOnnxModelHolds) {
  v1::ModelDescription model;
  model.set_file_name("net.onnx");
  v1::ModelDescription::Operator* op = model.add_operators();
  op->set_domain("acme");
  op->set_name("Mystery");
  op->set_count(2);
  v1::OnnxDescription& onnx = *model.mutable_onnx();
  onnx.set_producer("pytorch 2.9");
  (*onnx.mutable_opset_imports())["ai.onnx"] = 17;
  onnx.add_inputs()->set_name("x");
  onnx.mutable_inputs(0)->set_type("f32[N,3]");
  onnx.add_external_files()->set_location("w.bin");
  EXPECT_THAT(Printed(model), AllOf(HasSubstr("net.onnx: ONNX"), HasSubstr("acme Mystery 2"),
                                    HasSubstr("ai.onnx 17"), HasSubstr("\"x\"  f32[N,3]"),
                                    HasSubstr("\"w.bin\""), HasSubstr("pytorch 2.9")));
}

}  // namespace
}  // namespace smelt::client
