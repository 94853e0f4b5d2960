#include "server/local/file_blob_store.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/log.h"

namespace smelt::local {

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

std::uint64_t FileBlobStore::TotalBytes() const { return files_->total_bytes(); }

}  // namespace smelt::local
