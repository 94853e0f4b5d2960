// FileUpload: one partial blob, `uploads/<id>.part`, and how far it is durable.
//
// Durable means synced data *and* a synced record of it; the record is synced only when somebody is
// told the number, so that a stream pays one sync a step. The blob's bytes are hashed as they
// come; after a restart the durable part is hashed again. Descriptors are open only while somebody
// holds the upload: thousands may be waiting for their clients to come back.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/digest.h"
#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "server/jobs/blob_store.h"
#include "server/local/blob_files.h"
#include "server/local/disk.h"
#include "server/local/upload_meta.h"

namespace smelt::local {

struct UploadPlace {
  std::string directory;
  std::string part;
  std::string meta;
  // How often a long stream becomes durable: whichever comes first.
  std::uint64_t sync_every_bytes = 0;
  std::chrono::milliseconds sync_every{0};
};

// An upload that finds the disk full is discarded, so that its bytes do not take the space from
// everybody else until it expires.
//
// Safe for calls from any thread; one caller at a time, the newest holder wins.
class FileUpload {
 public:
  FileUpload(Disk disk, BlobFiles& blobs, const Clock& clock, UploadPlace place, Digest digest);

  // Restores what an earlier process left: truncates the part to what was durable. Nothing (and the
  // files are gone) when no byte of it was.
  static Result<std::unique_ptr<FileUpload>> Recover(Disk disk, BlobFiles& blobs,
                                                     const Clock& clock, UploadPlace place);

  // Makes everything received durable and hands the upload to a new holder; the number names it.
  Result<std::uint64_t> TakeOver();
  // For the present holder; kConcurrentUpdate for an earlier one.
  Status Append(std::uint64_t holder, std::uint64_t offset, ByteSpan bytes);
  Status Commit(std::uint64_t holder);
  Status Seal(std::uint64_t holder);
  // The holder goes away; nothing happens when another one has come.
  void Release(std::uint64_t holder);

  // For anybody. The number is durable.
  Result<jobs::UploadStatus> Query();
  jobs::UploadStatus told() const;
  const Digest& digest() const { return digest_; }
  bool sealed() const { return sealed_; }
  Clock::WallTime last_used() const;
  // Removes the files and sends the holder away.
  Status Discard();

 private:
  Status CheckHolder(std::uint64_t holder) const;
  Status Resume();  // what TakeOver may fail at
  Status Take(std::uint64_t offset, ByteSpan bytes);
  Status Publish();
  Status DiscardIfFull(Status status);
  Status OpenPart();
  void CloseFiles();
  Status SyncPart();  // data and its record, the record not yet synced
  Status Settle();    // the record too
  Status Rehash();
  Status RemoveFiles();
  void Forget();  // drops what was not durable

  const Disk disk_;
  BlobFiles& blobs_;
  const Clock& clock_;
  const UploadPlace place_;
  const Digest digest_;

  mutable std::mutex mutex_;
  UniqueFd part_;
  std::optional<UploadMeta> meta_;
  std::optional<Hasher> hasher_;  // of the first received_ bytes; absent: hash again
  std::uint64_t received_ = 0;
  std::uint64_t committed_ = 0;  // synced and recorded
  std::uint64_t told_ = 0;       // and the record synced
  bool names_synced_ = false;
  std::atomic<bool> sealed_ = false;  // read also by who must not wait for the disk
  std::uint64_t holder_ = 0;
  bool held_ = false;
  Clock::SteadyTime last_sync_;
  Clock::WallTime last_used_;
};

}  // namespace smelt::local
