// BlobFiles: the content-addressed files `cas/ab/<sha256>` and the index of them in memory.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "core/base/digest.h"
#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "server/local/disk.h"

namespace smelt::local {

// Safe for calls from any thread.
class BlobFiles {
 public:
  // Reads the index from the directory `root`, which exists. Syncs its directories: a name that an
  // earlier process did not live to sync must not be reported as stored.
  static Result<std::unique_ptr<BlobFiles>> Open(Disk disk, std::string root);

  // Whether the blob lies in its place, whole as far as its size tells. One that somebody removed
  // or cut behind our back leaves the index.
  bool Has(const Digest& digest);

  // See BlobStore::Open. A corrupt blob leaves the index, so that it can be uploaded again.
  Result<UniqueFd> OpenRead(const Digest& digest, const std::stop_token& stop);

  // Makes the bytes of `fd` durable, then moves the file at `path` to its place, then makes that
  // durable. The caller has hashed it. Also replaces a corrupt file. After a failure the file is at
  // `path` again, so that its owner can go on with it. One publishes at a time: a file that another
  // has published of the same bytes must not move back.
  Status Publish(int fd, const std::string& path, const Digest& digest);

  std::uint64_t total_bytes() const;

 private:
  using Key = std::array<std::uint8_t, 32>;
  struct Entry {
    std::uint64_t size_bytes = 0;
    bool verified = false;  // its bytes were hashed by this process
  };

  BlobFiles(Disk disk, std::string root) : disk_(disk), root_(std::move(root)) {}
  Status Scan();
  Status ScanShard(const std::string& shard);
  std::string ShardPath(const Digest& digest) const;
  std::string Path(const Digest& digest) const;
  Status Verify(int fd, const Digest& digest, const std::stop_token& stop) const;
  void Insert(const Digest& digest, bool verified);
  void Erase(const Digest& digest);
  bool IsIndexed(const Digest& digest) const;

  const Disk disk_;
  const std::string root_;
  std::mutex publishing_;  // taken before mutex_
  bool root_is_synced_ = true;
  mutable std::mutex mutex_;
  std::map<Key, Entry> index_;
  std::uint64_t total_bytes_ = 0;
};

}  // namespace smelt::local
