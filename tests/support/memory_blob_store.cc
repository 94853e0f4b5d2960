#include "tests/support/memory_blob_store.h"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/base/file_system.h"

namespace smelt::test {
namespace {

Result<UniqueFd> MemoryFile(ByteSpan bytes) {
  UniqueFd fd(::memfd_create("smelt-test", MFD_CLOEXEC));
  if (!fd.valid()) return Status(Reason::kIoError, "memfd_create");
  SMELT_RETURN_IF_ERROR(FileSystem::Real().WriteAt(fd.get(), 0, bytes));
  return fd;
}

class Temp final : public jobs::TempBlob {
 public:
  explicit Temp(UniqueFd fd) : fd_(std::move(fd)) {}
  int fd() const override { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace

struct MemoryBlobStore::Upload {
  Digest digest;
  std::vector<std::byte> bytes;
  std::uint64_t committed = 0;
  bool sealed = false;
  std::uint64_t holder = 0;
  Clock::WallTime last_used;
};

class MemoryBlobStore::Session final : public jobs::UploadSession {
 public:
  Session(MemoryBlobStore& store, std::string id, std::shared_ptr<Upload> upload)
      : store_(store), id_(std::move(id)), upload_(std::move(upload)), holder_(upload_->holder) {}

  jobs::UploadStatus status() const override {
    std::lock_guard lock(store_.mutex_);
    return {.committed_bytes = upload_->committed, .sealed = upload_->sealed};
  }
  Status Append(std::uint64_t offset, ByteSpan bytes) override {
    std::lock_guard lock(store_.mutex_);
    SMELT_RETURN_IF_ERROR(CheckHolder());
    if (upload_->sealed) return Status::Ok();
    std::vector<std::byte>& received = upload_->bytes;
    if (offset > received.size()) {
      return Status(Reason::kWriteOffset,
                    "committed: " + std::to_string(upload_->committed) + " bytes");
    }
    if (offset + bytes.size() > upload_->digest.size_bytes) {
      return Status(Reason::kBlobTooLarge, "past the announced size");
    }
    const std::size_t known = std::min<std::size_t>(received.size() - offset, bytes.size());
    received.insert(received.end(), bytes.begin() + static_cast<std::ptrdiff_t>(known),
                    bytes.end());
    return Status::Ok();
  }
  Status Commit() override {
    std::lock_guard lock(store_.mutex_);
    SMELT_RETURN_IF_ERROR(CheckHolder());
    if (!upload_->sealed) upload_->committed = upload_->bytes.size();
    return Status::Ok();
  }
  Status Seal() override {
    std::lock_guard lock(store_.mutex_);
    SMELT_RETURN_IF_ERROR(CheckHolder());
    if (upload_->sealed) return Status::Ok();
    if (upload_->bytes.size() != upload_->digest.size_bytes) {
      return Status(Reason::kWriteOffset, "incomplete");
    }
    if (Digest::Of(upload_->bytes) != upload_->digest) {
      ++upload_->holder;
      store_.uploads_.erase(id_);
      return Status(Reason::kDigestMismatch, "other bytes");
    }
    store_.blobs_[upload_->digest] = upload_->bytes;
    upload_->committed = upload_->bytes.size();
    upload_->sealed = true;
    return Status::Ok();
  }

 private:
  Status CheckHolder() const {
    if (holder_ == upload_->holder) return Status::Ok();
    return Status(Reason::kConcurrentUpdate, "taken over");
  }

  MemoryBlobStore& store_;
  const std::string id_;
  const std::shared_ptr<Upload> upload_;
  const std::uint64_t holder_;
};

MemoryBlobStore::MemoryBlobStore(const Clock& clock, std::uint64_t max_blob_bytes)
    : clock_(clock), max_blob_bytes_(max_blob_bytes) {
  blobs_[Digest::Of({})];
}
MemoryBlobStore::~MemoryBlobStore() = default;

Result<std::vector<Digest>> MemoryBlobStore::FindMissing(std::span<const Digest> digests) {
  std::lock_guard lock(mutex_);
  std::vector<Digest> missing;
  std::copy_if(digests.begin(), digests.end(), std::back_inserter(missing),
               [&](const Digest& digest) { return !blobs_.contains(digest); });
  return missing;
}

Result<UniqueFd> MemoryBlobStore::Open(const Digest& digest, const std::stop_token& stop) {
  if (on_open) on_open();
  if (stop.stop_requested()) return Status(Reason::kCancelled, "asked to stop");
  std::lock_guard lock(mutex_);
  const auto found = blobs_.find(digest);
  if (found == blobs_.end()) return Status(Reason::kBlobMissing, digest.Hex());
  return MemoryFile(found->second);
}

Result<std::unique_ptr<jobs::TempBlob>> MemoryBlobStore::CreateTemp() {
  SMELT_ASSIGN_OR_RETURN(UniqueFd fd, MemoryFile({}));
  return std::unique_ptr<jobs::TempBlob>(std::make_unique<Temp>(std::move(fd)));
}

Result<Digest> MemoryBlobStore::Seal(std::unique_ptr<jobs::TempBlob> temp,
                                     const std::optional<Digest>& expected) {
  {
    std::lock_guard lock(mutex_);
    if (seal_failures_ > 0) {
      --seal_failures_;
      return seal_failure_;
    }
  }
  SMELT_ASSIGN_OR_RETURN(const std::uint64_t size, FileSystem::Real().Size(temp->fd()));
  std::vector<std::byte> bytes(size);
  SMELT_ASSIGN_OR_RETURN([[maybe_unused]] const std::size_t got,
                         FileSystem::Real().ReadAt(temp->fd(), 0, bytes));
  if (expected && *expected != Digest::Of(bytes)) {
    return Status(Reason::kDigestMismatch, "other bytes than announced");
  }
  return Put(bytes);
}

Result<std::unique_ptr<jobs::UploadSession>> MemoryBlobStore::OpenUpload(
    const std::string& upload_id, const Digest& digest) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  if (upload_id.empty() || upload_id.size() > 64 ||
      upload_id.find_first_not_of(kAllowed) != std::string::npos) {
    return Status(Reason::kInvalidArgument, "not an upload id");
  }
  if (digest.size_bytes > max_blob_bytes_) return Status(Reason::kBlobTooLarge, "too large");
  std::lock_guard lock(mutex_);
  if (blobs_.contains(digest)) {
    auto done = std::make_shared<Upload>();
    done->digest = digest;
    done->committed = digest.size_bytes;
    done->sealed = true;
    return std::unique_ptr<jobs::UploadSession>(
        std::make_unique<Session>(*this, upload_id, std::move(done)));
  }
  std::shared_ptr<Upload>& upload = uploads_[upload_id];
  if (upload == nullptr || upload->sealed) {
    upload = std::make_shared<Upload>();
    upload->digest = digest;
  }
  if (upload->digest != digest) return Status(Reason::kInvalidArgument, "begun for another blob");
  ++upload->holder;
  upload->committed = upload->bytes.size();
  upload->last_used = clock_.Wall();
  return std::unique_ptr<jobs::UploadSession>(std::make_unique<Session>(*this, upload_id, upload));
}

Result<jobs::UploadStatus> MemoryBlobStore::QueryUpload(const std::string& upload_id) {
  std::lock_guard lock(mutex_);
  const auto found = uploads_.find(upload_id);
  if (found == uploads_.end() ||
      (found->second->sealed && !blobs_.contains(found->second->digest))) {
    return Status(Reason::kUploadNotFound, upload_id);
  }
  return jobs::UploadStatus{.committed_bytes = found->second->committed,
                            .sealed = found->second->sealed};
}

Result<std::size_t> MemoryBlobStore::SweepUploads() {
  std::lock_guard lock(mutex_);
  const Clock::WallTime oldest = clock_.Wall() - std::chrono::hours(24);
  std::size_t removed = 0;
  for (auto entry = uploads_.begin(); entry != uploads_.end();) {
    if (entry->second->last_used < oldest) {
      if (!entry->second->sealed) ++removed;
      ++entry->second->holder;
      entry = uploads_.erase(entry);
    } else {
      ++entry;
    }
  }
  return removed;
}

std::uint64_t MemoryBlobStore::TotalBytes() const {
  std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const auto& [digest, bytes] : blobs_) total += bytes.size();
  return total;
}

Result<Digest> MemoryBlobStore::PutPiece(const jobs::TempBlob& from, std::uint64_t offset,
                                         const Digest& expected) {
  std::vector<std::byte> bytes(expected.size_bytes);
  SMELT_ASSIGN_OR_RETURN(const std::size_t n, FileSystem::Real().ReadAt(from.fd(), offset, bytes));
  if (n != bytes.size() || Digest::Of(bytes) != expected) {
    return Status(Reason::kDigestMismatch, "the piece is not the announced one");
  }
  return Put(bytes);
}

Result<Digest> MemoryBlobStore::Put(ByteSpan bytes) {
  std::lock_guard lock(mutex_);
  const Digest digest = Digest::Of(bytes);
  blobs_[digest] = {bytes.begin(), bytes.end()};
  return digest;
}

void MemoryBlobStore::Remove(const Digest& digest) {
  std::lock_guard lock(mutex_);
  blobs_.erase(digest);
}

void MemoryBlobStore::FailSeal(Status status, int times) {
  std::lock_guard lock(mutex_);
  seal_failure_ = std::move(status);
  seal_failures_ = times;
}

}  // namespace smelt::test
