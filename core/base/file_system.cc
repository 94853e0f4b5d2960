#include "core/base/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace smelt {
namespace {

Status Failed(const char* operation, const std::string& what, int error) {
  return Status(
      IsDiskFull(error) ? Reason::kStorageFull : Reason::kIoError,
      std::string(operation) + " " + what + ": " + std::generic_category().message(error));
}

// The file's name, for a person to look at; the number when the system does not tell.
std::string Descriptor(int fd) {
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  std::array<char, 4096> name;
  const ssize_t size = ::readlink(link.c_str(), name.data(), name.size());
  if (size <= 0) return "descriptor " + std::to_string(fd);
  return std::string(name.data(), static_cast<std::size_t>(size));
}

Status FailedOn(const char* operation, int fd) {
  const int error = errno;  // before another system call changes it
  return Failed(operation, Descriptor(fd), error);
}

// Repeats an interrupted system call.
template <class Call>
auto Retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

int Flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

class RealFileSystem final : public FileSystem {
 public:
  Result<UniqueFd> Open(const std::string& path, OpenMode mode) override {
    const int fd = Retry([&] { return ::open(path.c_str(), Flags(mode) | O_CLOEXEC, 0600); });
    if (fd < 0) return Failed("open", path, errno);
    return UniqueFd(fd);
  }

  Result<std::size_t> ReadAt(int fd, std::uint64_t offset, std::span<std::byte> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const auto got = Retry([&] {
        return ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      });
      if (got < 0) return FailedOn("read", fd);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Status WriteAt(int fd, std::uint64_t offset, ByteSpan bytes) override {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto put = Retry([&] {
        return ::pwrite(fd, bytes.data() + done, bytes.size() - done,
                        static_cast<off_t>(offset + done));
      });
      if (put < 0) return FailedOn("write", fd);
      done += static_cast<std::size_t>(put);
    }
    return Status::Ok();
  }

  Result<std::uint64_t> Size(int fd) override {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return FailedOn("stat", fd);
    return static_cast<std::uint64_t>(info.st_size);
  }

  Status Truncate(int fd, std::uint64_t size_bytes) override {
    if (Retry([&] { return ::ftruncate(fd, static_cast<off_t>(size_bytes)); }) != 0) {
      return FailedOn("truncate", fd);
    }
    return Status::Ok();
  }

  Status SyncData(int fd) override {
    // Not repeated on EIO: the kernel may have dropped the dirty pages and would then say success.
    if (Retry([&] { return ::fdatasync(fd); }) != 0) return FailedOn("sync", fd);
    return Status::Ok();
  }

  void StartWriteback(int fd) override {
    static_cast<void>(::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
  }

  Result<std::optional<FileInfo>> Stat(const std::string& path) override {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
      if (errno == ENOENT) return std::optional<FileInfo>();
      return Failed("stat", path, errno);
    }
    return std::optional<FileInfo>(FileInfo{
        .size_bytes = static_cast<std::uint64_t>(info.st_size),
        .is_directory = S_ISDIR(info.st_mode),
        .modified = std::chrono::system_clock::time_point(
            std::chrono::seconds(info.st_mtim.tv_sec) +
            std::chrono::microseconds(info.st_mtim.tv_nsec / 1000)),
    });
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) {
      return Failed("rename", from + " to " + to, errno);
    }
    return Status::Ok();
  }

  Status Remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return Failed("remove", path, errno);
    return Status::Ok();
  }

  Result<bool> MakeDirectory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0700) == 0) return true;
    if (errno == EEXIST) return false;
    return Failed("make directory", path, errno);
  }

  Status SyncDirectory(const std::string& path) override {
    const UniqueFd fd(
        Retry([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!fd.valid()) return Failed("open directory", path, errno);
    if (Retry([&] { return ::fsync(fd.get()); }) != 0) {
      return Failed("sync directory", path, errno);
    }
    return Status::Ok();
  }

  Result<std::uint64_t> FreeBytes(const std::string& path) override {
    struct statvfs info {};
    if (Retry([&] { return ::statvfs(path.c_str(), &info); }) != 0) {
      return Failed("read the free space of", path, errno);
    }
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  }

  Result<std::vector<std::string>> List(const std::string& path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
    if (directory == nullptr) return Failed("open directory", path, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(directory.get())) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
      errno = 0;
    }
    if (errno != 0) return Failed("list", path, errno);
    std::sort(names.begin(), names.end());
    return names;
  }
};

}  // namespace

bool IsDiskFull(int error) { return error == ENOSPC || error == EDQUOT; }

FileSystem& FileSystem::Real() {
  static RealFileSystem* const kReal = new RealFileSystem;
  return *kReal;
}

}  // namespace smelt
