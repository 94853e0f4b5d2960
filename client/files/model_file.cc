#include "client/files/model_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

namespace smelt::client {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{256} * 1024;

}  // namespace

Result<ModelFile> ModelFile::Open(const std::string& path) {
  // O_NONBLOCK: opening a pipe by name must not wait for a writer.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return SystemError(Reason::kUsage, "can't open", path, "Check the path.");
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return SystemError(Reason::kIoError, "can't stat", path);
  if (!S_ISREG(info.st_mode)) {
    return Status(Reason::kUsage, path + " is not a regular file",
                  "Give a file, or - to read standard input.");
  }
  return ModelFile(std::move(file), path, static_cast<std::uint64_t>(info.st_size));
}

Result<ModelFile> ModelFile::FromStream(std::istream& in) {
  SMELT_ASSIGN_OR_RETURN(Descriptor file, OpenSpool());
  std::vector<char> buffer(kCopyBytes);
  std::uint64_t size_bytes = 0;
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto count = static_cast<std::size_t>(in.gcount());
    SMELT_RETURN_IF_ERROR(WriteAll(file, std::as_bytes(std::span(buffer.data(), count)),
                                   "the temporary copy of standard input"));
    size_bytes += count;
  }
  if (in.bad()) return Status(Reason::kIoError, "reading standard input failed");
  return ModelFile(std::move(file), "standard input", size_bytes);
}

Status ModelFile::ReadAt(std::uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t count = ::pread(file_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0) {
      if (errno == EINTR) continue;
      return SystemError(Reason::kIoError, "can't read", name_);
    }
    if (count == 0) return Status(Reason::kIoError, name_ + " became shorter while it was read");
    offset += static_cast<std::uint64_t>(count);
    out = out.subspan(static_cast<std::size_t>(count));
  }
  return Status::Ok();
}

Result<SharedBytes> ModelFile::Map() const {
  const auto size = static_cast<std::size_t>(size_bytes_);
  if (size == 0) return SharedBytes();
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file_.get(), 0);
  if (address == MAP_FAILED) return SystemError(Reason::kIoError, "can't map", name_);
  // shared_ptr because SharedBytes shares its owner by nature.
  std::shared_ptr<const void> owner(address, [size](void* mapped) { ::munmap(mapped, size); });
  return SharedBytes(ByteSpan(static_cast<const std::byte*>(address), size), owner);
}

}  // namespace smelt::client
