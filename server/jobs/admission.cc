#include "server/jobs/admission.h"

#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/log.h"
#include "server/jobs/operation.h"
#include "server/jobs/operation_checks.h"

namespace smelt::jobs {
namespace {

constexpr std::size_t kMaxRequestIdBytes = 128;
constexpr std::size_t kMaxListedDigests = 8;

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

Result<Operation> Admission::Check(const v1::CreateJobRequest& request) {
  if (request.request_id().size() > kMaxRequestIdBytes) {
    return Status(Reason::kInvalidArgument, "request_id is longer than 128 bytes");
  }
  SMELT_ASSIGN_OR_RETURN(Operation operation, OperationOf(request));
  SMELT_RETURN_IF_ERROR(
      std::visit([](const auto& message) { return CheckOperation(message); }, operation));
  return operation;
}

Status Admission::CheckInput(const Operation& operation) {
  SMELT_RETURN_IF_ERROR(CheckBundle(operation, bundle_));
  SMELT_ASSIGN_OR_RETURN(const std::vector<Digest> inputs, InputDigests(operation));
  SMELT_ASSIGN_OR_RETURN(const std::vector<Digest> missing, blobs_.FindMissing(inputs));
  return missing.empty() ? Status::Ok() : Missing(missing);
}

Result<Job> Admission::Admit(const v1::CreateJobRequest& request) {
  if (closed()) return Status(Reason::kDraining, "the daemon is stopping and takes no more jobs");
  NewJob job;
  SMELT_ASSIGN_OR_RETURN(job.operation, Check(request));
  job.id = ids_.Next();
  job.request_id = request.request_id();
  job.now = clock_.Wall();
  // A known request needs its inputs no more.
  SMELT_ASSIGN_OR_RETURN(const std::optional<Job> earlier, store_.FindAccepted(job));
  if (earlier) return *earlier;
  SMELT_RETURN_IF_ERROR(CheckInput(job.operation));
  SMELT_ASSIGN_OR_RETURN(Accepted accepted, store_.Accept(job));
  if (accepted.created) {
    metrics_.OnSubmitted(TargetName(job.operation));
    Log(LogLevel::kInfo, "job_accepted",
        {{"job", accepted.job.id}, {"kind", KindName(job.operation)}});
    scheduler_.Wake();
  }
  return accepted.job;
}

}  // namespace smelt::jobs
