// What the daemon does before it serves: every job that was under way when it died is queued again.
#pragma once

#include <cstddef>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "server/jobs/blob_store.h"
#include "server/jobs/job_store.h"
#include "server/jobs/metrics.h"

namespace smelt::jobs {

struct RecoverySummary {
  std::size_t requeued = 0;        // RUNNING -> QUEUED
  std::size_t cancelled = 0;       // were running, and a person had asked to cancel
  std::size_t queued = 0;          // waiting after recovery
  std::size_t missing_inputs = 0;  // of those: some input blob is gone; they fail when taken
  std::size_t expired_uploads = 0;
};

// Run once, after the stores were opened (which took the lock file, removed temporary files and
// truncated uploads) and before the scheduler starts. The daemon's death counts against no job.
Result<RecoverySummary> Recover(JobStore& store, BlobStore& blobs, const Clock& clock,
                                JobMetrics& metrics);

}  // namespace smelt::jobs
