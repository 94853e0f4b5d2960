#include "server/local/file_upload.h"

#include <algorithm>
#include <utility>

namespace smelt::local {
namespace {

// Enough for the disk to work on, little enough that the last sync is short.
constexpr std::uint64_t kWritebackBytes = std::uint64_t{4} << 20;

Status OffsetRefused(std::uint64_t offset, std::uint64_t committed) {
  return Status(Reason::kWriteOffset, "offset " + std::to_string(offset) +
                                          " does not follow what was received; committed: " +
                                          std::to_string(committed) + " bytes");
}

}  // namespace

FileUpload::FileUpload(Disk disk, BlobFiles& blobs, const Clock& clock, UploadPlace place,
                       Digest digest)
    : disk_(disk),
      blobs_(blobs),
      clock_(clock),
      place_(std::move(place)),
      digest_(digest),
      hasher_(Hasher()),
      last_sync_(clock.Now()),
      last_used_(clock.Wall()) {}

Result<std::unique_ptr<FileUpload>> FileUpload::Recover(Disk disk, BlobFiles& blobs,
                                                        const Clock& clock, UploadPlace place) {
  SMELT_ASSIGN_OR_RETURN(std::optional<UploadMeta> meta, UploadMeta::Open(disk.fs, place.meta));
  SMELT_ASSIGN_OR_RETURN(const std::optional<FileInfo> part, disk.fs.Stat(place.part));
  // Without its part the blob was placed already; a part shorter than its record can't be trusted.
  if (!meta || !part || part->size_bytes < meta->committed_bytes()) {
    SMELT_RETURN_IF_ERROR(disk.fs.Remove(place.part));
    SMELT_RETURN_IF_ERROR(disk.fs.Remove(place.meta));
    return std::unique_ptr<FileUpload>();
  }
  auto upload = std::make_unique<FileUpload>(disk, blobs, clock, std::move(place), meta->digest());
  SMELT_RETURN_IF_ERROR(upload->OpenPart());
  SMELT_RETURN_IF_ERROR(disk.fs.Truncate(upload->part_.get(), meta->committed_bytes()));
  upload->received_ = upload->committed_ = meta->committed_bytes();
  upload->hasher_.reset();
  upload->meta_ = std::move(meta);
  upload->CloseFiles();
  upload->last_used_ = part->modified;
  return upload;
}

Status FileUpload::CheckHolder(std::uint64_t holder) const {
  if (holder == holder_) return Status::Ok();
  return Status(Reason::kConcurrentUpdate, "another stream has taken over this upload");
}

Status FileUpload::OpenPart() {
  if (part_.valid()) return Status::Ok();
  SMELT_ASSIGN_OR_RETURN(const std::optional<FileInfo> info, disk_.fs.Stat(place_.part));
  SMELT_ASSIGN_OR_RETURN(
      part_, disk_.fs.Open(place_.part, info ? OpenMode::kReadWrite : OpenMode::kCreate));
  return Status::Ok();
}

void FileUpload::CloseFiles() {
  part_.Reset();
  if (meta_) meta_->Close();
}

Result<std::uint64_t> FileUpload::TakeOver() {
  std::lock_guard lock(mutex_);
  ++holder_;
  last_used_ = clock_.Wall();
  if (sealed_) return holder_;
  const Status resumed = DiscardIfFull(Resume());
  held_ = resumed.ok();
  if (held_) return holder_;
  CloseFiles();
  return resumed;
}

Status FileUpload::Resume() {
  if (received_ > 0) {
    SMELT_ASSIGN_OR_RETURN(const std::optional<FileInfo> part, disk_.fs.Stat(place_.part));
    // Somebody removed or cut it behind our back.
    if (!part || part->size_bytes < received_) return RemoveFiles();
    SMELT_RETURN_IF_ERROR(SyncPart());
    SMELT_RETURN_IF_ERROR(Settle());
  }
  return hasher_ ? Status::Ok() : Rehash();
}

void FileUpload::Release(std::uint64_t holder) {
  std::lock_guard lock(mutex_);
  if (holder != holder_) return;
  held_ = false;
  CloseFiles();
}

Status FileUpload::Rehash() {
  SMELT_RETURN_IF_ERROR(OpenPart());
  Hasher hasher;
  SMELT_RETURN_IF_ERROR(disk_.Hash(part_.get(), received_, hasher, {}));
  hasher_ = std::move(hasher);
  return Status::Ok();
}

Status FileUpload::Append(std::uint64_t holder, std::uint64_t offset, ByteSpan bytes) {
  std::lock_guard lock(mutex_);
  SMELT_RETURN_IF_ERROR(CheckHolder(holder));
  last_used_ = clock_.Wall();
  if (sealed_) return Status::Ok();
  return DiscardIfFull(Take(offset, bytes));
}

Status FileUpload::Take(std::uint64_t offset, ByteSpan bytes) {
  if (offset > received_) return OffsetRefused(offset, told_);
  if (offset > digest_.size_bytes || bytes.size() > digest_.size_bytes - offset) {
    return Status(Reason::kBlobTooLarge, "the upload was announced with " +
                                             std::to_string(digest_.size_bytes) +
                                             " bytes and goes on past them");
  }
  // A client that resumes at the committed size repeats what was received after it.
  const std::uint64_t known = std::min<std::uint64_t>(received_ - offset, bytes.size());
  const ByteSpan fresh = bytes.subspan(known);
  if (fresh.empty()) return Status::Ok();
  SMELT_RETURN_IF_ERROR(OpenPart());
  SMELT_RETURN_IF_ERROR(disk_.fs.WriteAt(part_.get(), received_, fresh));
  hasher_->Update(fresh);
  const std::uint64_t before = received_;
  received_ += fresh.size();
  if (before / kWritebackBytes != received_ / kWritebackBytes) {
    disk_.fs.StartWriteback(part_.get());
  }
  const bool due = received_ - committed_ >= place_.sync_every_bytes ||
                   clock_.Now() - last_sync_ >= place_.sync_every;
  // The end is synced by Seal.
  return due && received_ != digest_.size_bytes ? SyncPart() : Status::Ok();
}

Status FileUpload::SyncPart() {
  if (received_ == committed_) return Status::Ok();
  SMELT_RETURN_IF_ERROR(OpenPart());
  if (Status synced = disk_.SyncData(part_.get()); !synced.ok()) {
    // The kernel may have dropped what it could not write: only the committed bytes are certain.
    Forget();
    return synced;
  }
  if (!meta_) {
    // A leftover that was never finished.
    SMELT_RETURN_IF_ERROR(disk_.fs.Remove(place_.meta));
    SMELT_ASSIGN_OR_RETURN(meta_, UploadMeta::Create(disk_.fs, place_.meta, digest_));
  }
  SMELT_RETURN_IF_ERROR(meta_->Record(received_));
  committed_ = received_;
  last_sync_ = clock_.Now();
  return Status::Ok();
}

Status FileUpload::Settle() {
  if (told_ == committed_) return Status::Ok();
  SMELT_RETURN_IF_ERROR(meta_->Sync(disk_));
  if (!names_synced_) {
    SMELT_RETURN_IF_ERROR(disk_.SyncDirectory(place_.directory));
    names_synced_ = true;
  }
  told_ = committed_;
  return Status::Ok();
}

void FileUpload::Forget() {
  received_ = committed_;
  hasher_.reset();
  ++holder_;  // the stream has to begin again, at the committed size
  held_ = false;
  CloseFiles();
}

Status FileUpload::Commit(std::uint64_t holder) {
  std::lock_guard lock(mutex_);
  SMELT_RETURN_IF_ERROR(CheckHolder(holder));
  if (sealed_ || received_ == 0) return Status::Ok();
  SMELT_RETURN_IF_ERROR(DiscardIfFull(SyncPart()));
  return DiscardIfFull(Settle());
}

Status FileUpload::DiscardIfFull(Status status) {
  if (status.reason() != Reason::kStorageFull) return status;
  ++holder_;
  held_ = false;
  const std::uint64_t received = received_;
  SMELT_RETURN_IF_ERROR(RemoveFiles());
  return Status(Reason::kStorageFull,
                std::string(status.message()) + "; the upload's " + std::to_string(received) +
                    " of " + std::to_string(digest_.size_bytes) + " bytes were discarded");
}

Status FileUpload::Seal(std::uint64_t holder) {
  std::lock_guard lock(mutex_);
  SMELT_RETURN_IF_ERROR(CheckHolder(holder));
  if (sealed_) return Status::Ok();
  return DiscardIfFull(Publish());
}

Status FileUpload::Publish() {
  if (received_ != digest_.size_bytes) return OffsetRefused(received_, told_);
  const Digest actual = hasher_->Finish();
  hasher_.reset();  // spent: who tries again hashes what is on disk
  if (actual != digest_) {
    ++holder_;
    SMELT_RETURN_IF_ERROR(RemoveFiles());
    return Status(Reason::kDigestMismatch, "the bytes received have the SHA-256 " + actual.Hex() +
                                               " instead of " + digest_.Hex());
  }
  SMELT_RETURN_IF_ERROR(OpenPart());
  if (Status placed = blobs_.Publish(part_.get(), place_.part, digest_); !placed.ok()) {
    Forget();
    return placed;
  }
  sealed_ = true;
  received_ = committed_ = told_ = digest_.size_bytes;
  part_.Reset();
  meta_.reset();
  // The blob is stored; a leftover record is removed at the next start.
  return disk_.fs.Remove(place_.meta);
}

Result<jobs::UploadStatus> FileUpload::Query() {
  std::lock_guard lock(mutex_);
  if (!sealed_) {
    const Status settled = DiscardIfFull(Settle());
    if (!held_) CloseFiles();
    SMELT_RETURN_IF_ERROR(settled);
  }
  return jobs::UploadStatus{.committed_bytes = told_, .sealed = sealed_};
}

jobs::UploadStatus FileUpload::told() const {
  std::lock_guard lock(mutex_);
  return {.committed_bytes = told_, .sealed = sealed_};
}

Clock::WallTime FileUpload::last_used() const {
  std::lock_guard lock(mutex_);
  return last_used_;
}

Status FileUpload::RemoveFiles() {
  part_.Reset();
  meta_.reset();
  hasher_ = Hasher();
  received_ = committed_ = told_ = 0;
  SMELT_RETURN_IF_ERROR(disk_.fs.Remove(place_.meta));
  return disk_.fs.Remove(place_.part);
}

Status FileUpload::Discard() {
  std::lock_guard lock(mutex_);
  ++holder_;
  return sealed_ ? Status::Ok() : RemoveFiles();
}

}  // namespace smelt::local
