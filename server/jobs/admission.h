// Admission: decides whether a job is taken, and makes it durable. Quotas, tenants and the result
// cache will ask their questions here.
#pragma once

#include <atomic>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "server/jobs/blob_store.h"
#include "server/jobs/bundle_limit.h"
#include "server/jobs/job_id.h"
#include "server/jobs/job_store.h"
#include "server/jobs/metrics.h"
#include "server/jobs/scheduler.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::jobs {

// Safe for calls from any thread; blocks on the stores. All dependencies outlive it.
class Admission {
 public:
  Admission(JobStore& store, BlobStore& blobs, Scheduler& scheduler, const Clock& clock,
            JobMetrics& metrics, BundleLimit bundle = {});

  // Accepts the job and wakes the scheduler; the job is durable on return. kInvalidArgument,
  // kInvalidDigest, kExternalPathEscapes, kBlobMissing (the message lists up to 8 digests),
  // kModelTooLarge (more files than can be opened), kRequestIdReused, kQueueFull, kDraining.
  Result<Job> Admit(const v1::CreateJobRequest& request);

  // Refuses every later job with kDraining.
  void Close() { closed_ = true; }
  bool closed() const { return closed_; }

 private:
  // What the request asks for, once it is known to be allowed.
  static Result<Operation> Check(const v1::CreateJobRequest& request);
  Status CheckInput(const Operation& operation);

  JobStore& store_;
  BlobStore& blobs_;
  Scheduler& scheduler_;
  const Clock& clock_;
  JobMetrics& metrics_;
  const BundleLimit bundle_;
  JobIdSource ids_;
  std::atomic<bool> closed_ = false;
};

}  // namespace smelt::jobs
