#include "client/files/partial_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <random>
#include <system_error>

namespace smelt::client {
namespace {

// Through links at the final name, as far as they lead.
std::string FollowLinks(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const std::filesystem::path real = std::filesystem::weakly_canonical(path, error);
  return error ? path : real.string();
}

// In the same folder, so that a rename suffices; short, so that every final name leaves room.
std::string NameBeside(const std::string& path) {
  std::random_device random;
  const std::string name = ".smelt-" + std::to_string(random()) + ".part";
  return (std::filesystem::path(path).parent_path() / name).string();
}

}  // namespace

bool PartialFile::IsReplaceable(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  return status.type() == std::filesystem::file_type::not_found ||
         status.type() == std::filesystem::file_type::regular;
}

Result<PartialFile> PartialFile::Create(const std::string& path) {
  const std::string real = FollowLinks(path);
  while (true) {
    std::string part = NameBeside(real);
    Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() >= 0) return PartialFile(std::move(file), std::move(part), real);
    if (errno != EEXIST) return SystemError(Reason::kIoError, "can't write", path);
  }
}

PartialFile::~PartialFile() {
  if (!part_.empty()) std::remove(part_.c_str());
}

Status PartialFile::Reserve(std::uint64_t whole_bytes) {
  if (whole_bytes == 0) return Status::Ok();
  // The size stays what arrived. With the blocks taken the rename at the end is quick, too: over an
  // older file, ext4 would otherwise allocate them then.
  const int done =
      ::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(whole_bytes));
  if (done == 0 || errno != ENOSPC) return Status::Ok();
  return SystemError(Reason::kIoError, "no space for", path_,
                     "Free " + std::to_string(whole_bytes) + " bytes, or write elsewhere with -o.");
}

Status PartialFile::Append(ByteSpan bytes) { return WriteAll(file_, bytes, path_); }

Status PartialFile::Publish() {
  if (std::rename(part_.c_str(), path_.c_str()) != 0) {
    return SystemError(Reason::kIoError, "can't rename " + part_ + " to", path_);
  }
  part_.clear();
  return Status::Ok();
}

}  // namespace smelt::client
