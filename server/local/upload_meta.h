// UploadMeta: the small file beside a partial upload that says for which blob it is and how many of
// its bytes were durable.
//
// Layout: a header (SHA-256, size), then one record a commit, each with a check of its own, so that
// a torn or missing record costs that commit and nothing else. Little-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/digest.h"
#include "core/base/file_system.h"
#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "server/local/disk.h"

namespace smelt::local {

// Holds a descriptor from the first call that needs one to Close. Not thread safe.
class UploadMeta {
 public:
  // A new file without records. Nothing is durable before Sync and a sync of the directory.
  static Result<UploadMeta> Create(FileSystem& fs, const std::string& path, const Digest& digest);

  // The file as an earlier process left it; nothing when it holds no valid record.
  static Result<std::optional<UploadMeta>> Open(FileSystem& fs, const std::string& path);

  const Digest& digest() const { return digest_; }
  std::uint64_t committed_bytes() const { return committed_bytes_; }

  // Call when the bytes up to here are durable. Not itself durable before Sync.
  Status Record(std::uint64_t committed_bytes);
  Status Sync(const Disk& disk);
  void Close() { fd_.Reset(); }

 private:
  UploadMeta(FileSystem& fs, std::string path, UniqueFd fd)
      : fs_(&fs), path_(std::move(path)), fd_(std::move(fd)) {}
  Status OpenFile();
  Status ReadRecords();

  FileSystem* fs_;
  std::string path_;
  UniqueFd fd_;
  Digest digest_;
  std::uint64_t committed_bytes_ = 0;
  std::uint64_t records_ = 0;
};

}  // namespace smelt::local
