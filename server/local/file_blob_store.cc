#include "server/local/file_blob_store.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <utility>

#include "core/base/log.h"

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

class FileBlobStore::Temp final : public jobs::TempBlob {
 public:
  Temp(FileSystem& fs, std::string path, UniqueFd fd)
      : fs_(fs), path_(std::move(path)), fd_(std::move(fd)) {}
  ~Temp() override {
    // Gone already once it was sealed; what can't be removed goes at the next start.
    if (Status removed = fs_.Remove(path_); !removed.ok()) {
      Log(LogLevel::kWarning, "temp_not_removed", {{"error", removed.ToString()}});
    }
  }
  int fd() const override { return fd_.get(); }
  const std::string& path() const { return path_; }

 private:
  FileSystem& fs_;
  std::string path_;
  UniqueFd fd_;
};

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

FileBlobStore::FileBlobStore(BlobStoreOptions options, BlobStoreDeps deps)
    : options_(std::move(options)), deps_(deps), disk_{deps.fs, deps.store_metrics} {}

Result<std::unique_ptr<FileBlobStore>> FileBlobStore::Open(BlobStoreOptions options,
                                                           BlobStoreDeps deps) {
  std::unique_ptr<FileBlobStore> store(new FileBlobStore(std::move(options), deps));
  SMELT_RETURN_IF_ERROR(store->Prepare());
  return store;
}

Status FileBlobStore::Prepare() {
  for (const char* name : {"/cas", "/tmp", "/uploads"}) {
    SMELT_ASSIGN_OR_RETURN([[maybe_unused]] const bool made,
                           deps_.fs.MakeDirectory(options_.directory + name));
  }
  SMELT_RETURN_IF_ERROR(disk_.SyncDirectory(options_.directory));
  SMELT_RETURN_IF_ERROR(EmptyTemp());
  SMELT_ASSIGN_OR_RETURN(files_, BlobFiles::Open(disk_, options_.directory + "/cas"));
  SMELT_RETURN_IF_ERROR(RestoreUploads());
  return Put({}).status();
}

Status FileBlobStore::EmptyTemp() {
  const std::string directory = options_.directory + "/tmp";
  SMELT_ASSIGN_OR_RETURN(const std::vector<std::string> names, deps_.fs.List(directory));
  for (const std::string& name : names) {
    SMELT_RETURN_IF_ERROR(deps_.fs.Remove(directory + "/" + name));
  }
  return Status::Ok();
}

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

Result<std::vector<Digest>> FileBlobStore::FindMissing(std::span<const Digest> digests) {
  std::vector<Digest> missing;
  std::copy_if(digests.begin(), digests.end(), std::back_inserter(missing),
               [&](const Digest& digest) { return !files_->Has(digest); });
  return missing;
}

Result<UniqueFd> FileBlobStore::Open(const Digest& digest, const std::stop_token& stop) {
  return files_->OpenRead(digest, stop);
}

Result<std::unique_ptr<jobs::TempBlob>> FileBlobStore::CreateTemp() {
  const std::string path = options_.directory + "/tmp/" + std::to_string(next_temp_++);
  SMELT_ASSIGN_OR_RETURN(UniqueFd fd, deps_.fs.Open(path, OpenMode::kCreate));
  return std::unique_ptr<jobs::TempBlob>(std::make_unique<Temp>(deps_.fs, path, std::move(fd)));
}

Result<Digest> FileBlobStore::Seal(std::unique_ptr<jobs::TempBlob> temp,
                                   const std::optional<Digest>& expected) {
  const Temp& file = static_cast<const Temp&>(*temp);  // made by CreateTemp, as every TempBlob here
  SMELT_ASSIGN_OR_RETURN(const std::uint64_t size, deps_.fs.Size(file.fd()));
  deps_.fs.StartWriteback(file.fd());  // beside the hashing
  Hasher hasher;
  SMELT_RETURN_IF_ERROR(disk_.Hash(file.fd(), size, hasher, {}));
  const Digest digest = hasher.Finish();
  if (expected && *expected != digest) {
    return Status(Reason::kDigestMismatch, "the file has the SHA-256 " + digest.Hex() + " and " +
                                               std::to_string(size) + " bytes, announced were " +
                                               expected->Hex() + " and " +
                                               std::to_string(expected->size_bytes));
  }
  if (!files_->Has(digest)) {
    SMELT_RETURN_IF_ERROR(files_->Publish(file.fd(), file.path(), digest));
  }
  return digest;
}

