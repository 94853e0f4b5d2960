#include "server/jobs/admission.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/log.h"
#include "server/jobs/operation.h"

namespace smelt::jobs {
namespace {

constexpr std::size_t kMaxRequestIdBytes = 128;
constexpr std::size_t kMaxFileNameBytes = 255;
constexpr std::size_t kMaxPathBytes = 1024;
constexpr std::size_t kMaxListedDigests = 8;
constexpr std::size_t kMaxNames = 1024;
constexpr std::size_t kMaxDumps = 64;
constexpr std::size_t kMaxNameBytes = 255;

// A path that stays inside its bundle: relative, no empty, "." or ".." parts.
bool StaysInside(std::string_view path) {
  if (path.empty() || path.size() > kMaxPathBytes || path.find('\0') != path.npos) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

Status CheckInput(const v1::ModelInput& input) {
  if (!input.has_model()) return Status(Reason::kInvalidArgument, "input.model is not set");
  const std::string& name = input.file_name();
  if (name.size() > kMaxFileNameBytes || name.find('/') != name.npos ||
      name.find('\0') != name.npos) {
    return Status(Reason::kInvalidArgument,
                  "input.file_name must be a plain file name of at most 255 bytes");
  }
  for (const auto& [path, digest] : input.external_files()) {
    if (!StaysInside(path)) {
      return Status(Reason::kExternalPathEscapes,
                    "external file path \"" + path + "\" is not a relative path in the bundle");
    }
  }
  return Status::Ok();
}

Status TooLong(const char* field, std::size_t limit) {
  return Status(Reason::kInvalidArgument,
                std::string(field) + " lists more than " + std::to_string(limit) +
                    " names, or one of more than " + std::to_string(kMaxNameBytes) + " bytes");
}

template <class Names>
bool Fits(const Names& names, std::size_t limit) {
  return static_cast<std::size_t>(names.size()) <= limit &&
         std::ranges::all_of(names, [](const std::string& name) {
           return !name.empty() && name.size() <= kMaxNameBytes;
         });
}

Status CheckOptions(const v1::ConvertOptions& options) {
  for (const auto& [name, value] : options.dims()) {
    if (value < 0) {
      return Status(Reason::kInvalidArgument, "dimension \"" + name + "\" has the value " +
                                                  std::to_string(value) + ", below 0");
    }
  }
  if (options.batch() < 0) return Status(Reason::kInvalidArgument, "batch is below 0");
  if (!Fits(options.custom_operators().names(), kMaxNames)) {
    return TooLong("custom_operators.names", kMaxNames);
  }
  if (!Fits(options.from_tensors(), kMaxNames)) return TooLong("from_tensors", kMaxNames);
  if (!Fits(options.to_tensors(), kMaxNames)) return TooLong("to_tensors", kMaxNames);
  if (!Fits(options.dump_after(), kMaxDumps)) return TooLong("dump_after", kMaxDumps);
  for (const int report : options.extra_reports()) {
    if (report != v1::EXTRA_REPORT_UNSPECIFIED && v1::ExtraReport_IsValid(report)) continue;
    return Status(Reason::kInvalidArgument,
                  "extra_reports has the unknown value " + std::to_string(report));
  }
  if (!v1::ComputeType_IsValid(options.compute())) {
    return Status(Reason::kInvalidArgument,
                  "compute has the unknown value " + std::to_string(options.compute()));
  }
  return Status::Ok();
}

Status Missing(const std::vector<Digest>& missing) {
  std::string message = std::to_string(missing.size()) + " blob(s) are not stored:";
  for (std::size_t i = 0; i < std::min(missing.size(), kMaxListedDigests); ++i) {
    message += " " + missing[i].Hex();
  }
  if (missing.size() > kMaxListedDigests) message += " ...";
  return Status(Reason::kBlobMissing, std::move(message));
}

}  // namespace

Admission::Admission(JobStore& store, BlobStore& blobs, Scheduler& scheduler, const Clock& clock,
                     JobMetrics& metrics, BundleLimit bundle)
    : store_(store),
      blobs_(blobs),
      scheduler_(scheduler),
      clock_(clock),
      metrics_(metrics),
      bundle_(bundle),
      ids_(clock) {}

Status Admission::Check(const v1::CreateJobRequest& request) {
  if (request.request_id().size() > kMaxRequestIdBytes) {
    return Status(Reason::kInvalidArgument, "request_id is longer than 128 bytes");
  }
  if (!request.has_convert()) return Status(Reason::kInvalidArgument, "no operation is set");
  SMELT_RETURN_IF_ERROR(CheckInput(request.convert().input()));
  SMELT_RETURN_IF_ERROR(CheckBundle(request.convert().input(), bundle_));
  SMELT_RETURN_IF_ERROR(CheckOptions(request.convert().options()));
  SMELT_ASSIGN_OR_RETURN(const std::vector<Digest> inputs, InputDigests(request.convert()));
  SMELT_ASSIGN_OR_RETURN(const std::vector<Digest> missing, blobs_.FindMissing(inputs));
  return missing.empty() ? Status::Ok() : Missing(missing);
}

Result<Job> Admission::Admit(const v1::CreateJobRequest& request) {
  if (closed()) return Status(Reason::kDraining, "the daemon is stopping and takes no more jobs");
  SMELT_RETURN_IF_ERROR(Check(request));
  NewJob job;
  job.id = ids_.Next();
  job.request_id = request.request_id();
  job.convert = request.convert();
  job.now = clock_.Wall();
  SMELT_ASSIGN_OR_RETURN(Accepted accepted, store_.Accept(job));
  if (accepted.created) {
    metrics_.OnSubmitted(TargetName(job.convert.options()));
    Log(LogLevel::kInfo, "job_accepted", {{"job", accepted.job.id}});
    scheduler_.Wake();
  }
  return accepted.job;
}

}  // namespace smelt::jobs
