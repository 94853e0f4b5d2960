// The uploads of FileBlobStore: begun, resumed, restored at start and forgotten.
#include <chrono>
#include <set>
#include <utility>

#include "core/base/log.h"
#include "server/local/file_blob_store.h"

namespace smelt::local {
namespace {

constexpr std::chrono::hours kUploadLifetime{24};
constexpr std::size_t kMaxUploadIdBytes = 64;

bool IsUploadId(const std::string& id) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !id.empty() && id.size() <= kMaxUploadIdBytes &&
         id.find_first_not_of(kAllowed) == std::string::npos;
}

}  // namespace

class FileBlobStore::Session final : public jobs::UploadSession {
 public:
  Session(FileBlobStore& store, std::string id, UploadRef upload, std::uint64_t holder)
      : store_(store), id_(std::move(id)), upload_(std::move(upload)), holder_(holder) {}
  ~Session() override { upload_->Release(holder_); }

  jobs::UploadStatus status() const override { return upload_->told(); }
  Status Append(std::uint64_t offset, ByteSpan bytes) override {
    return upload_->Append(holder_, offset, bytes);
  }
  Status Commit() override { return upload_->Commit(holder_); }
  Status Seal() override {
    const bool sealed_before = upload_->sealed();
    Status sealed = upload_->Seal(holder_);
    if (sealed.ok() && !sealed_before) {
      store_.deps_.blob_metrics.OnUpload(jobs::BlobMetrics::Upload::kSealed);
    }
    if (sealed.reason() == Reason::kDigestMismatch) {
      store_.deps_.blob_metrics.OnUpload(jobs::BlobMetrics::Upload::kMismatch);
      store_.Forget(id_, upload_.get());
    }
    return sealed;
  }

 private:
  FileBlobStore& store_;
  const std::string id_;
  const UploadRef upload_;
  const std::uint64_t holder_;
};

// An upload of a blob that is stored already: nothing is left to do.
class FileBlobStore::SealedSession final : public jobs::UploadSession {
 public:
  explicit SealedSession(std::uint64_t size_bytes) : size_bytes_(size_bytes) {}
  jobs::UploadStatus status() const override {
    return {.committed_bytes = size_bytes_, .sealed = true};
  }
  Status Append(std::uint64_t /*offset*/, ByteSpan /*bytes*/) override { return Status::Ok(); }
  Status Commit() override { return Status::Ok(); }
  Status Seal() override { return Status::Ok(); }

 private:
  const std::uint64_t size_bytes_;
};

Status FileBlobStore::RestoreUploads() {
  const std::string directory = options_.directory + "/uploads";
  SMELT_ASSIGN_OR_RETURN(const std::vector<std::string> names, deps_.fs.List(directory));
  const std::set<std::string> present(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::size_t dot = name.rfind('.');
    const std::string id = name.substr(0, dot);
    if (name == id + ".meta" && IsUploadId(id)) {
      SMELT_ASSIGN_OR_RETURN(std::unique_ptr<FileUpload> upload,
                             FileUpload::Recover(disk_, *files_, deps_.clock, PlaceOf(id)));
      if (upload != nullptr) uploads_[id] = std::move(upload);
    } else if (!present.contains(id + ".meta")) {
      // A part of which nothing was durable.
      SMELT_RETURN_IF_ERROR(deps_.fs.Remove(directory + "/" + name));
    }
  }
  return Status::Ok();
}

UploadPlace FileBlobStore::PlaceOf(const std::string& upload_id) const {
  const std::string directory = options_.directory + "/uploads";
  return {.directory = directory,
          .part = directory + "/" + upload_id + ".part",
          .meta = directory + "/" + upload_id + ".meta",
          .sync_every_bytes = options_.sync_every_bytes,
          .sync_every = options_.sync_every};
}

// Sealed, but its blob was lost since: there is nothing to remember of it.
bool FileBlobStore::Vanished(const FileUpload& upload) {
  return upload.sealed() && !files_->Has(upload.digest());
}

