#include "server/jobs/recovery.h"

#include <vector>

#include "core/base/log.h"
#include "server/jobs/cancelled_job.h"
#include "server/jobs/operation.h"

namespace smelt::jobs {
namespace {

constexpr std::size_t kPage = 1000;

// Calls `visit` for each job in `state` as it was before the first visit changed anything.
template <class Visit>
Status ForEach(JobStore& store, JobState state, Visit visit) {
  JobQuery query{.limit = kPage, .before_id = "", .states = {state}};
  while (true) {
    SMELT_ASSIGN_OR_RETURN(const std::vector<Job> page, store.List(query));
    for (const Job& job : page) SMELT_RETURN_IF_ERROR(visit(job));
    if (page.size() < kPage) return Status::Ok();
    query.before_id = page.back().id;
  }
}

}  // namespace

Result<RecoverySummary> Recover(JobStore& store, BlobStore& blobs, const Clock& clock,
                                JobMetrics& metrics) {
  RecoverySummary summary;
  const Status requeued = ForEach(store, JobState::kRunning, [&](const Job& job) -> Status {
    SMELT_ASSIGN_OR_RETURN(const Job now, RequeueOrCancel(store, blobs, job, clock.Wall()));
    if (IsFinal(now.state)) {
      ++summary.cancelled;
      metrics.OnFinished(TargetName(now.operation), now.state, now.reason);
    } else {
      ++summary.requeued;
    }
    Log(LogLevel::kInfo, "job_recovered",
        {{"job", now.id}, {"attempt", now.attempt}, {"state", JobStateName(now.state)}});
    return Status::Ok();
  });
  SMELT_RETURN_IF_ERROR(requeued);
  const Status checked = ForEach(store, JobState::kQueued, [&](const Job& job) -> Status {
    ++summary.queued;
    const Result<std::vector<Digest>> inputs = InputDigests(job.operation);
    const auto missing = inputs.ok() ? blobs.FindMissing(*inputs) : inputs;
    if (!missing.ok() || !missing->empty()) {
      ++summary.missing_inputs;
      Log(LogLevel::kWarning, "job_input_missing", {{"job", job.id}});
    }
    return Status::Ok();
  });
  SMELT_RETURN_IF_ERROR(checked);
  SMELT_ASSIGN_OR_RETURN(summary.expired_uploads, blobs.SweepUploads());
  return summary;
}

}  // namespace smelt::jobs
