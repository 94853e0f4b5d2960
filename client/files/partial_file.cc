#include "client/files/partial_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

namespace smelt::client {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} * 1024;

// Through links at the final name, as far as they lead.
std::string FollowLinks(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  return error ? path : real.string();
}

}  // namespace

bool PartialFile::IsReplaceable(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  return status.type() == std::filesystem::file_type::not_found ||
         status.type() == std::filesystem::file_type::regular;
}

Result<PartialFile> PartialFile::Open(const std::string& path) {
  const std::string real = FollowLinks(path);
  const std::string part = real + ".part";
  Descriptor file(::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (file.get() < 0) return SystemError(Reason::kIoError, "can't write", part);
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  if (size < 0) return SystemError(Reason::kIoError, "can't write", part);
  return PartialFile(std::move(file), real, static_cast<std::uint64_t>(size));
}

Status PartialFile::Reserve(std::uint64_t whole_bytes) {
  if (whole_bytes == 0) return Status::Ok();
  // The size stays what arrived: it says where to resume. With the blocks taken the rename at the
  // end is quick, too: over an older file, ext4 would otherwise allocate them then.
  const int done =
      ::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(whole_bytes));
  if (done == 0 || errno != ENOSPC) return Status::Ok();
  return SystemError(Reason::kIoError, "no space for", PartPath(),
                     "Free " + std::to_string(whole_bytes) + " bytes, or write elsewhere with -o.");
}

Status PartialFile::ReadBack(const std::function<void(ByteSpan)>& visit) {
  std::vector<std::byte> buffer(kReadBytes);
  std::uint64_t offset = 0;
  while (offset < size_bytes_) {
    const ssize_t count =
        ::pread(file_.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return SystemError(Reason::kIoError, "can't read", PartPath());
    visit(ByteSpan(buffer).first(static_cast<std::size_t>(count)));
    offset += static_cast<std::uint64_t>(count);
  }
  return Status::Ok();
}

Status PartialFile::Append(ByteSpan bytes) {
  SMELT_RETURN_IF_ERROR(WriteAll(file_, bytes, PartPath()));
  size_bytes_ += bytes.size();
  return Status::Ok();
}

Status PartialFile::Clear() {
  if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0) {
    return SystemError(Reason::kIoError, "can't empty", PartPath());
  }
  size_bytes_ = 0;
  return Status::Ok();
}

Status PartialFile::Publish() {
  if (std::rename(PartPath().c_str(), path_.c_str()) != 0) {
    return SystemError(Reason::kIoError, "can't rename " + PartPath() + " to", path_);
  }
  return Status::Ok();
}

void PartialFile::Discard() { std::remove(PartPath().c_str()); }

}  // namespace smelt::client
