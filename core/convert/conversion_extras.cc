// Files beside the artifact, or in its place.
#include "core/convert/conversion.h"
#include "core/convert/extra_reports.h"

namespace smelt {

Status Conversion::WriteExtras() {
  if (extras_.Wants(ExtraReport::kOpCoverage)) {
    SMELT_RETURN_IF_ERROR(extras_.AddCoverage(OpCoverageOf(report_, request_)));
  }
  if (split_) SMELT_RETURN_IF_ERROR(WriteSplitFiles());
  const bool refused = report_.state() == "failed";
  if (extras_.Wants(ExtraReport::kTensorCorrespondence) && !refused) {
    std::vector<std::string> files;
    for (const v1::Artifact& artifact : report_.artifacts()) files.push_back(artifact.name());
    SMELT_RETURN_IF_ERROR(extras_.AddTensors(TensorCorrespondence(
        request_, source_tensors_, written_tensors_, stored_orders_, report_.model(), files)));
  }
  if (extras_.Wants(ExtraReport::kAccuracy) && accuracy_) {
    SMELT_RETURN_IF_ERROR(extras_.AddAccuracy(*accuracy_));
  }
  if (extras_.Wants(ExtraReport::kReproducer) && refused) {
    onnx_import::ImportRequest source = source_;
    source.extract = RefusedNodes(report_);
    const auto imported = onnx_import::Import(source, cancel_);
    if (imported.ok() && !imported->extract.empty()) {
      SMELT_RETURN_IF_ERROR(extras_.AddReproducer(imported->extract));
    }
  }
  return Status::Ok();
}

Status Conversion::WriteSplitFiles() {
  if (!split_->is_written()) return Status::Ok();
  SMELT_RETURN_IF_ERROR(extras_.AddSplitFile("split_plan", "split_plan", split_->plan_file()));
  // The others name files that are not published.
  if (report_.state() == "failed") return Status::Ok();
  SMELT_RETURN_IF_ERROR(
      extras_.AddSplitFile("split_manifest", "split_manifest", split_->manifest()));
  split_->set_manifest_path(extras_.SplitStem() + "_split_manifest.json");
  return extras_.AddSplitFile("split_accuracy", "split_accuracy_report", split_->accuracy());
}

}  // namespace smelt
