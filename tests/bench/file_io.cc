#include "tests/bench/file_io.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

namespace smelt::bench {
namespace {

Status Failed(const std::string& what, const std::string& path) {
  return Status(Reason::kIoError, what + " " + path + ": " + std::strerror(errno));
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

}  // namespace

Result<SharedBytes> MapFile(const std::string& path) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) return Failed("open", path);
  struct stat info {};
  if (fstat(file.fd, &info) != 0) return Failed("stat", path);
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size == 0) return SharedBytes();
  void* address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (address == MAP_FAILED) return Failed("map", path);
  const std::shared_ptr<const void> owner(
      address, [size](const void* at) { munmap(const_cast<void*>(at), size); });
  return SharedBytes({static_cast<const std::byte*>(address), size}, owner);
}

Result<std::map<std::string, SharedBytes>> MapFolderOf(const std::string& model_path) {
  std::map<std::string, SharedBytes> files;
  const std::filesystem::path model(model_path);
  const auto folder = model.has_parent_path() ? model.parent_path() : std::filesystem::path(".");
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (!entry.is_regular_file() || entry.path().filename() == model.filename()) continue;
    SMELT_ASSIGN_OR_RETURN(files[entry.path().filename().string()], MapFile(entry.path().string()));
  }
  if (error) return Status(Reason::kIoError, "list " + folder.string() + ": " + error.message());
  return files;
}

Result<double> CopySeconds(const std::string& from, const std::string& to) {
  const auto begun = std::chrono::steady_clock::now();
  const Descriptor in{open(from.c_str(), O_RDONLY | O_CLOEXEC)};
  if (in.fd < 0) return Failed("open", from);
  const Descriptor out{open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (out.fd < 0) return Failed("create", to);
  std::vector<char> buffer(std::size_t{1} << 17);
  for (;;) {
    const ssize_t got = read(in.fd, buffer.data(), buffer.size());
    if (got < 0) return Failed("read", from);
    if (got == 0) break;
    if (write(out.fd, buffer.data(), static_cast<std::size_t>(got)) != got) {
      return Failed("write", to);
    }
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

Result<FileSink> FileSink::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return Failed("create", path);
  return FileSink(fd, path);
}

FileSink::FileSink(FileSink&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

FileSink::~FileSink() {
  if (fd_ >= 0) close(fd_);
}

Status FileSink::Append(ByteSpan bytes) {
  while (!bytes.empty()) {
    const ssize_t put = write(fd_, bytes.data(), bytes.size());
    if (put < 0) return Failed("write", path_);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return Status::Ok();
}

Result<SharedBytes> FileSink::WrittenBytes() { return MapFile(path_); }

}  // namespace smelt::bench
