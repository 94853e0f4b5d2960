#include "server/local/local_stores.h"

#include <utility>

#include "core/base/file_system.h"
#include "server/local/file_blob_store.h"
#include "server/local/job_rows.h"
#include "server/local/ledger.h"
#include "server/local/sqlite_event_log.h"
#include "server/local/sqlite_job_store.h"
#include "server/local/state_dir.h"

namespace smelt::local {
namespace {

class Stores final : public LocalStores {
 public:
  Stores(std::unique_ptr<StateDir> directory, std::unique_ptr<FileBlobStore> blobs,
         std::unique_ptr<Ledger> ledger, JobStoreOptions options)
      : directory_(std::move(directory)),
        blobs_(std::move(blobs)),
        ledger_(std::move(ledger)),
        job_store_(*ledger_, hub_, options),
        events_(*ledger_, hub_) {}

  jobs::JobStore& job_store() override { return job_store_; }
  jobs::EventLog& events() override { return events_; }
  jobs::BlobStore& blobs() override { return *blobs_; }
  Status CheckWritable() override { return blobs_->CheckWritable(); }

 private:
  std::unique_ptr<StateDir> directory_;  // first: the lock is given back last
  std::unique_ptr<FileBlobStore> blobs_;
  std::unique_ptr<Ledger> ledger_;
  jobs::EventHub hub_;
  SqliteJobStore job_store_;
  SqliteEventLog events_;
};

}  // namespace

Result<std::unique_ptr<LocalStores>> LocalStores::Open(const LocalStoreOptions& options,
                                                       const Clock& clock,
                                                       jobs::StoreMetrics& store_metrics,
                                                       jobs::BlobMetrics& blob_metrics) {
  SMELT_ASSIGN_OR_RETURN(auto directory, StateDir::Open(options.state_dir));
  SMELT_ASSIGN_OR_RETURN(auto blobs, FileBlobStore::Open({.directory = directory->path(),
                                                          .max_blob_bytes = options.max_blob_bytes},
                                                         {.fs = FileSystem::Real(),
                                                          .clock = clock,
                                                          .store_metrics = store_metrics,
                                                          .blob_metrics = blob_metrics}));
  SMELT_ASSIGN_OR_RETURN(auto ledger, Ledger::Open(directory->LedgerPath(), store_metrics));
  SMELT_RETURN_IF_ERROR(ledger->Read(CheckUnfinishedJobs));
  return std::unique_ptr<LocalStores>(
      std::make_unique<Stores>(std::move(directory), std::move(blobs), std::move(ledger),
                               JobStoreOptions{.max_queued = options.max_queued_jobs}));
}

}  // namespace smelt::local
