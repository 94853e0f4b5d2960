// How a job ends that was cancelled: alike, whether it was queued, starting or running.
#pragma once

#include "core/base/clock.h"
#include "core/base/result.h"
#include "server/jobs/blob_store.h"
#include "server/jobs/job.h"
#include "server/jobs/job_store.h"

namespace smelt::jobs {

// The end of a job that was cancelled; no report yet.
JobResult CancelledResult(const Job& job, Clock::WallTime now);

// Queues a running job again, or ends it with a report when a cancel was asked for. Errors as of
// JobStore::Requeue.
Result<Job> RequeueOrCancel(JobStore& store, BlobStore& blobs, const Job& job, Clock::WallTime now);

}  // namespace smelt::jobs
