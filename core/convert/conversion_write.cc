// The stages that write: where the artifact is cut, and its files.
#include "core/base/digest.h"
#include "core/convert/conversion.h"
#include "core/convert/split_files.h"
#include "core/report/to_proto.h"

namespace smelt {

Status Conversion::Split() {
  module_->metadata["smelt.converter_version"] = ConverterVersion();
  module_->metadata["smelt.source_sha256"] = request_.model_sha256.empty()
                                                 ? Digest::Of(request_.model.span()).Hex()
                                                 : request_.model_sha256;
  if (!split_) return Status::Ok();
  sink_.OnProgress("split", 0, 0, "operators");
  ir::Diagnostics found;
  const Status status = split_->Plan(*module_, profile_, cancel_, found);
  if (!status.ok()) return Fail(status, "split");
  report::AddDiagnostics(found, report_);
  if (ir::HasError(found)) report::FailWithFirstError(found, report_);
  clock_.End("split");
  if (!split_->is_needed()) split_.reset();
  return Status::Ok();
}

Status Conversion::Write() {
  tflite_export::WriteOptions options;
  if (request_.max_inline_bytes != 0) options.max_inline_bytes = request_.max_inline_bytes;
  options.list_tensors = ListsTensors();
  if (!split_) {
    options.progress = [&](std::uint64_t done, std::uint64_t total) {
      sink_.OnProgress("write", done, total, "bytes");
    };
    const Status status = WriteFile(*module_, extras_.ArtifactName(), "", options);
    if (!status.ok()) return Fail(status, "write");
  } else {
    const Status status = WriteParts(options);
    if (!status.ok()) return Fail(status, "write");
  }
  module_.reset();  // verification runs without the conversion's memory
  clock_.End("write");
  return Status::Ok();
}

Status Conversion::WriteParts(tflite_export::WriteOptions options) {
  options.max_inline_bytes = tflite_export::kMaxInlineBytes;
  for (std::size_t i = 0; i < split_->part_count(); ++i) {
    const std::uint64_t before = split_->OffsetOf(i);
    options.progress = [&](std::uint64_t done, std::uint64_t) {
      sink_.OnProgress("write", before + done, split_->TotalBytes(), "bytes");
    };
    const std::vector<std::byte> gap(before - appended_);
    if (!gap.empty()) SMELT_RETURN_IF_ERROR(sink_.Append(gap));
    appended_ = before;
    ir::Module part = split_->MakePart(*module_, i);
    SMELT_RETURN_IF_ERROR(WriteFile(part, PartName(extras_.SplitStem(), i), "_part", options));
    if (appended_ - before != split_->BytesOf(i)) {
      return Status(Reason::kInternalError,
                    "part " + std::to_string(i + 1) + " has " + std::to_string(appended_ - before) +
                        " bytes, but was planned with " + std::to_string(split_->BytesOf(i)));
    }
  }
  split_->RestoreNames(*module_, written_tensors_);
  split_->Keep(*module_, report_, request_.file_name, request_.verify == Verify::kRun);
  return Status::Ok();
}

Status Conversion::WriteFile(ir::Module& module, const std::string& name,
                             const std::string& kind_suffix, tflite_export::WriteOptions& options) {
  Hasher hasher;
  options.description = Description();
  options.append = [&](ByteSpan bytes) {
    hasher.Update(bytes);
    appended_ += bytes.size();
    return sink_.Append(bytes);
  };
  SMELT_ASSIGN_OR_RETURN(tflite_export::WriteSummary summary,
                         tflite_export::Write(module, profile_, options, cancel_));
  const Digest digest = hasher.Finish();
  v1::Artifact* artifact = report_.add_artifacts();
  artifact->set_name(name);
  artifact->set_kind((summary.custom_codes.empty() ? "tflite" : "tflite_custom") + kind_suffix);
  artifact->mutable_digest()->set_sha256(digest.Hex());
  artifact->mutable_digest()->set_size_bytes(digest.size_bytes);
  artifact->set_min_runtime_version(summary.min_runtime_version);
  for (const std::string& code : summary.custom_codes) artifact->add_custom_operators(code);
  for (tflite_export::WrittenTensor& tensor : summary.tensors) {
    tensor.file = static_cast<std::uint32_t>(report_.artifacts_size() - 1);
    written_tensors_.push_back(std::move(tensor));
  }
  return Status::Ok();
}

}  // namespace smelt
