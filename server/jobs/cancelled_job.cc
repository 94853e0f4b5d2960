#include "server/jobs/cancelled_job.h"

#include "server/jobs/bare_report.h"

namespace smelt::jobs {

JobResult CancelledResult(const Job& job, Clock::WallTime now) {
  JobResult result;
  result.id = job.id;
  result.version = job.version;
  result.state = JobState::kCancelled;
  result.reason = Reason::kCancelled;
  result.message = kCancelledMessage;
  result.now = now;
  return result;
}

Result<Job> RequeueOrCancel(JobStore& store, BlobStore& blobs, const Job& job,
                            Clock::WallTime now) {
  SMELT_ASSIGN_OR_RETURN(const Job present, store.Get(job.id));
  if (present.version != job.version || !present.cancel_requested) {
    return store.Requeue(job.id, job.version, now);
  }
  JobResult result = CancelledResult(job, now);
  AddBareReport(blobs, job, result);
  return store.Finish(result);
}

}  // namespace smelt::jobs
