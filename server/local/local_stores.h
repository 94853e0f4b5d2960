// LocalStores: the embedded default: all stores of one node in one state directory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "server/jobs/blob_store.h"
#include "server/jobs/event_hub.h"
#include "server/jobs/event_log.h"
#include "server/jobs/job_store.h"
#include "server/jobs/metrics.h"

namespace smelt::local {

struct LocalStoreOptions {
  std::string state_dir;
  std::size_t max_queued_jobs = 10'000;
  std::uint64_t max_blob_bytes = std::uint64_t{64} << 30;
};

// Owns the stores; they live as long as it does.
class LocalStores {
 public:
  // Takes the lock, empties tmp/, restores uploads, checks and migrates the ledger. Afterwards call
  // jobs::Recover. kConfigInvalid when another daemon holds the directory, kInternalError when a
  // job that has not ended is unreadable. `clock` and the metrics outlive it.
  static Result<std::unique_ptr<LocalStores>> Open(const LocalStoreOptions& options,
                                                   const Clock& clock,
                                                   jobs::StoreMetrics& store_metrics,
                                                   jobs::BlobMetrics& blob_metrics);
  virtual ~LocalStores() = default;

  virtual jobs::JobStore& job_store() = 0;
  virtual jobs::EventLog& events() = 0;
  virtual jobs::BlobStore& blobs() = 0;

  // Whether blobs can be stored now; writes a little. kStorageFull, kIoError. Blocks on the disk.
  virtual Status CheckWritable() = 0;
};

}  // namespace smelt::local
