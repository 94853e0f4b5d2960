// FileSystem: the seam to the disk. What must survive a crash goes through it, so that tests can
// cut the power after any operation (tests/support/fault_fs.h).
//
// Thin over the system calls: nothing is durable before SyncData (a file's bytes) or SyncDirectory
// (its name). Safe for calls from any thread; one descriptor is used by one thread at a time.
// Errors: kStorageFull (no space, quota), else kIoError; messages name operation and path.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/unique_fd.h"

namespace smelt {

// ENOSPC and EDQUOT.
bool IsDiskFull(int error);

enum class OpenMode {
  kRead,       // an existing file
  kReadWrite,  // an existing file
  kCreate,     // read-write; fails if the path exists
};

struct FileInfo {
  std::uint64_t size_bytes = 0;
  bool is_directory = false;
  std::chrono::system_clock::time_point modified{};
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  static FileSystem& Real();  // lives for ever

  virtual Result<UniqueFd> Open(const std::string& path, OpenMode mode) = 0;
  // Bytes read; short only at the end of the file.
  virtual Result<std::size_t> ReadAt(int fd, std::uint64_t offset, std::span<std::byte> out) = 0;
  // All of them or an error, after which any part may have been written.
  virtual Status WriteAt(int fd, std::uint64_t offset, ByteSpan bytes) = 0;
  virtual Result<std::uint64_t> Size(int fd) = 0;
  virtual Status Truncate(int fd, std::uint64_t size_bytes) = 0;
  virtual Status SyncData(int fd) = 0;
  // A hint: lets the disk begin with what was written, so that a later SyncData waits less. Says
  // nothing about errors; SyncData does.
  virtual void StartWriteback(int /*fd*/) {}

  // Nothing when the path does not exist.
  virtual Result<std::optional<FileInfo>> Stat(const std::string& path) = 0;
  // Replaces `to` if it exists, at once.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  // Success also when there is no such file.
  virtual Status Remove(const std::string& path) = 0;
  // True when it was made, false when it was there. The parent must exist.
  virtual Result<bool> MakeDirectory(const std::string& path) = 0;
  virtual Status SyncDirectory(const std::string& path) = 0;
  // What this process may still write on the disk of a directory.
  virtual Result<std::uint64_t> FreeBytes(const std::string& path) = 0;
  // Names, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> List(const std::string& path) = 0;
};

}  // namespace smelt
