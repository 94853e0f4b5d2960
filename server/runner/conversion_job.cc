#include "server/runner/conversion_job.h"

#include "server/jobs/operation_checks.h"
#include "server/runner/descriptors.h"
#include "server/runner/mapped_input.h"

namespace smelt::runner {
namespace {

const char* CompositeName(int composite) {
  switch (composite) {
    case v1::COMPOSITE_RMS_NORM:
      return "odml.rms_norm";
    case v1::COMPOSITE_GROUP_NORM:
      return "odml.group_norm";
    case v1::COMPOSITE_ATTENTION:
      return "odml.scaled_dot_product_attention";
    default:
      return "all";
  }
}

Precision PrecisionOf(v1::Precision precision) {
  if (precision == v1::PRECISION_FLOAT16) return Precision::kFloat16;
  if (precision == v1::PRECISION_DYNAMIC_RANGE) return Precision::kDynamicRange;
  if (precision == v1::PRECISION_INT8) return Precision::kInt8;
  if (precision == v1::PRECISION_INT16X8) return Precision::kInt16x8;
  return Precision::kSource;
}

PortType PortsOf(v1::PortType type) {
  if (type == v1::PORT_ACTIVATIONS) return PortType::kActivations;
  return type == v1::PORT_UINT8 ? PortType::kUint8 : PortType::kFloat32;
}

const char* MethodName(v1::CalibrationMethod method) {
  switch (method) {
    case v1::CALIBRATION_AVERAGE:
      return "average";
    case v1::CALIBRATION_PERCENTILE:
      return "percentile";
    case v1::CALIBRATION_MSE:
      return "mse";
    case v1::CALIBRATION_KL:
      return "kl";
    default:
      return "minmax";
  }
}

Result<CalibrationRequest> MakeCalibration(const worker::v1::Start& start,
                                           const std::vector<UniqueFd>& descriptors) {
  const v1::CalibrationOptions& options = start.convert().calibration();
  CalibrationRequest request;
  request.method = MethodName(options.method());
  request.percentile = options.percentile();
  request.most_samples = options.most_samples();
  for (const auto& [input, layout] : options.data_layouts()) {
    request.channels_last_data[input] = layout == v1::LAYOUT_CHANNELS_LAST;
  }
  for (const worker::v1::CalibrationFile& file : start.calibration_files()) {
    SMELT_ASSIGN_OR_RETURN(const int fd, DescriptorAt(descriptors, file.fd_index()));
    SMELT_ASSIGN_OR_RETURN(const SharedBytes bytes, MapReadOnly(fd));
    request.files.push_back({file.name(), file.input(), bytes, file.raw_type()});
  }
  return request;
}

Result<ConvertRequest> MakeRequest(const worker::v1::Start& start,
                                   const std::vector<UniqueFd>& descriptors) {
  ConvertRequest request;
  SMELT_ASSIGN_OR_RETURN(const int model_fd, DescriptorAt(descriptors, start.model_fd_index()));
  SMELT_ASSIGN_OR_RETURN(request.model, MapReadOnly(model_fd));
  for (const auto& [path, index] : start.external_fd_index()) {
    SMELT_ASSIGN_OR_RETURN(const int fd, DescriptorAt(descriptors, index));
    SMELT_ASSIGN_OR_RETURN(request.external_files[path], MapReadOnly(fd));
  }
  const v1::ConvertOptions& options = start.convert();
  // Below, each enum has the values that it has a name for.
  SMELT_RETURN_IF_ERROR(jobs::CheckOptions(options));
  if (!start.file_name().empty()) request.file_name = start.file_name();
  if (!options.target().empty()) request.target = options.target();
  request.dims.insert(options.dims().begin(), options.dims().end());
  for (const auto& [name, shape] : options.input_shapes()) {
    request.input_shapes[name].assign(shape.sizes().begin(), shape.sizes().end());
  }
  request.batch = options.batch();
  for (const auto& [name, layout] : options.input_layouts()) {
    if (layout == v1::LAYOUT_CHANNELS_LAST) request.channels_last_inputs.insert(name);
  }
  for (const auto& [name, layout] : options.output_layouts()) {
    if (layout == v1::LAYOUT_CHANNELS_LAST) request.channels_last_outputs.insert(name);
  }
  request.precision = PrecisionOf(options.precision());
  request.fewest_weight_elements = options.weight_quantization().fewest_elements();
  const v1::ActivationQuantization& activations = options.activation_quantization();
  request.one_scale_a_weight =
      options.weight_quantization().per_tensor() || activations.per_tensor();
  request.ports = PortsOf(activations.ports());
  request.strict_integer = activations.strict();
  request.verify = options.verify() == v1::VERIFY_STRUCTURE ? Verify::kStructure : Verify::kRun;
  request.disabled_passes.assign(options.disabled_passes().begin(),
                                 options.disabled_passes().end());
  request.check_ir = options.check_ir();
  request.dump_after.insert(options.dump_after().begin(), options.dump_after().end());
  for (const int report : options.extra_reports()) {
    if (report == v1::OP_COVERAGE) request.extra_reports.insert(ExtraReport::kOpCoverage);
    if (report == v1::TENSOR_CORRESPONDENCE) {
      request.extra_reports.insert(ExtraReport::kTensorCorrespondence);
    }
    if (report == v1::REPRODUCER) request.extra_reports.insert(ExtraReport::kReproducer);
    if (report == v1::ACCURACY) request.extra_reports.insert(ExtraReport::kAccuracy);
  }
  request.custom_operators.all = options.custom_operators().all();
  request.custom_operators.names.assign(options.custom_operators().names().begin(),
                                        options.custom_operators().names().end());
  request.min_runtime = options.min_runtime();
  request.from.assign(options.from_tensors().begin(), options.from_tensors().end());
  request.to.assign(options.to_tensors().begin(), options.to_tensors().end());
  for (const v1::Signature& signature : options.signatures()) {
    SignatureRequest& asked = request.signatures.emplace_back();
    asked.key = signature.key();
    asked.dims.insert(signature.dims().begin(), signature.dims().end());
    asked.from.assign(signature.from_tensors().begin(), signature.from_tensors().end());
    asked.to.assign(signature.to_tensors().begin(), signature.to_tensors().end());
  }
  request.compute_float32 = options.compute() == v1::COMPUTE_FLOAT32;
  for (const int composite : options.composites()) {
    request.composites.emplace_back(CompositeName(composite));
  }
  request.fail_on_accuracy = options.fail_on_accuracy();
  request.model_sha256 = start.model_sha256();
  if (options.has_calibration()) {
    SMELT_ASSIGN_OR_RETURN(request.calibration, MakeCalibration(start, descriptors));
  }
  if (options.has_split()) {
    SplitRequest& split = request.split.emplace();
    split.max_bytes = options.split().max_bytes();
    split.target_bytes = options.split().target_bytes();
    split.parts = options.split().parts();
    split.base_name = options.split().base_name();
    split.at_tensors.assign(options.split().at_tensors().begin(),
                            options.split().at_tensors().end());
  }
  return request;
}

}  // namespace

Status RunConversion(const Library& library, const worker::v1::Start& start,
                     const std::vector<UniqueFd>& descriptors, ConvertSink& sink,
                     const CancelToken& cancel, v1::Report* report) {
  SMELT_ASSIGN_OR_RETURN(const ConvertRequest request, MakeRequest(start, descriptors));
  // A sign of life: what happens from here on is the model's doing.
  sink.OnProgress("import", 0, 0, "nodes");
  return library.convert(request, sink, cancel, report);
}

}  // namespace smelt::runner
