// The implementations that the contracts are run against. Each type owns one set of empty stores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "server/jobs/metrics.h"
#include "server/local/local_stores.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_blob_store.h"
#include "tests/support/memory_job_store.h"
#include "tests/support/temp_dir.h"

namespace smelt::test {

inline constexpr std::size_t kMaxQueued = 20;
inline constexpr std::uint64_t kMaxBlobBytes = 64 << 20;

class MemoryStores {
 public:
  FakeClock& clock() { return clock_; }
  jobs::JobStore& job_store() { return job_store_; }
  jobs::EventLog& events() { return job_store_; }
  jobs::BlobStore& blobs() { return blobs_; }

 private:
  FakeClock clock_;
  MemoryJobStore job_store_{kMaxQueued};
  MemoryBlobStore blobs_{clock_, kMaxBlobBytes};
};

class LocalStores {
 public:
  LocalStores() {
    auto opened = local::LocalStores::Open({.state_dir = directory_ / "state",
                                            .max_queued_jobs = kMaxQueued,
                                            .max_blob_bytes = kMaxBlobBytes},
                                           clock_, store_metrics_, blob_metrics_);
    SMELT_CHECK(opened.ok());
    stores_ = *std::move(opened);
  }
  FakeClock& clock() { return clock_; }
  jobs::JobStore& job_store() { return stores_->job_store(); }
  jobs::EventLog& events() { return stores_->events(); }
  jobs::BlobStore& blobs() { return stores_->blobs(); }

 private:
  TempDir directory_;
  FakeClock clock_;
  jobs::StoreMetrics store_metrics_;
  jobs::BlobMetrics blob_metrics_;
  std::unique_ptr<local::LocalStores> stores_;
};

}  // namespace smelt::test
