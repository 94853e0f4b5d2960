#include "client/cmd/convert_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "client/cmd/option_values.h"

namespace smelt::client {
namespace {

Result<v1::VerifyMode> ParseVerify(const std::string& text) {
  if (text == "structure") return v1::VERIFY_STRUCTURE;
  if (text == "run") return v1::VERIFY_RUN;
  return Status(Reason::kUsage, "--verify is '" + text + "'; it must be structure or run");
}

// Several values after one another, by commas or by repetition.
void AddListOption(CLI::App& app, const char* name, std::vector<std::string>& values,
                   const char* help, const char* type) {
  app.add_option(name, values, help)
      ->type_name(type)
      ->delimiter(',')
      ->take_all()
      ->allow_extra_args(false);
}

Status AddExtraReports(const SubmitOptions& options, v1::ConvertOptions& wire) {
  static constexpr std::pair<std::string_view, v1::ExtraReport> kKnown[] = {
      {"coverage", v1::OP_COVERAGE},
      {"tensors", v1::TENSOR_CORRESPONDENCE},
      {"accuracy", v1::ACCURACY}};
  for (const std::string& name : options.extra_reports) {
    const auto* known =
        std::ranges::find(kKnown, name, &std::pair<std::string_view, v1::ExtraReport>::first);
    if (known == std::end(kKnown)) {
      return Status(Reason::kUsage,
                    "--extra-report is '" + name + "'; it must be coverage, tensors or accuracy");
    }
    wire.add_extra_reports(known->second);
  }
  wire.set_fail_on_accuracy(options.fail_on_accuracy);
  if (options.reproducer) wire.add_extra_reports(v1::REPRODUCER);
  return Status::Ok();
}

Status AddDumps(const SubmitOptions& options, v1::ConvertOptions& wire) {
  constexpr std::string_view kAfter = "after:";
  for (const std::string& text : options.dumps) {
    const bool after = text.starts_with(kAfter) && text.size() > kAfter.size();
    if (!after && text != "all") {
      return Status(Reason::kUsage, "--dump is '" + text + "'; it must be after:PASS or all",
                    "The report lists the passes; 'import' is before the first one.");
    }
    wire.add_dump_after(after ? text.substr(kAfter.size()) : text);
  }
  return Status::Ok();
}

Status AddSignatures(const SubmitOptions& options, v1::ConvertOptions& wire) {
  std::set<std::string> keys;
  for (const std::string& text : options.signatures) {
    v1::Signature* signature = wire.add_signatures();
    SMELT_RETURN_IF_ERROR(ParseSignature(text, signature));
    if (!keys.insert(signature->key()).second) {
      return Status(Reason::kUsage, "--signature gives '" + signature->key() + "' twice");
    }
  }
  return Status::Ok();
}

constexpr std::pair<std::string_view, v1::Composite> kComposites[] = {
    {"all", v1::COMPOSITE_ALL},
    {"odml.rms_norm", v1::COMPOSITE_RMS_NORM},
    {"odml.group_norm", v1::COMPOSITE_GROUP_NORM},
    {"odml.scaled_dot_product_attention", v1::COMPOSITE_ATTENTION},
};

Status AddComposites(const SubmitOptions& options, v1::ConvertOptions& wire) {
  for (const std::string& name : options.composites) {
    if (name == "none" && options.composites.size() == 1) continue;
    const auto* known =
        std::ranges::find(kComposites, name, &std::pair<std::string_view, v1::Composite>::first);
    if (known == std::end(kComposites)) {
      std::string allowed = "none alone";
      for (const auto& [one, number] : kComposites) allowed += ", " + std::string(one);
      return Status(Reason::kUsage, "--composites is '" + name + "'; it must be " + allowed);
    }
    wire.add_composites(known->second);
  }
  return Status::Ok();
}

Status AddPolicies(const SubmitOptions& options, v1::ConvertOptions& wire) {
  for (const std::string& name : options.custom_ops) {
    if (name == "all") {
      wire.mutable_custom_operators()->set_all(true);
    } else {
      wire.mutable_custom_operators()->add_names(name);
    }
  }
  if (options.compute_type != "source" && options.compute_type != "f32") {
    return Status(Reason::kUsage,
                  "--compute-type is '" + options.compute_type + "'; it must be source or f32");
  }
  wire.set_compute(options.compute_type == "f32" ? v1::COMPUTE_FLOAT32 : v1::COMPUTE_SOURCE);
  SMELT_RETURN_IF_ERROR(AddComposites(options, wire));
  wire.set_min_runtime(options.min_runtime);
  for (const std::string& name : options.from) wire.add_from_tensors(name);
  for (const std::string& name : options.to) wire.add_to_tensors(name);
  return Status::Ok();
}

Result<v1::Precision> PrecisionOf(const SubmitOptions& options) {
  static constexpr std::pair<std::string_view, v1::Precision> kKnown[] = {
      {"float32", v1::PRECISION_SOURCE},
      {"float16", v1::PRECISION_FLOAT16},
      {"dynamic_range", v1::PRECISION_DYNAMIC_RANGE},
      {"int8", v1::PRECISION_INT8},
      {"int16x8", v1::PRECISION_INT16X8}};
  std::string_view name = options.precision;
  if (name.empty()) name = options.float16 ? "float16" : "float32";
  const auto* known =
      std::ranges::find(kKnown, name, &std::pair<std::string_view, v1::Precision>::first);
  if (known == std::end(kKnown)) {
    return Status(Reason::kUsage,
                  "--precision is '" + std::string(name) +
                      "'; it must be float32, float16, dynamic_range, int8 or int16x8");
  }
  if (options.float16 && known->second != v1::PRECISION_FLOAT16) {
    return Status(Reason::kUsage,
                  "--float16 and --precision " + std::string(name) + " exclude each other");
  }
  return known->second;
}

// --io-type names a type, and says nothing that --precision contradicts.
Status AddPortType(const SubmitOptions& options, v1::Precision precision,
                   v1::ConvertOptions& wire) {
  const std::string& type = options.io_type;
  if (type.empty() || type == "float32") return Status::Ok();
  const std::string_view activations = precision == v1::PRECISION_INT8      ? "int8"
                                       : precision == v1::PRECISION_INT16X8 ? "int16"
                                                                            : "";
  if (!activations.empty() && type == activations) {
    wire.mutable_activation_quantization()->set_ports(v1::PORT_ACTIVATIONS);
    return Status::Ok();
  }
  if (type == "uint8" && precision == v1::PRECISION_INT8) {
    wire.mutable_activation_quantization()->set_ports(v1::PORT_UINT8);
    return Status::Ok();
  }
  return Status(Reason::kUsage, "--io-type is '" + type +
                                    "'; it must be float32, with --precision int8 also int8 or "
                                    "uint8, with --precision int16x8 also int16");
}

Status AddPrecision(const SubmitOptions& options, v1::ConvertOptions& wire) {
  SMELT_ASSIGN_OR_RETURN(const v1::Precision precision, PrecisionOf(options));
  wire.set_precision(precision);
  const bool weights = precision == v1::PRECISION_DYNAMIC_RANGE;
  const bool activations = precision == v1::PRECISION_INT8 || precision == v1::PRECISION_INT16X8;
  if (!weights && options.quantize_min_elements != 0) {
    return Status(Reason::kUsage, "--quantize-min-elements needs --precision dynamic_range");
  }
  if (!weights && !activations && options.per_tensor) {
    return Status(Reason::kUsage, "--per-tensor needs --precision dynamic_range, int8 or int16x8");
  }
  if (options.quantize_min_elements != 0) {
    wire.mutable_weight_quantization()->set_fewest_elements(options.quantize_min_elements);
  }
  if (options.per_tensor && weights) wire.mutable_weight_quantization()->set_per_tensor(true);
  if (options.per_tensor && activations) {
    wire.mutable_activation_quantization()->set_per_tensor(true);
  }
  if (options.strict_integer && !activations) {
    return Status(Reason::kUsage, "--strict-integer needs --precision int8 or int16x8");
  }
  if (options.strict_integer) wire.mutable_activation_quantization()->set_strict(true);
  return AddPortType(options, precision, wire);
}

}  // namespace

void AddSubmitOptions(CLI::App& app, SubmitOptions& options) {
  app.add_option("MODEL", options.model, "An ONNX file, or - to read standard input")->required();
  app.add_option("--dim", options.dims, "Give the symbolic dimension NAME a size (repeatable)")
      ->type_name("NAME=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--input-shape", options.input_shapes,
                 "Give the symbolic axes of an input sizes; ? leaves one as it is (repeatable)")
      ->type_name("NAME=1x3x224x224")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--batch", options.batch, "Size of the first axis of all inputs, if symbolic")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 31).description(""));
  app.add_option("--input-layout", options.input_layouts,
                 "Feed an input with its channels last: NHWC instead of NCHW (repeatable)")
      ->type_name("NAME=nhwc|source")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--output-layout", options.output_layouts,
                 "Read an output with its channels last (repeatable)")
      ->type_name("NAME=nhwc|source")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--precision", options.precision,
                 "Store float32 weights as float16, or as int8 for kernels that round the other "
                 "operand as they run (dynamic_range), or compute in integers of int8 or int16")
      ->type_name("float32|float16|dynamic_range|int8|int16x8");
  app.add_option("--io-type", options.io_type,
                 "Type of float32 inputs and outputs where activations are integers")
      ->type_name("float32|int8|uint8|int16");
  app.add_flag("--strict-integer", options.strict_integer,
               "Refuse a model of which an operator would stay float32, and name all of them");
  app.add_flag("--float16", options.float16, "The same as --precision float16");
  app.add_option("--quantize-min-elements", options.quantize_min_elements,
                 "Keep smaller weights float32 (1024, of convolutions 8192)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40).description(""));
  app.add_flag("--per-tensor", options.per_tensor, "One scale for each weight, not each channel");
  app.add_option("--target", options.target, "Runtime profile; see 'smelt server info'")
      ->type_name("NAME");
  app.add_option("--verify", options.verify,
                 "structure: re-read the artifact; run: and execute both sides (default)")
      ->type_name("structure|run");
  app.add_option("--disable-pass", options.disabled_passes,
                 "Leave out a pass or a preprocess rule, by its name (repeatable)")
      ->type_name("NAME")
      ->take_all()
      ->allow_extra_args(false);
  app.add_flag("--check-ir", options.check_ir, "Verify the graph after every pass");
  AddListOption(app, "--extra-report", options.extra_reports,
                "Write a report beside the artifact, also of a refused model (repeatable)",
                "coverage|tensors|accuracy");
  app.add_flag("--fail-on-accuracy", options.fail_on_accuracy,
               "Fail when an output on seeded inputs is further from the source's than its "
               "precision allows");
  app.add_flag("--reproducer", options.reproducer,
               "Of a refused model, write the refused nodes alone as a small ONNX file");
  AddListOption(app, "--custom-ops", options.custom_ops,
                "Carry these operators as CUSTOM ones where nothing translates them; your runtime "
                "must register them",
                "NAME,...|all");
  app.add_option("--min-runtime", options.min_runtime,
                 "Oldest runtime release that must run the artifact, such as 2.4")
      ->type_name("VERSION");
  AddListOption(app, "--from", options.from, "Convert only what lies behind these tensors",
                "NAME,...");
  AddListOption(app, "--to", options.to, "Convert only what these tensors need", "NAME,...");
  app.add_option(
         "--signature", options.signatures,
         "Make an entry point, with its own sizes or its own part of the model (repeatable)")
      ->type_name("KEY[:DIM=SIZE|from=TENSOR|to=TENSOR,...]")
      ->take_all()
      ->allow_extra_args(false);
  AddListOption(app, "--dump", options.dumps,
                "Write the graph as text, as it is after a pass or after all (repeatable)",
                "after:PASS|all");
  app.add_option("--compute-type", options.compute_type,
                 "f32: compute double, float16 and bfloat16 tensors in float32")
      ->type_name("source|f32");
  AddListOption(app, "--composites", options.composites,
                "Keep these as one operator that delegates know by name, the definition beside it; "
                "layer norms are odml.group_norm (repeatable)",
                "odml.rms_norm|odml.group_norm|odml.scaled_dot_product_attention|all|none");
  AddCalibrationOptions(app, options.calibration);
  AddSplitOptions(app, options.split);
  app.add_option("--request-id", options.request_id,
                 "Makes a repeated command return the same job (at most 128 bytes)")
      ->type_name("ID");
}

