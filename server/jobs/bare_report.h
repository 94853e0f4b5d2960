// The report of a job whose worker left none: it crashed, was killed, or never started.
#pragma once

#include "server/jobs/blob_store.h"
#include "server/jobs/job.h"
#include "server/jobs/job_store.h"
#include "smelt/v1/report.pb.h"

namespace smelt::jobs {

// State, reason and message of `result`, and one diagnostic with the reason's remedy when the job
// failed. It has no coverage: nobody knows what became of the nodes.
v1::Report BareReport(const Job& job, const JobResult& result);

// Stores a bare report and names it in `result`, unless that has one. Without it when it can't be
// stored: the job's own reason and message say the same.
void AddBareReport(BlobStore& blobs, const Job& job, JobResult& result);

}  // namespace smelt::jobs
