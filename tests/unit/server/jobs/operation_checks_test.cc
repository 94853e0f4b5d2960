#include "server/jobs/operation_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

namespace smelt::jobs {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using Change = std::function<void(v1::ConvertOptions&)>;

std::string Refusal(const Change& change) {
  v1::ConvertOptions options;
  change(options);
  const Status status = CheckOptions(options);
  EXPECT_EQ(status.reason(), Reason::kInvalidArgument);
  return std::string(status.message());
}

TEST(CheckOptions, TakesEveryNamedValue) {
  v1::ConvertOptions options;
  EXPECT_TRUE(CheckOptions(options).ok());
  options.set_target("litert");
  options.set_verify(v1::VERIFY_RUN);
  options.set_precision(v1::PRECISION_DYNAMIC_RANGE);
  options.mutable_weight_quantization()->set_per_tensor(true);
  options.set_compute(v1::COMPUTE_FLOAT32);
  options.add_extra_reports(v1::REPRODUCER);
  (*options.mutable_dims())["N"] = 0;
  (*options.mutable_input_shapes())["x"].add_sizes(-1);
  (*options.mutable_input_layouts())["x"] = v1::LAYOUT_CHANNELS_LAST;
  (*options.mutable_output_layouts())["y"] = v1::LAYOUT_SOURCE;
  options.mutable_custom_operators()->add_names("Op");
  EXPECT_TRUE(CheckOptions(options).ok()) << CheckOptions(options).ToString();
}

TEST(CheckOptions, RefusesUnknownEnumValuesWithFieldValueAndWhatIsAllowed) {
  EXPECT_THAT(Refusal([](auto& o) { o.set_precision(static_cast<v1::Precision>(9)); }),
              AllOf(HasSubstr("options.precision is 9"), HasSubstr("PRECISION_FLOAT16 (1)")));
  EXPECT_THAT(Refusal([](auto& o) { o.set_verify(static_cast<v1::VerifyMode>(9)); }),
              HasSubstr("options.verify is 9"));
  EXPECT_THAT(Refusal([](auto& o) { o.set_compute(static_cast<v1::ComputeType>(-1)); }),
              HasSubstr("options.compute is -1"));
  EXPECT_THAT(
      Refusal([](auto& o) { (*o.mutable_input_layouts())["x"] = static_cast<v1::Layout>(7); }),
      AllOf(HasSubstr("options.input_layouts[\"x\"] is 7"), HasSubstr("LAYOUT_SOURCE (0)")));
  EXPECT_THAT(
      Refusal([](auto& o) { (*o.mutable_output_layouts())["y"] = static_cast<v1::Layout>(7); }),
      HasSubstr("options.output_layouts[\"y\"] is 7"));
  EXPECT_THAT(Refusal([](auto& o) { o.add_extra_reports(static_cast<v1::ExtraReport>(9)); }),
              HasSubstr("options.extra_reports is 9"));
  EXPECT_THAT(Refusal([](auto& o) { o.add_extra_reports(v1::EXTRA_REPORT_UNSPECIFIED); }),
              HasSubstr("it must be OP_COVERAGE (1)"));
  EXPECT_THAT(Refusal([](auto& o) { o.add_composites(static_cast<v1::Composite>(9)); }),
              AllOf(HasSubstr("options.composites is 9"), HasSubstr("COMPOSITE_RMS_NORM (2)")));
}

TEST(CheckOptions, WeightsAreQuantizedOnlyInAPrecisionThatDoes) {
  EXPECT_THAT(Refusal([](auto& o) { o.mutable_weight_quantization()->set_fewest_elements(1); }),
              HasSubstr("PRECISION_DYNAMIC_RANGE (2)"));
  EXPECT_THAT(Refusal([](auto& o) {
                o.set_precision(v1::PRECISION_DYNAMIC_RANGE);
                o.mutable_weight_quantization()->set_fewest_elements(-1);
              }),
              HasSubstr("options.weight_quantization.fewest_elements is -1"));
}

TEST(CheckOptions, ActivationsAreQuantizedOnlyInAPrecisionThatDoes) {
  EXPECT_THAT(Refusal([](auto& o) { o.mutable_activation_quantization()->set_strict(true); }),
              HasSubstr("PRECISION_INT8 (3) or PRECISION_INT16X8 (4)"));
  EXPECT_THAT(Refusal([](auto& o) {
                o.set_precision(v1::PRECISION_INT16X8);
                o.mutable_activation_quantization()->set_ports(v1::PORT_UINT8);
              }),
              HasSubstr("options.activation_quantization.ports is PORT_UINT8 (2)"));
  v1::ConvertOptions options;
  options.set_precision(v1::PRECISION_INT8);
  options.mutable_activation_quantization()->set_ports(v1::PORT_UINT8);
  EXPECT_TRUE(CheckOptions(options).ok()) << CheckOptions(options).ToString();
}

TEST(CheckOptions, BoundsListsMapsAndStrings) {
  const std::string longest(1024, 'n');
  const std::string longer(1025, 'n');
  EXPECT_THAT(Refusal([&](auto& o) { o.set_target(longer); }),
              AllOf(HasSubstr("options.target"), HasSubstr("1025"), HasSubstr("1024")));
  EXPECT_THAT(Refusal([&](auto& o) { o.set_min_runtime(longer); }),
              HasSubstr("options.min_runtime"));
  EXPECT_THAT(Refusal([&](auto& o) { (*o.mutable_dims())[longer] = 1; }),
              HasSubstr("options.dims holds a text of 1025 bytes"));
  EXPECT_THAT(Refusal([&](auto& o) { (*o.mutable_dims())[""] = 1; }),
              HasSubstr("options.dims holds an empty name"));
  EXPECT_THAT(Refusal([&](auto& o) { o.add_disabled_passes(longer); }),
              HasSubstr("options.disabled_passes"));
  EXPECT_THAT(Refusal([&](auto& o) { o.add_to_tensors(""); }), HasSubstr("options.to_tensors"));
  const auto many = [](auto add) {
    return [add](v1::ConvertOptions& options) {
      for (int i = 0; i < 1025; ++i) add(options, std::to_string(i));
    };
  };
  EXPECT_THAT(Refusal(many([](auto& o, const auto& name) { (*o.mutable_dims())[name] = 1; })),
              HasSubstr("options.dims has 1025 entries; at most 1024"));
  EXPECT_THAT(Refusal(many([](auto& o, const auto& name) { (*o.mutable_input_shapes())[name]; })),
              HasSubstr("options.input_shapes has 1025"));
  EXPECT_THAT(
      Refusal(many([](auto& o, const auto&) { (*o.mutable_input_shapes())["x"].add_sizes(1); })),
      HasSubstr("options.input_shapes[\"x\"].sizes has 1025"));
  EXPECT_THAT(Refusal(many([](auto& o, const auto& name) {
                (*o.mutable_output_layouts())[name] = v1::LAYOUT_SOURCE;
              })),
              HasSubstr("options.output_layouts has 1025"));
  EXPECT_THAT(Refusal(many([](auto& o, const auto& name) { o.add_disabled_passes(name); })),
              HasSubstr("options.disabled_passes has 1025"));
  EXPECT_THAT(Refusal(many([](auto& o, const auto& name) {
                o.mutable_custom_operators()->add_names(name);
              })),
              HasSubstr("options.custom_operators.names has 1025"));
  EXPECT_THAT(Refusal([](auto& o) {
                for (int i = 0; i < 65; ++i) o.add_dump_after("all");
              }),
              HasSubstr("options.dump_after has 65 entries; at most 64"));
  v1::ConvertOptions options;
  options.add_from_tensors(longest);
  EXPECT_TRUE(CheckOptions(options).ok());
}

TEST(CheckOptions, RefusesSignaturesThatNoRuntimeCouldTellApart) {
  EXPECT_THAT(Refusal([](auto& o) { o.add_signatures(); }),
              HasSubstr("options.signatures.key is \"\"; it must be 1 to 64 of [A-Za-z0-9_.-]"));
  EXPECT_THAT(Refusal([](auto& o) { o.add_signatures()->set_key("a b"); }),
              HasSubstr("is \"a b\""));
  EXPECT_THAT(Refusal([](auto& o) { o.add_signatures()->set_key(std::string(65, 'k')); }),
              HasSubstr("options.signatures.key"));
  EXPECT_THAT(Refusal([](auto& o) {
                for (int i = 0; i < 2; ++i) o.add_signatures()->set_key("decode");
              }),
              HasSubstr("\"decode\" twice; keys must differ"));
  EXPECT_THAT(Refusal([](auto& o) {
                v1::Signature* signature = o.add_signatures();
                signature->set_key("decode");
                (*signature->mutable_dims())["N"] = -1;
              }),
              HasSubstr("options.signatures.dims[\"N\"] is -1"));
  EXPECT_THAT(Refusal([](auto& o) {
                for (int i = 0; i < 65; ++i) o.add_signatures()->set_key(std::to_string(i));
              }),
              HasSubstr("options.signatures has 65 entries; at most 64"));
}

TEST(CheckOptions, RefusesNumbersOutOfRange) {
  EXPECT_THAT(Refusal([](auto& o) { (*o.mutable_dims())["N"] = -1; }),
              HasSubstr("options.dims[\"N\"] is -1; it must be at least 0"));
  EXPECT_THAT(Refusal([](auto& o) { (*o.mutable_input_shapes())["x"].add_sizes(-2); }),
              HasSubstr("options.input_shapes[\"x\"] is -2"));
  EXPECT_THAT(Refusal([](auto& o) { o.set_batch(-1); }), HasSubstr("options.batch is -1"));
}

TEST(CheckOperation, BoundsTheWhole) {
  v1::ConvertOperation operation;
  operation.mutable_input()->mutable_model();
  const std::string folder(1000, 'p');
  for (int i = 0; i < 4096; ++i) {
    (*operation.mutable_input()->mutable_external_files())[folder + std::to_string(i)];
  }
  const Status status = CheckOperation(operation);
  EXPECT_EQ(status.reason(), Reason::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("at most 2097152"));
  (*operation.mutable_input()->mutable_external_files())["one more"];
  EXPECT_THAT(std::string(CheckOperation(operation).message()), HasSubstr("at most 4096 files"));
}

TEST(CheckOperation, LooksAtTheInputOfAnInspection) {
  v1::InspectOperation operation;
  EXPECT_THAT(std::string(CheckOperation(operation).message()), HasSubstr("input.model"));
  operation.mutable_input()->mutable_model();
  EXPECT_TRUE(CheckOperation(operation).ok());
  operation.mutable_input()->set_file_name("a/b.tflite");
  EXPECT_EQ(CheckOperation(operation).reason(), Reason::kInvalidArgument);
}

TEST(CheckOptions, BoundsTheLimitsOfParts) {
  v1::ConvertOptions options;
  options.mutable_split()->set_max_bytes(2'146'435'072);
  options.mutable_split()->set_target_bytes(1);
  options.mutable_split()->set_parts(1024);
  options.mutable_split()->set_base_name("name");
  EXPECT_TRUE(CheckOptions(options).ok()) << CheckOptions(options).ToString();
  const auto refusal = [](const std::function<void(v1::SplitOptions&)>& change) {
    return Refusal([&](auto& o) { change(*o.mutable_split()); });
  };
  EXPECT_THAT(
      refusal([](auto& s) { s.set_max_bytes(2'146'435'073); }),
      AllOf(HasSubstr("options.split.max_bytes is 2146435073"), HasSubstr("at most 2146435072")));
  EXPECT_THAT(refusal([](auto& s) { s.set_target_bytes(1'073'741'825); }),
              HasSubstr("options.split.target_bytes is 1073741825"));
  EXPECT_THAT(refusal([](auto& s) {
                s.set_max_bytes(10);
                s.set_target_bytes(11);
              }),
              HasSubstr("at most 10"));
  EXPECT_THAT(refusal([](auto& s) { s.set_parts(1025); }),
              HasSubstr("options.split.parts is 1025"));
  EXPECT_THAT(refusal([](auto& s) { s.add_at_tensors(""); }),
              HasSubstr("options.split.at_tensors holds an empty name"));
  EXPECT_THAT(refusal([](auto& s) {
                s.set_parts(2);
                s.add_at_tensors("x");
              }),
              HasSubstr("one of them"));
  EXPECT_THAT(refusal([](auto& s) { s.set_base_name("a/b"); }), HasSubstr("base_name"));
  EXPECT_THAT(Refusal([](auto& o) {
                o.mutable_split()->set_parts(2);
                o.add_signatures()->set_key("a");
                o.add_signatures()->set_key("b");
              }),
              HasSubstr("several signatures"));
}

TEST(CheckOperation, CalibrationNeedsFilesAndOptions) {
  v1::ConvertOperation operation;
  operation.mutable_input()->mutable_model();
  EXPECT_TRUE(CheckOperation(operation).ok());
  operation.mutable_options()->mutable_calibration();
  EXPECT_THAT(CheckOperation(operation).ToString(), HasSubstr("without calibration_files"));
  operation.add_calibration_files();
  EXPECT_THAT(CheckOperation(operation).ToString(), HasSubstr("blob is not set"));
  operation.mutable_calibration_files(0)->mutable_blob();
  EXPECT_TRUE(CheckOperation(operation).ok()) << CheckOperation(operation).ToString();
  operation.mutable_calibration_files(0)->set_raw_type(std::string(17, 'f'));
  EXPECT_EQ(CheckOperation(operation).reason(), Reason::kInvalidArgument);
  operation.mutable_calibration_files(0)->clear_raw_type();
  operation.mutable_options()->clear_calibration();
  EXPECT_THAT(CheckOperation(operation).ToString(), HasSubstr("without options.calibration"));
}

TEST(CheckOperation, CalibrationFilesCountAsFilesOfTheBundle) {
  v1::ConvertOperation operation;
  operation.mutable_input()->mutable_model();
  operation.mutable_options()->mutable_calibration();
  (*operation.mutable_input()->mutable_external_files())["w"];
  for (std::size_t i = 0; i + 1 < kMaxExternalFiles; ++i) {
    operation.add_calibration_files()->mutable_blob();
  }
  EXPECT_TRUE(CheckOperation(operation).ok()) << CheckOperation(operation).ToString();
  operation.add_calibration_files()->mutable_blob();
  EXPECT_THAT(CheckOperation(operation).ToString(), HasSubstr("4097"));
}

TEST(CheckOptions, PercentilesAreAboveTheMedian) {
  v1::ConvertOptions options;
  for (const double good : {0.0, 50.5, 100.0}) {
    options.mutable_calibration()->set_percentile(good);
    EXPECT_TRUE(CheckOptions(options).ok()) << good;
  }
  for (const double bad : {-1.0, 50.0, 100.1, std::nan("")}) {
    EXPECT_THAT(Refusal([&](auto& o) { o.mutable_calibration()->set_percentile(bad); }),
                HasSubstr("options.calibration.percentile"));
  }
  EXPECT_THAT(Refusal([](auto& o) {
                o.mutable_calibration()->set_method(static_cast<v1::CalibrationMethod>(9));
              }),
              HasSubstr("options.calibration.method is 9"));
}

}  // namespace
}  // namespace smelt::jobs