Result<v1::ConvertOptions> ToConvertOptions(const SubmitOptions& options) {
  v1::ConvertOptions wire;
  wire.set_target(options.target);
  for (const std::string& dim : options.dims) {
    std::string name;
    std::int64_t value = 0;
    SMELT_RETURN_IF_ERROR(ParseDim(dim, &name, &value));
    if (!wire.mutable_dims()->insert({name, value}).second) {
      return Status(Reason::kUsage, "--dim gives '" + name + "' twice");
    }
  }
  for (const std::string& text : options.input_shapes) {
    std::string name;
    v1::TensorSizes sizes;
    SMELT_RETURN_IF_ERROR(ParseShape(text, &name, &sizes));
    if (!wire.mutable_input_shapes()->insert({name, sizes}).second) {
      return Status(Reason::kUsage, "--input-shape gives '" + name + "' twice");
    }
  }
  wire.set_batch(options.batch);
  SMELT_RETURN_IF_ERROR(
      ParseLayouts(options.input_layouts, "--input-layout", wire.mutable_input_layouts()));
  SMELT_RETURN_IF_ERROR(
      ParseLayouts(options.output_layouts, "--output-layout", wire.mutable_output_layouts()));
  SMELT_RETURN_IF_ERROR(AddPrecision(options, wire));
  SMELT_ASSIGN_OR_RETURN(const v1::VerifyMode verify, ParseVerify(options.verify));
  wire.set_verify(verify);
  for (const std::string& pass : options.disabled_passes) wire.add_disabled_passes(pass);
  wire.set_check_ir(options.check_ir);
  SMELT_RETURN_IF_ERROR(AddExtraReports(options, wire));
  SMELT_RETURN_IF_ERROR(AddDumps(options, wire));
  SMELT_RETURN_IF_ERROR(AddPolicies(options, wire));
  SMELT_RETURN_IF_ERROR(AddSignatures(options, wire));
  SMELT_RETURN_IF_ERROR(AddCalibration(options.calibration, wire));
  SMELT_RETURN_IF_ERROR(AddSplit(options.split, wire));
  return wire;
}

}  // namespace smelt::client
