// What a request may ask for beside the plain conversion.
#include <gmock/gmock.h>
#include <onnx/onnx_pb.h>

#include "core/base/digest.h"
#include "core/import/tflite/reader.h"
#include "tests/unit/core/calibrate/npy_bytes.h"
#include "tests/unit/core/convert/convert_model.h"

namespace smelt {
namespace {

using ir::DType;
using ir::OpKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::OnnxModel;

std::vector<OpKind> Kinds(const ir::Module& module) {
  std::vector<OpKind> kinds;
  for (const ir::OpId id : module.main()) kinds.push_back(module.main().op(id).kind);
  return kinds;
}

OnnxModel WithSwirl() {
  OnnxModel model;
  model.Input("x", DType::kF32, {1, 2, 4, 4});
  model.Init("w", testing::RandomTensor(DType::kF32, {2, 2, 1, 1}, 1));
  model.Node("Conv", {"x", "w"}, {"c"});
  model.Node("Swirl", {"c"}, {"s"}, {{"turns", 3}}, "my.ops");
  model.Output("s", DType::kF32, {1, 2, 4, 4});
  return model;
}

TEST(CustomOperators, GoIntoTheFileAndAreSaid) {
  ConvertRequest request;
  request.custom_operators.names = {"my.ops::Swirl"};
  const Converted made = ConvertModel(WithSwirl(), request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  EXPECT_THAT(made.report.artifacts(0).custom_operators(), ElementsAre("my.ops::Swirl"));
  EXPECT_EQ(made.report.artifacts(0).kind(), "tflite_custom");
  EXPECT_THAT(made.report.verification().not_run_because(), HasSubstr("my.ops::Swirl"));
  EXPECT_EQ(made.report.coverage().custom(), 1u);
  EXPECT_EQ(made.report.coverage().target_operators().at("CUSTOM"), 1u);
  int warnings = 0;
  for (const auto& diagnostic : made.report.diagnostics()) {
    warnings += diagnostic.severity() == v1::SEVERITY_WARNING ? 1 : 0;
  }
  EXPECT_EQ(warnings, 1);
  const ir::Module written = ReadBack(made);
  const ir::Graph& graph = written.main();
  const ir::Op& op = graph.op(graph.value(graph.outputs()[0]).producer);
  ASSERT_EQ(op.kind, OpKind::kCustom);
  EXPECT_EQ(op.attrs.Int("turns"), 3);
  // It takes and gives the source's order of axes.
  EXPECT_EQ(written.symbols().Text(graph.type(op.input(0))), "f32[1,2,4,4]");
}

TEST(MinRuntime, OlderWordsAreFound) {
  OnnxModel model(20);
  model.Input("x", DType::kF32, {2, 3});
  model.Node("Gelu", {"x"}, {"g"});
  model.Node("Sign", {"g"}, {"y"});
  model.Output("y", DType::kF32, {2, 3});
  const Converted newest = ConvertModel(model);
  ASSERT_EQ(newest.report.state(), "succeeded") << newest.report.message();
  EXPECT_EQ(newest.report.artifacts(0).min_runtime_version(), "2.11.0");
  ConvertRequest request;
  request.min_runtime = "2.4";
  const Converted old = ConvertModel(model, request);
  ASSERT_EQ(old.report.state(), "succeeded") << old.report.message();
  EXPECT_EQ(old.report.artifacts(0).min_runtime_version(), "2.2.0");
  EXPECT_THAT(old.report.verification().outputs(), ::testing::SizeIs(1));
}

TEST(MinRuntime, WhatARuntimeLacksIsRefusedWithItsVersions) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2, 3});
  model.Init("axis", testing::I64({}, {1}));
  model.Node("CumSum", {"x", "axis"}, {"y"});
  model.Output("y", DType::kF32, {2, 3});
  ConvertRequest request;
  request.min_runtime = "2.3";
  const Converted made = ConvertModel(model, request);
  EXPECT_EQ(made.report.state(), "failed");
  EXPECT_EQ(made.report.reason_code(), "runtime_version_unsupported");
  EXPECT_THAT(made.report.message(), HasSubstr("CUMSUM: version 1"));
  EXPECT_THAT(made.report.message(), HasSubstr("no version in runtime 2.3"));
  request.min_runtime = "two";
  EXPECT_EQ(ConvertModel(model, request).status.reason(), Reason::kInvalidArgument);
}

TEST(FromAndTo, ConvertAPart) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2, 3});
  model.Node("Neg", {"x"}, {"a"});
  model.Node("Abs", {"a"}, {"b"});
  model.Node("Sqrt", {"b"}, {"y"});
  model.Output("y", DType::kF32, {2, 3});
  ConvertRequest request;
  request.from = {"a"};
  request.to = {"b"};
  const Converted made = ConvertModel(model, request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  const ir::Module written = ReadBack(made);
  EXPECT_EQ(Kinds(written), std::vector{OpKind::kAbs});
  EXPECT_THAT(written.signatures[0].input_names, ElementsAre("a"));
  EXPECT_THAT(written.signatures[0].output_names, ElementsAre("b"));
  request.to = {"bb"};
  const Converted wrong = ConvertModel(model, request);
  EXPECT_EQ(wrong.report.reason_code(), "unknown_tensor_name");
}

