#include "server/local/upload_meta.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace smelt::local {
namespace {

constexpr std::size_t kCheckBytes = 8;
constexpr std::size_t kHeaderBytes = 32 + 8 + kCheckBytes;
constexpr std::size_t kRecordBytes = 8 + 8 + kCheckBytes;  // number, committed bytes, check

// The last bytes of a block are a prefix of the SHA-256 of those before.
template <std::size_t kSize>
void SetCheck(std::array<std::byte, kSize>& block) {
  const Digest check = Digest::Of(std::span(block).first(kSize - kCheckBytes));
  std::copy_n(std::as_bytes(std::span(check.sha256)).begin(), kCheckBytes,
              block.end() - kCheckBytes);
}

template <std::size_t kSize>
bool CheckHolds(const std::array<std::byte, kSize>& block) {
  std::array<std::byte, kSize> fresh = block;
  SetCheck(fresh);
  return fresh == block;
}

}  // namespace

Result<UploadMeta> UploadMeta::Create(FileSystem& fs, const std::string& path,
                                      const Digest& digest) {
  SMELT_ASSIGN_OR_RETURN(UniqueFd fd, fs.Open(path, OpenMode::kCreate));
  UploadMeta meta(fs, path, std::move(fd));
  meta.digest_ = digest;
  std::array<std::byte, kHeaderBytes> header{};
  std::copy_n(std::as_bytes(std::span(digest.sha256)).begin(), 32, header.begin());
  StoreUnaligned(header.data() + 32, digest.size_bytes);
  SetCheck(header);
  SMELT_RETURN_IF_ERROR(fs.WriteAt(meta.fd_.get(), 0, header));
  return meta;
}

Result<std::optional<UploadMeta>> UploadMeta::Open(FileSystem& fs, const std::string& path) {
  SMELT_ASSIGN_OR_RETURN(UniqueFd fd, fs.Open(path, OpenMode::kReadWrite));
  UploadMeta meta(fs, path, std::move(fd));
  std::array<std::byte, kHeaderBytes> header{};
  SMELT_ASSIGN_OR_RETURN(const std::size_t got, fs.ReadAt(meta.fd_.get(), 0, header));
  if (got < header.size() || !CheckHolds(header)) return std::optional<UploadMeta>();
  std::copy_n(header.begin(), 32, std::as_writable_bytes(std::span(meta.digest_.sha256)).begin());
  meta.digest_.size_bytes = LoadUnaligned<std::uint64_t>(header.data() + 32);
  SMELT_RETURN_IF_ERROR(meta.ReadRecords());
  if (meta.records_ == 0) return std::optional<UploadMeta>();
  return std::optional<UploadMeta>(std::move(meta));
}

Status UploadMeta::ReadRecords() {
  while (true) {
    std::array<std::byte, kRecordBytes> record{};
    SMELT_ASSIGN_OR_RETURN(const std::size_t got,
                           fs_->ReadAt(fd_.get(), kHeaderBytes + records_ * kRecordBytes, record));
    const bool valid = got == record.size() && CheckHolds(record) &&
                       LoadUnaligned<std::uint64_t>(record.data()) == records_;
    if (!valid) return Status::Ok();
    committed_bytes_ = LoadUnaligned<std::uint64_t>(record.data() + 8);
    ++records_;
  }
}

Status UploadMeta::OpenFile() {
  if (fd_.valid()) return Status::Ok();
  SMELT_ASSIGN_OR_RETURN(fd_, fs_->Open(path_, OpenMode::kReadWrite));
  return Status::Ok();
}

Status UploadMeta::Sync(const Disk& disk) {
  SMELT_RETURN_IF_ERROR(OpenFile());
  return disk.SyncData(fd_.get());
}

Status UploadMeta::Record(std::uint64_t committed_bytes) {
  SMELT_RETURN_IF_ERROR(OpenFile());
  std::array<std::byte, kRecordBytes> record{};
  StoreUnaligned(record.data(), records_);
  StoreUnaligned(record.data() + 8, committed_bytes);
  SetCheck(record);
  SMELT_RETURN_IF_ERROR(fs_->WriteAt(fd_.get(), kHeaderBytes + records_ * kRecordBytes, record));
  ++records_;
  committed_bytes_ = committed_bytes;
  return Status::Ok();
}

}  // namespace smelt::local