Result<FileBlobStore::UploadRef> FileBlobStore::FindOrStart(const std::string& upload_id,
                                                            const Digest& digest) {
  std::lock_guard lock(mutex_);
  if (const auto found = uploads_.find(upload_id);
      found != uploads_.end() && !Vanished(*found->second)) {
    if (found->second->digest() == digest) {
      deps_.blob_metrics.OnUpload(jobs::BlobMetrics::Upload::kResumed);
      return found->second;
    }
    return Status(
        Reason::kInvalidArgument,
        "upload " + upload_id + " was begun for another blob, " + found->second->digest().Hex());
  }
  SMELT_RETURN_IF_ERROR(CheckSpace(digest.size_bytes));
  auto upload =
      std::make_shared<FileUpload>(disk_, *files_, deps_.clock, PlaceOf(upload_id), digest);
  uploads_[upload_id] = upload;
  return upload;
}

Result<std::unique_ptr<jobs::UploadSession>> FileBlobStore::OpenUpload(const std::string& upload_id,
                                                                       const Digest& digest) {
  if (!IsUploadId(upload_id)) {
    return Status(Reason::kInvalidArgument, "an upload id has 1 to 64 of [A-Za-z0-9_-]");
  }
  if (digest.size_bytes > options_.max_blob_bytes) {
    return Status(Reason::kBlobTooLarge, "a blob of " + std::to_string(digest.size_bytes) +
                                             " bytes; the limit is " +
                                             std::to_string(options_.max_blob_bytes));
  }
  if (files_->Has(digest)) {
    deps_.blob_metrics.OnUpload(jobs::BlobMetrics::Upload::kDuplicate);
    return std::unique_ptr<jobs::UploadSession>(std::make_unique<SealedSession>(digest.size_bytes));
  }
  SMELT_ASSIGN_OR_RETURN(UploadRef upload, FindOrStart(upload_id, digest));
  SMELT_ASSIGN_OR_RETURN(const std::uint64_t holder, upload->TakeOver());
  auto session = std::make_unique<Session>(*this, upload_id, std::move(upload), holder);
  const jobs::UploadStatus status = session->status();
  if (!status.sealed) {
    SMELT_RETURN_IF_ERROR(CheckSpace(digest.size_bytes - status.committed_bytes));
  }
  return std::unique_ptr<jobs::UploadSession>(std::move(session));
}

Result<jobs::UploadStatus> FileBlobStore::QueryUpload(const std::string& upload_id) {
  UploadRef upload;
  {
    std::lock_guard lock(mutex_);
    const auto found = uploads_.find(upload_id);
    if (found != uploads_.end()) upload = found->second;
  }
  if (upload == nullptr || Vanished(*upload)) {
    return Status(Reason::kUploadNotFound, "there is no upload " + upload_id);
  }
  return upload->Query();
}

void FileBlobStore::Forget(const std::string& upload_id, const FileUpload* upload) {
  std::lock_guard lock(mutex_);
  const auto found = uploads_.find(upload_id);
  if (found != uploads_.end() && found->second.get() == upload) uploads_.erase(found);
}

Result<std::size_t> FileBlobStore::SweepUploads() {
  const Clock::WallTime oldest = deps_.clock.Wall() - kUploadLifetime;
  std::vector<std::pair<std::string, UploadRef>> expired;
  {
    std::lock_guard lock(mutex_);
    expired.assign(uploads_.begin(), uploads_.end());
  }
  // Not under the lock: an upload that is at work may hold its own for long.
  std::erase_if(expired, [&](const auto& entry) { return entry.second->last_used() >= oldest; });
  std::size_t removed = 0;
  for (const auto& [id, upload] : expired) {
    Forget(id, upload.get());
    if (upload->sealed()) continue;
    SMELT_RETURN_IF_ERROR(upload->Discard());
    deps_.blob_metrics.OnUpload(jobs::BlobMetrics::Upload::kExpired);
    Log(LogLevel::kInfo, "upload_expired", {{"upload", id}});
    ++removed;
  }
  return removed;
}

}  // namespace smelt::local
