#include "server/runner/conversion_job.h"

#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <map>
#include <new>
#include <utility>

#include "core/base/digest.h"
#include "server/jobs/operation_checks.h"
#include "server/runner/artifact_sink.h"
#include "server/runner/mapped_input.h"
#include "smelt/v1/report.pb.h"

namespace smelt::runner {
namespace {

Result<int> DescriptorAt(const std::vector<UniqueFd>& descriptors, std::uint32_t index) {
  if (index < descriptors.size()) return descriptors[index].get();
  return Status(Reason::kWorkerProtocol, "the start frame names a descriptor that did not arrive");
}

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
  return Precision::kSource;
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
  request.one_scale_a_weight = options.weight_quantization().per_tensor();
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

// The library's doors are closed to exceptions but for memory; both are caught here.
Status ConvertGuarded(const Library& library, const ConvertRequest& request, ArtifactSink& sink,
                      const CancelToken& cancel, v1::Report* report) {
  try {
    // A sign of life: what happens from here on is the model's doing.
    sink.OnProgress("import", 0, 0, "nodes");
    SMELT_RETURN_IF_ERROR(library.convert(request, sink, cancel, report));
    return sink.Flush();
  } catch (const std::bad_alloc&) {
    return Status(Reason::kOutOfMemory, "memory ran out during the conversion");
  } catch (const std::exception& error) {
    return Status(Reason::kInternalError, std::string("unexpected exception: ") + error.what());
  }
}

// A status is the library's word that no judgement was possible: the report must say so too.
void RecordStatus(const Status& status, v1::Report* report) {
  if (status.ok()) return;
  report->set_state(status.reason() == Reason::kCancelled ? "cancelled" : "failed");
  report->set_reason_code(std::string(ReasonName(status.reason())));
  report->set_message(std::string(status.message()));
  report->clear_artifacts();
}

Status WriteReport(int fd, const v1::Report& report, v1::Digest* digest) {
  const std::string bytes = report.SerializeAsString();
  const Digest named = Digest::Of(std::as_bytes(std::span<const char>(bytes)));
  digest->set_sha256(named.Hex());
  digest->set_size_bytes(named.size_bytes);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::write(fd, bytes.data() + sent, bytes.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return WriteFailed("the report", errno);
    sent += static_cast<std::size_t>(n);
  }
  return Status::Ok();
}

// Counts by source operator, for metrics. Source names are the model's: the daemon bounds them.
void CountOperators(const v1::Report& report, worker::v1::Done* done) {
  std::map<std::string, std::uint64_t> lowered;
  for (const v1::CoverageEntry& entry : report.coverage().entries()) {
    if (entry.outcome() == v1::CoverageEntry::REJECTED ||
        entry.outcome() == v1::CoverageEntry::NOT_CHECKED) {
      continue;
    }
    ++lowered[entry.node().op_type()];
  }
  std::map<std::pair<std::string, std::string>, std::uint64_t> rejected;
  for (const v1::Diagnostic& diagnostic : report.diagnostics()) {
    if (diagnostic.severity() != v1::SEVERITY_ERROR || !diagnostic.has_node()) continue;
    ++rejected[{diagnostic.node().op_type(), diagnostic.reason_code()}];
  }
  for (const auto& [op_type, count] : lowered) {
    worker::v1::OperatorCount* row = done->add_lowered();
    row->set_op_type(op_type);
    row->set_count(count);
  }
  for (const auto& [key, count] : rejected) {
    worker::v1::OperatorCount* row = done->add_rejected();
    row->set_op_type(key.first);
    row->set_reason_code(key.second);
    row->set_count(count);
  }
}

double ProcessCpuSeconds() {
  timespec spent{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

// The artifact as one file, or its parts where they begin in the appended bytes.
void FillArtifact(const v1::Report& report, std::uint64_t artifact_bytes, worker::v1::Done* done) {
  if (report.artifacts_size() == 1) {
    const v1::Artifact& artifact = report.artifacts(0);
    done->set_artifact_name(artifact.name());
    done->set_artifact_kind(artifact.kind());
    *done->mutable_artifact() = artifact.digest();
    done->mutable_artifact()->set_size_bytes(artifact_bytes);
    return;
  }
  std::uint64_t offset = 0;
  for (const v1::Artifact& artifact : report.artifacts()) {
    worker::v1::Extra* part = done->add_parts();
    part->set_name(artifact.name());
    part->set_kind(artifact.kind());
    *part->mutable_digest() = artifact.digest();
    part->set_offset(offset);
    const std::uint64_t end = offset + artifact.digest().size_bytes();
    offset = (end + kPartAlignment - 1) / kPartAlignment * kPartAlignment;
  }
}

void FillDone(const v1::Report& report, std::uint64_t artifact_bytes, worker::v1::Done* done) {
  const bool succeeded = report.state() == "succeeded";
  done->set_state(succeeded                       ? v1::SUCCEEDED
                  : report.state() == "cancelled" ? v1::CANCELLED
                                                  : v1::FAILED);
  done->set_reason_code(report.reason_code());
  done->set_message(report.message());
  if (succeeded && report.artifacts_size() > 0) FillArtifact(report, artifact_bytes, done);
  for (const v1::Timing& timing : report.timings()) {
    worker::v1::StageSeconds* row = done->add_stages();
    row->set_stage(timing.stage());
    row->set_seconds(timing.seconds());
  }
  CountOperators(report, done);
}

}  // namespace

worker::v1::Done RunConversion(const Library& library, const worker::v1::Start& start,
                               const std::vector<UniqueFd>& descriptors,
                               workers::FrameChannel& channel, const CancelToken& cancel) {
  v1::Report report;
  std::uint64_t artifact_bytes = 0;
  Status status;
  Result<ConvertRequest> request = MakeRequest(start, descriptors);
  const Result<int> artifact_fd = DescriptorAt(descriptors, start.artifact_fd_index());
  const Result<int> extras_fd = start.has_extras_fd_index()
                                    ? DescriptorAt(descriptors, start.extras_fd_index())
                                    : Result<int>(-1);
  std::vector<ArtifactSink::Extra> extras;
  if (!request.ok()) {
    status = request.status();
  } else if (!artifact_fd.ok()) {
    status = artifact_fd.status();
  } else if (!extras_fd.ok()) {
    status = extras_fd.status();
  } else {
    ArtifactSink sink(artifact_fd.value(), extras_fd.value(), channel);
    status = ConvertGuarded(library, *request, sink, cancel, &report);
    artifact_bytes = sink.size_bytes();
    extras = sink.extras();
  }
  RecordStatus(status, &report);
  report.set_job_id(start.job_id());

  worker::v1::Done done;
  FillDone(report, artifact_bytes, &done);
  for (const ArtifactSink::Extra& extra : extras) {
    worker::v1::Extra* row = done.add_extras();
    row->set_name(extra.name);
    row->set_kind(extra.kind);
    row->mutable_digest()->set_sha256(extra.digest.Hex());
    row->mutable_digest()->set_size_bytes(extra.digest.size_bytes);
  }
  const Result<int> report_fd = DescriptorAt(descriptors, start.report_fd_index());
  const Status written =
      report_fd.ok() ? WriteReport(*report_fd, report, done.mutable_report()) : report_fd.status();
  if (!written.ok()) {
    done.set_state(v1::FAILED);
    done.set_reason_code(std::string(ReasonName(written.reason())));
    done.set_message(std::string(written.message()));
    done.clear_report();
  }
  done.set_peak_rss_bytes(PeakRssBytes());
  done.set_cpu_seconds(ProcessCpuSeconds());
  return done;
}

}  // namespace smelt::runner
