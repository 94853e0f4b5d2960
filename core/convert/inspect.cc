#include "core/convert/inspect.h"

#include <span>
#include <string>

#include "core/base/digest.h"
#include "core/base/utf8.h"
#include "core/convert/describe_model.h"
#include "core/convert/file_stem.h"
#include "core/convert/stage_clock.h"
#include "core/import/tflite/describe.h"
#include "core/import/tflite/reader.h"
#include "core/report/json.h"
#include "core/report/to_proto.h"

namespace smelt {
namespace {

constexpr std::uint32_t kSchemaVersion = 1;

// What the reader says of the file.
void AddReading(const SharedBytes& file, v1::TfliteDescription& to) {
  tflite_import::ReadNotes notes;
  const Result<ir::Module> read = tflite_import::Read(file, &notes);
  if (!read.ok()) return to.set_not_read_because(ToUtf8(read.status().message()));
  if (notes.ranges != 0) {
    to.add_not_kept("recorded ranges (min, max) of tensors: " + std::to_string(notes.ranges));
  }
  if (notes.rankless != 0) {
    to.add_not_kept("tensors of unknown rank, taken for scalars: " +
                    std::to_string(notes.rankless));
  }
}

Result<v1::ModelDescription> DescribeTflite(const SharedBytes& file) {
  SMELT_ASSIGN_OR_RETURN(const tflite_import::ModelDescription description,
                         tflite_import::Describe(file));
  v1::ModelDescription to = ToProto(description);
  AddReading(file, *to.mutable_tflite());
  return to;
}

Result<v1::ModelDescription> DescribeFile(const SharedBytes& file) {
  if (tflite_import::LooksLikeTflite(file.span())) return DescribeTflite(file);
  if (!onnx_import::LooksLikeOnnx(file.span())) {
    return Status(Reason::kNotAModel, file.size() == 0
                                          ? "the file is empty"
                                          : "the file begins like neither a TFLite nor an ONNX "
                                            "model");
  }
  SMELT_ASSIGN_OR_RETURN(const onnx_import::ModelDescription description,
                         onnx_import::Describe(file.span(), onnx_import::ImportLimits()));
  return ToProto(description);
}

void FillSummary(const v1::ModelDescription& description, v1::ModelSummary& summary) {
  summary.set_format(description.format());
  for (const auto& type : description.types()) {
    summary.set_parameter_bytes(summary.parameter_bytes() + type.bytes());
  }
  if (description.has_tflite()) summary.set_producer(description.tflite().description());
  if (description.has_onnx()) summary.set_producer(description.onnx().producer());
}

Status WriteDocument(const InspectRequest& request, const v1::ModelDescription& description,
                     ConvertSink& sink, v1::Report& report) {
  SMELT_ASSIGN_OR_RETURN(const std::string json, report::ToJson(description));
  const ByteSpan bytes = std::as_bytes(std::span<const char>(json));
  SMELT_RETURN_IF_ERROR(sink.Append(bytes));
  const Digest digest = Digest::Of(bytes);
  v1::Artifact* artifact = report.add_artifacts();
  artifact->set_name(FileStem(request.file_name) + "_description.json");
  artifact->set_kind("model_description");
  artifact->mutable_digest()->set_sha256(digest.Hex());
  artifact->mutable_digest()->set_size_bytes(digest.size_bytes);
  return Status::Ok();
}

}  // namespace

Status Inspect(const InspectRequest& request, ConvertSink& sink, const CancelToken& cancel,
               v1::Report* report) {
  report->set_schema_version(kSchemaVersion);
  report->set_converter_version(std::string(ConverterVersion()));
  StageClock clock(*report);
  SMELT_RETURN_IF_ERROR(cancel.Check());
  sink.OnProgress("inspect", 0, request.model.size(), "bytes");
  Result<v1::ModelDescription> described = DescribeFile(request.model);
  if (!described.ok()) {
    report::FailWith(described.status(), "inspect", *report);
    clock.End("inspect");
    return Status::Ok();
  }
  v1::ModelDescription& description = *described;
  description.set_schema_version(kSchemaVersion);
  description.set_file_name(request.file_name);
  description.set_sha256(request.model_sha256.empty() ? Digest::Of(request.model.span()).Hex()
                                                      : request.model_sha256);
  FillSummary(description, *report->mutable_model());
  SMELT_RETURN_IF_ERROR(cancel.Check());
  SMELT_RETURN_IF_ERROR(WriteDocument(request, description, sink, *report));
  clock.End("inspect");
  report->set_state("succeeded");
  return Status::Ok();
}

}  // namespace smelt