Result<Digest> FileBlobStore::PutPiece(const jobs::TempBlob& from, std::uint64_t offset,
                                       const Digest& expected) {
  constexpr std::uint64_t kBlockBytes = 256 * 1024;
  SMELT_ASSIGN_OR_RETURN(const std::uint64_t size, deps_.fs.Size(from.fd()));
  if (offset > size || expected.size_bytes > size - offset) {
    return Status(Reason::kDigestMismatch, "the file has " + std::to_string(size) +
                                               " bytes; a piece of " +
                                               std::to_string(expected.size_bytes) + " at " +
                                               std::to_string(offset) + " was announced");
  }
  SMELT_ASSIGN_OR_RETURN(std::unique_ptr<jobs::TempBlob> temp, CreateTemp());
  std::vector<std::byte> block(std::min(kBlockBytes, expected.size_bytes));
  for (std::uint64_t done = 0; done < expected.size_bytes;) {
    const std::uint64_t wanted = std::min(kBlockBytes, expected.size_bytes - done);
    const std::span<std::byte> part = std::span(block).first(wanted);
    SMELT_ASSIGN_OR_RETURN(const std::size_t n, deps_.fs.ReadAt(from.fd(), offset + done, part));
    if (n == 0) return Status(Reason::kIoError, "a worker's file became shorter");
    SMELT_RETURN_IF_ERROR(deps_.fs.WriteAt(temp->fd(), done, part.first(n)));
    done += n;
  }
  return Seal(std::move(temp), expected);
}

Result<Digest> FileBlobStore::Put(ByteSpan bytes) {
  const Digest digest = Digest::Of(bytes);
  if (files_->Has(digest)) return digest;
  SMELT_ASSIGN_OR_RETURN(std::unique_ptr<jobs::TempBlob> temp, CreateTemp());
  SMELT_RETURN_IF_ERROR(deps_.fs.WriteAt(temp->fd(), 0, bytes));
  return Seal(std::move(temp), digest);
}

// Whether `needed` more bytes fit.
Status FileBlobStore::CheckSpace(std::uint64_t needed) const {
  SMELT_ASSIGN_OR_RETURN(const std::uint64_t found, deps_.fs.FreeBytes(options_.directory));
  const std::uint64_t kept = options_.min_free_bytes;
  if (found >= kept && found - kept >= needed) return Status::Ok();
  return Status(Reason::kStorageFull, "the disk of " + options_.directory + " has " +
                                          std::to_string(found) + " bytes free; " +
                                          std::to_string(needed) + " are needed and " +
                                          std::to_string(kept) + " are kept free");
}

Status FileBlobStore::CheckWritable() {
  SMELT_RETURN_IF_ERROR(CheckSpace(0));
  for (const char* name : {"/cas", "/uploads"}) {  // that of tmp/ is found below
    const std::string path = options_.directory + name;
    SMELT_ASSIGN_OR_RETURN(const std::optional<FileInfo> found, deps_.fs.Stat(path));
    if (!found || !found->is_directory) {
      return Status(Reason::kIoError, "the directory " + path + " is gone");
    }
  }
  constexpr std::array<std::byte, 4096> kProbe{};
  SMELT_ASSIGN_OR_RETURN(const std::unique_ptr<jobs::TempBlob> probe, CreateTemp());
  return deps_.fs.WriteAt(probe->fd(), 0, kProbe);
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

std::uint64_t FileBlobStore::TotalBytes() const { return files_->total_bytes(); }

}  // namespace smelt::local