TEST(ComputeType, DoublesThatFloat32CanNotHoldAreRefusedByName) {
  OnnxModel model;
  model.Input("x", DType::kF64, {2});
  model.Init("c", testing::MakeTensor(DType::kF64, {1}, {1e9}));
  model.Node("Add", {"x", "c"}, {"s"});
  model.Node("Sub", {"s", "c"}, {"y"});
  model.Output("y", DType::kF64, {2});
  const Converted made = ConvertModel(model);
  EXPECT_EQ(made.report.state(), "failed");
  EXPECT_EQ(made.report.reason_code(), "runtime_type_unsupported");
  EXPECT_THAT(made.report.message(), HasSubstr("ADD: computed in f32"));
  EXPECT_THAT(made.report.message(), HasSubstr("largest difference"));
}

TEST(ComputeType, DoublesAreComputedInFloat32) {
  OnnxModel model;
  model.Input("x", DType::kF64, {2, 3});
  model.Init("c", testing::MakeTensor(DType::kF64, {3}, {0.5, 2, -1}));
  model.Node("Mul", {"x", "c"}, {"m"});
  model.Node("Sigmoid", {"m"}, {"y"});
  model.Output("y", DType::kF64, {2, 3});
  ConvertRequest request;
  request.compute_float32 = true;
  const Converted made = ConvertModel(model, request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  const ir::Module written = ReadBack(made);
  EXPECT_EQ(Kinds(written),
            (std::vector{OpKind::kCast, OpKind::kMul, OpKind::kLogistic, OpKind::kCast}));
  EXPECT_EQ(written.main().type(written.main().inputs()[0]).dtype, DType::kF64);
  ASSERT_EQ(made.report.diagnostics_size(), 1);
  EXPECT_EQ(made.report.diagnostics(0).reason_code(), "compute_type_changed");
  EXPECT_EQ(made.report.diagnostics(0).severity(), v1::SEVERITY_NOTE);
}

TEST(Metadata, NamesConverterAndSource) {
  OnnxModel model;
  model.Input("x", DType::kF32, {2, 3});
  model.Node("Neg", {"x"}, {"y"});
  model.Output("y", DType::kF32, {2, 3});
  const Converted made = ConvertModel(model);
  ASSERT_EQ(made.report.state(), "succeeded");
  const ir::Module written = ReadBack(made);
  EXPECT_EQ(written.metadata.at("smelt.converter_version"), ConverterVersion());
  EXPECT_EQ(written.metadata.at("smelt.source_sha256"), Digest::Of(model.Bytes()).Hex());
  EXPECT_EQ(ConvertModel(model).sink.artifact, made.sink.artifact);
}

// The model of WithSwirl without its last node, on two samples.
ConvertRequest CalibratedRequest(const std::string& npy) {
  ConvertRequest request;
  request.calibration.emplace();
  request.calibration->files.push_back({"x.npy", "", calibrate::testing::Bytes(npy), ""});
  request.to = {"c"};
  return request;
}

TEST(Calibration, IsInTheReport) {
  std::vector<float> values(64, 0.5F);
  values.front() = -3;
  values.back() = 7;
  ConvertRequest request = CalibratedRequest(calibrate::testing::Npy("<f4", "2, 2, 4, 4", values));
  request.calibration->method = "average";
  const Converted made = ConvertModel(WithSwirl(), request);
  ASSERT_EQ(made.report.state(), "succeeded") << made.report.message();
  const v1::Calibration& calibration = made.report.calibration();
  EXPECT_EQ(calibration.inputs(), "data");
  EXPECT_EQ(calibration.method(), "average");
  EXPECT_EQ(calibration.samples(), 2u);
  EXPECT_GE(calibration.tensors(), 2u);
  ASSERT_EQ(calibration.input_ranges_size(), 1);
  EXPECT_EQ(calibration.input_ranges(0).name(), "x");
  EXPECT_LT(calibration.input_ranges(0).min(), -2.5);
  EXPECT_FALSE(ConvertModel(WithSwirl(), {}).report.has_calibration());
  // The file is that of the same request without it.
  request.calibration.reset();
  EXPECT_EQ(ConvertModel(WithSwirl(), request).sink.artifact, made.sink.artifact);
}

TEST(Calibration, DataThatDoNotFitFailTheJob) {
  const ConvertRequest request =
      CalibratedRequest(calibrate::testing::Npy("<f4", "2, 2, 4, 2", std::vector<float>(32, 1)));
  const Converted made = ConvertModel(WithSwirl(), request);
  EXPECT_TRUE(made.status.ok()) << made.status.ToString();
  EXPECT_EQ(made.report.state(), "failed");
  EXPECT_EQ(made.report.reason_code(), "calibration_data_invalid");
  EXPECT_THAT(made.report.message(), HasSubstr("f32[2,2,4,2]"));
}

TEST(Calibration, FollowsTheInputsLayout) {
  std::vector<float> values(32, 1);
  const std::string last = calibrate::testing::Npy("<f4", "1, 4, 4, 2", values);
  ConvertRequest request = CalibratedRequest(last);
  EXPECT_EQ(ConvertModel(WithSwirl(), request).report.state(), "failed");
  request.calibration->channels_last_data["x"] = true;
  EXPECT_EQ(ConvertModel(WithSwirl(), request).report.state(), "succeeded");
  request.channels_last_inputs = {"x"};
  EXPECT_EQ(ConvertModel(WithSwirl(), request).report.state(), "succeeded");
  request.calibration->channels_last_data.clear();
  EXPECT_EQ(ConvertModel(WithSwirl(), request).report.state(), "succeeded");
  request.calibration->channels_last_data["x"] = false;
  EXPECT_EQ(ConvertModel(WithSwirl(), request).report.state(), "failed");
}

}  // namespace
}  // namespace smelt
