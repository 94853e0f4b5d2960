#include "server/local/disk.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace smelt::local {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

template <class Call>
Status Timed(jobs::StoreMetrics& metrics, std::string_view op, Call call) {
  const auto start = std::chrono::steady_clock::now();
  Status status = call();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  metrics.OnFsync(op, seconds.count());
  return status;
}

}  // namespace

Status Disk::SyncData(int fd) const {
  return Timed(metrics, "data", [&] { return fs.SyncData(fd); });
}

Status Disk::SyncDirectory(const std::string& path) const {
  return Timed(metrics, "dir", [&] { return fs.SyncDirectory(path); });
}

Status Disk::Hash(int fd, std::uint64_t bytes, Hasher& hasher, const std::stop_token& stop) const {
  std::vector<std::byte> chunk(std::min<std::uint64_t>(kChunkBytes, bytes));
  for (std::uint64_t done = 0; done < bytes;) {
    if (stop.stop_requested()) return Status(Reason::kCancelled, "asked to stop");
    const std::size_t want = std::min<std::uint64_t>(chunk.size(), bytes - done);
    SMELT_ASSIGN_OR_RETURN(const std::size_t got,
                           fs.ReadAt(fd, done, std::span(chunk).first(want)));
    if (got < want) {
      return Status(Reason::kIoError, "the file ends at byte " + std::to_string(done + got) +
                                          " of " + std::to_string(bytes));
    }
    hasher.Update(std::span(chunk).first(got));
    done += got;
  }
  return Status::Ok();
}

}  // namespace smelt::local
