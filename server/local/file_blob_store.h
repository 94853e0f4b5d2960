// FileBlobStore: the BlobStore of one node, in files:
//
//   cas/ab/<sha256>          blobs
//   uploads/<id>.part, .meta partial uploads
//   tmp/                     outputs of running workers; emptied at start
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/file_system.h"
#include "server/jobs/blob_store.h"
#include "server/jobs/metrics.h"
#include "server/local/blob_files.h"
#include "server/local/file_upload.h"

namespace smelt::local {

struct BlobStoreOptions {
  std::string directory;  // exists; one store at a time
  std::uint64_t max_blob_bytes = std::uint64_t{64} << 30;
  // Left to the ledger and to reports: with less the store is full.
  std::uint64_t min_free_bytes = std::uint64_t{16} << 20;
  // Of an upload: what a power cut may take from a client that sends, whichever comes first.
  std::uint64_t sync_every_bytes = std::uint64_t{64} << 20;
  std::chrono::milliseconds sync_every{1000};
};

// All of these outlive the store.
struct BlobStoreDeps {
  FileSystem& fs;
  const Clock& clock;
  jobs::StoreMetrics& store_metrics;
  jobs::BlobMetrics& blob_metrics;
};

// Sessions and temporary blobs must not outlive it.
class FileBlobStore final : public jobs::BlobStore {
 public:
  // Empties tmp/, restores uploads, reads the index.
  static Result<std::unique_ptr<FileBlobStore>> Open(BlobStoreOptions options, BlobStoreDeps deps);

  Result<std::vector<Digest>> FindMissing(std::span<const Digest> digests) override;
  using jobs::BlobStore::Open;
  Result<UniqueFd> Open(const Digest& digest, const std::stop_token& stop) override;
  Result<std::unique_ptr<jobs::TempBlob>> CreateTemp() override;
  Result<Digest> Seal(std::unique_ptr<jobs::TempBlob> temp,
                      const std::optional<Digest>& expected) override;
  Result<Digest> PutPiece(const jobs::TempBlob& from, std::uint64_t offset,
                          const Digest& expected) override;
  Result<Digest> Put(ByteSpan bytes) override;
  Result<std::unique_ptr<jobs::UploadSession>> OpenUpload(const std::string& upload_id,
                                                          const Digest& digest) override;
  Result<jobs::UploadStatus> QueryUpload(const std::string& upload_id) override;
  Result<std::size_t> SweepUploads() override;
  std::uint64_t TotalBytes() const override;

  // Writes a little, looks for the directories and at the free space. kStorageFull below
  // BlobStoreOptions' min_free_bytes, kIoError.
  Status CheckWritable();

 private:
  class Temp;
  class Session;
  class SealedSession;
  using UploadRef = std::shared_ptr<FileUpload>;  // shared with the sessions on it

  FileBlobStore(BlobStoreOptions options, BlobStoreDeps deps);
  Status Prepare();
  Status EmptyTemp();
  Status RestoreUploads();
  UploadPlace PlaceOf(const std::string& upload_id) const;
  Result<UploadRef> FindOrStart(const std::string& upload_id, const Digest& digest);
  Status CheckSpace(std::uint64_t needed) const;
  bool Vanished(const FileUpload& upload);
  void Forget(const std::string& upload_id, const FileUpload* upload);

  const BlobStoreOptions options_;
  const BlobStoreDeps deps_;
  const Disk disk_;
  std::unique_ptr<BlobFiles> files_;
  std::atomic<std::uint64_t> next_temp_ = 0;
  std::mutex mutex_;
  std::map<std::string, UploadRef> uploads_;
};

}  // namespace smelt::local
