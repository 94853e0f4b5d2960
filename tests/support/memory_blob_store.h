// MemoryBlobStore: blobs in memory, for tests of what stands on them. Its descriptors are memfds.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "server/jobs/blob_store.h"

namespace smelt::test {

// Safe for calls from any thread.
class MemoryBlobStore final : public jobs::BlobStore {
 public:
  // `clock` outlives it.
  explicit MemoryBlobStore(const Clock& clock, std::uint64_t max_blob_bytes = 1 << 30);
  ~MemoryBlobStore() override;

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

  void Remove(const Digest& digest);
  // Called within Open, before anything is looked at.
  std::function<void()> on_open;
  // The next calls of Seal (of a temporary blob) return this status, while `times` lasts.
  void FailSeal(Status status, int times);

 private:
  struct Upload;
  class Session;

  const Clock& clock_;
  const std::uint64_t max_blob_bytes_;
  mutable std::mutex mutex_;
  std::map<Digest, std::vector<std::byte>> blobs_;
  std::map<std::string, std::shared_ptr<Upload>> uploads_;  // shared with their sessions
  Status seal_failure_;
  int seal_failures_ = 0;
};

}  // namespace smelt::test
