#include "server/local/blob_files.h"

#include <optional>
#include <utility>

#include "core/base/log.h"

namespace smelt::local {
namespace {

Status Missing(const Digest& digest) {
  return Status(
      Reason::kBlobMissing,
      "blob " + digest.Hex() + " (" + std::to_string(digest.size_bytes) + " bytes) is not stored");
}

}  // namespace

Result<std::unique_ptr<BlobFiles>> BlobFiles::Open(Disk disk, std::string root) {
  std::unique_ptr<BlobFiles> files(new BlobFiles(disk, std::move(root)));
  SMELT_RETURN_IF_ERROR(files->Scan());
  return files;
}

Status BlobFiles::Scan() {
  SMELT_ASSIGN_OR_RETURN(const std::vector<std::string> shards, disk_.fs.List(root_));
  for (const std::string& shard : shards) {
    if (shard.size() == 2) SMELT_RETURN_IF_ERROR(ScanShard(shard));
  }
  return disk_.SyncDirectory(root_);
}

Status BlobFiles::ScanShard(const std::string& shard) {
  const std::string path = root_ + "/" + shard;
  SMELT_ASSIGN_OR_RETURN(const std::vector<std::string> names, disk_.fs.List(path));
  for (const std::string& name : names) {
    SMELT_ASSIGN_OR_RETURN(const std::optional<FileInfo> info, disk_.fs.Stat(path + "/" + name));
    if (!info || info->is_directory || !name.starts_with(shard)) continue;
    const Result<Digest> digest = Digest::FromHex(name, info->size_bytes);
    if (digest.ok()) Insert(*digest, /*verified=*/false);
  }
  return disk_.SyncDirectory(path);
}

std::string BlobFiles::ShardPath(const Digest& digest) const {
  return root_ + "/" + digest.Hex().substr(0, 2);
}

std::string BlobFiles::Path(const Digest& digest) const {
  return ShardPath(digest) + "/" + digest.Hex();
}

bool BlobFiles::Has(const Digest& digest) {
  {
    std::lock_guard lock(mutex_);
    const auto found = index_.find(digest.sha256);
    if (found == index_.end() || found->second.size_bytes != digest.size_bytes) return false;
  }
  const Result<std::optional<FileInfo>> info = disk_.fs.Stat(Path(digest));
  if (!info.ok()) return true;  // a disk that does not answer has not lost it
  if (*info && (*info)->size_bytes == digest.size_bytes) return true;
  Log(LogLevel::kError, "blob_lost", {{"blob", digest.Hex()}});
  Erase(digest);
  return false;
}

Result<UniqueFd> BlobFiles::OpenRead(const Digest& digest, const std::stop_token& stop) {
  bool verified = false;
  {
    std::lock_guard lock(mutex_);
    const auto found = index_.find(digest.sha256);
    if (found == index_.end() || found->second.size_bytes != digest.size_bytes) {
      return Missing(digest);
    }
    verified = found->second.verified;
  }
  SMELT_ASSIGN_OR_RETURN(const std::optional<FileInfo> info, disk_.fs.Stat(Path(digest)));
  if (!info) {  // somebody removed it behind our back
    Erase(digest);
    return Missing(digest);
  }
  SMELT_ASSIGN_OR_RETURN(UniqueFd fd, disk_.fs.Open(Path(digest), OpenMode::kRead));
  SMELT_ASSIGN_OR_RETURN(const std::uint64_t size, disk_.fs.Size(fd.get()));
  Status intact = Status::Ok();
  if (size != digest.size_bytes) {
    intact = Status(Reason::kBlobCorrupt, "blob " + digest.Hex() + " has " + std::to_string(size) +
                                              " bytes on disk instead of " +
                                              std::to_string(digest.size_bytes));
  } else if (!verified) {
    intact = Verify(fd.get(), digest, stop);
  }
  if (intact.ok()) {
    Insert(digest, /*verified=*/true);
    return fd;
  }
  if (intact.reason() == Reason::kCancelled) return intact;
  Log(LogLevel::kError, "blob_corrupt", {{"error", intact.ToString()}});
  if (intact.reason() == Reason::kBlobCorrupt) Erase(digest);
  return intact;
}

Status BlobFiles::Verify(int fd, const Digest& digest, const std::stop_token& stop) const {
  Hasher hasher;
  SMELT_RETURN_IF_ERROR(disk_.Hash(fd, digest.size_bytes, hasher, stop));
  if (hasher.Finish() == digest) return Status::Ok();
  return Status(Reason::kBlobCorrupt,
                "the bytes on disk of blob " + digest.Hex() + " have another digest");
}

Status BlobFiles::Publish(int fd, const std::string& path, const Digest& digest) {
  SMELT_RETURN_IF_ERROR(disk_.SyncData(fd));
  const std::string shard = ShardPath(digest);
  std::lock_guard lock(publishing_);
  SMELT_ASSIGN_OR_RETURN(const bool made, disk_.fs.MakeDirectory(shard));
  root_is_synced_ = root_is_synced_ && !made;
  if (!root_is_synced_) SMELT_RETURN_IF_ERROR(disk_.SyncDirectory(root_));
  root_is_synced_ = true;
  SMELT_RETURN_IF_ERROR(disk_.fs.Rename(path, Path(digest)));
  if (Status synced = disk_.SyncDirectory(shard); !synced.ok()) {
    if (IsIndexed(digest)) return Status::Ok();  // the same bytes were published before
    if (const Status back = disk_.fs.Rename(Path(digest), path); !back.ok()) {
      Log(LogLevel::kError, "blob_not_moved_back", {{"error", back.ToString()}});
    }
    return synced;
  }
  Insert(digest, /*verified=*/true);
  return Status::Ok();
}

bool BlobFiles::IsIndexed(const Digest& digest) const {
  std::lock_guard lock(mutex_);
  return index_.contains(digest.sha256);
}

void BlobFiles::Insert(const Digest& digest, bool verified) {
  std::lock_guard lock(mutex_);
  Entry& entry = index_[digest.sha256];
  total_bytes_ += digest.size_bytes - entry.size_bytes;
  entry = {.size_bytes = digest.size_bytes, .verified = verified};
}

void BlobFiles::Erase(const Digest& digest) {
  std::lock_guard lock(mutex_);
  const auto found = index_.find(digest.sha256);
  if (found == index_.end()) return;
  total_bytes_ -= found->second.size_bytes;
  index_.erase(found);
}

std::uint64_t BlobFiles::total_bytes() const {
  std::lock_guard lock(mutex_);
  return total_bytes_;
}

}  // namespace smelt::local
