// Disk: the file system with its syncs timed. A plain pair of references, passed by value.
#pragma once

#include <stop_token>
#include <string>

#include "core/base/digest.h"
#include "core/base/file_system.h"
#include "core/base/result.h"
#include "server/jobs/metrics.h"

namespace smelt::local {

struct Disk {
  FileSystem& fs;
  jobs::StoreMetrics& metrics;

  Status SyncData(int fd) const;
  Status SyncDirectory(const std::string& path) const;
  // Feeds the first `bytes` bytes of a file to `hasher`. kIoError when the file is shorter,
  // kCancelled within a MiB of a stop that was asked for.
  Status Hash(int fd, std::uint64_t bytes, Hasher& hasher, const std::stop_token& stop) const;
};

}  // namespace smelt::local
