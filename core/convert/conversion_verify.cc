// The stages that judge what was written.
#include "core/convert/accuracy.h"
#include "core/convert/conversion.h"
#include "core/convert/file_places.h"
#include "core/convert/verify.h"
#include "core/import/tflite/reader.h"

namespace smelt {
namespace {

// Between the imported graph and the written file. Wide where weights lose digits: this finds what
// is wrong (another axis or scale leaves a cosine near 0), and is no verdict on accuracy, least of
// all on seeded noise, which some networks amplify: EfficientNet-B0 with random weights has a
// cosine of 0.83 on noise, and of 0.999 on pictures.
Tolerance ToleranceOf(Precision precision) {
  if (precision == Precision::kFloat16) return {.relative = 2e-2};  // 11 bits of each weight
  const bool integers = precision == Precision::kInt8 || precision == Precision::kInt16x8;
  if (precision == Precision::kDynamicRange || integers) {
    return {.relative = 2, .least_cosine = 0.5, .values_may_change = true, .finite_only = integers};
  }
  return {};
}

std::string PrecisionName(Precision precision) {
  switch (precision) {
    case Precision::kFloat16:
      return "float16";
    case Precision::kDynamicRange:
      return "dynamic_range";
    case Precision::kInt8:
      return "int8";
    case Precision::kInt16x8:
      return "int16x8";
    case Precision::kSource:
      break;
  }
  return "float32";
}

std::string CustomReason(const google::protobuf::RepeatedPtrField<std::string>& codes) {
  return "the artifact holds the CUSTOM operator " + codes[0] +
         (codes.size() > 1 ? " and others" : "") + ", which only its own runtime computes";
}

}  // namespace

Status Conversion::Check() {
  v1::Verification* verification = report_.mutable_verification();
  verification->set_mode(v1::Verification::STRUCTURE);
  sink_.OnProgress("check", 0, 0, "bytes");
  SMELT_ASSIGN_OR_RETURN(const SharedBytes written, sink_.WrittenBytes());
  const Status status = split_ ? split_->Check(written) : tflite_import::CheckFile(written);
  if (!status.ok()) return Fail(status, "check");
  clock_.End("check");
  verification->set_seconds(clock_.last_seconds());
  return Status::Ok();
}

std::string Conversion::WhyNotRun() const {
  if (request_.verify != Verify::kRun) return "only the structure was to be verified";
  return CustomOnes();
}

std::string Conversion::CustomOnes() const {
  for (const v1::Artifact& artifact : report_.artifacts()) {
    const auto& custom = artifact.custom_operators();
    if (!custom.empty()) return CustomReason(custom);
  }
  return "";
}

Status Conversion::VerifyRun() {
  if (const std::string why = WhyNotRun(); !why.empty()) {
    if (split_) split_->SetNotRun(why);
    if (request_.verify == Verify::kRun) {
      report_.mutable_verification()->set_not_run_because(why);
    }
    return Status::Ok();
  }
  const Status status = split_ ? VerifyParts() : VerifyFile();
  clock_.End("verify");
  if (!status.ok()) {
    // Where both sides part is what somebody who gets this needs first. That it can't be told is
    // no other verdict.
    if (!IsNoJudgement(status) && source_side_) {
      const Status told = MeasureAccuracyIfAsked();
      if (told.reason() == Reason::kCancelled) return told;
    }
    return Fail(status, "verify");
  }
  v1::Verification* verification = report_.mutable_verification();
  verification->set_seconds(verification->seconds() + clock_.last_seconds());
  return Status::Ok();
}

Status Conversion::ReadSides(std::string_view stage) {
  sink_.OnProgress(stage, 0, 0, "bytes");
  SMELT_ASSIGN_OR_RETURN(const SharedBytes bytes, sink_.WrittenBytes());
  if (split_) {
    SMELT_ASSIGN_OR_RETURN(parts_side_, split_->Read(bytes));
  } else {
    SMELT_ASSIGN_OR_RETURN(file_side_, tflite_import::Read(bytes));
  }
  SMELT_ASSIGN_OR_RETURN(onnx_import::Imported imported, ImportModel(stage));
  source_side_ = std::move(imported.module);
  return Status::Ok();
}

RunWritten Conversion::RunParts() const {
  return [this](std::size_t, const std::vector<interp::Tensor>& inputs) {
    return parts_side_->RunAll(split_->manifest(), inputs, cancel_);
  };
}

Status Conversion::VerifyFile() {
  SMELT_RETURN_IF_ERROR(ReadSides("verify"));
  return VerifyByRunning(*source_side_, *file_side_, ToleranceOf(request_.precision), diagnostics_,
                         cancel_, *report_.mutable_verification());
}

Status Conversion::VerifyParts() {
  SMELT_RETURN_IF_ERROR(ReadSides("verify"));
  SMELT_RETURN_IF_ERROR(split_->Compare(*parts_side_, cancel_));
  return VerifyByRunning(*source_side_, RunParts(), ToleranceOf(request_.precision), diagnostics_,
                         cancel_, *report_.mutable_verification());
}

Status Conversion::Judge() {
  if (!WantsAccuracy()) return Status::Ok();
  Status status = MeasureAccuracyIfAsked();
  if (status.ok() && request_.fail_on_accuracy) status = CheckAccuracy(*accuracy_);
  if (!status.ok()) return Fail(status, "accuracy");
  clock_.End("accuracy");
  return Status::Ok();
}

Status Conversion::MeasureAccuracyIfAsked() {
  if (!WantsAccuracy()) return Status::Ok();
  AccuracyPlan plan;
  plan.precision = PrecisionName(request_.precision);
  plan.artifact_name = extras_.ArtifactName();
  plan.finite_only = WantsIntegers();
  if (const std::string why = CustomOnes(); !why.empty()) {
    accuracy_ = NotMeasured(plan, why);
  } else {
    if (!source_side_) SMELT_RETURN_IF_ERROR(ReadSides("accuracy"));
    sink_.OnProgress("accuracy", 0, 0, "bytes");
    plan.places = FindPlaces(written_tensors_, source_side_->signatures, stored_orders_);
    WrittenSide file;
    if (split_) {
      file.run = RunParts();
    } else {
      file.module = &*file_side_;
    }
    SMELT_ASSIGN_OR_RETURN(accuracy_, MeasureAccuracy(*source_side_, file, plan, cancel_));
  }
  *report_.mutable_accuracy() = Summarize(*accuracy_);
  return Status::Ok();
}

}  // namespace smelt
