// FaultFs: a FileSystem that loses its power after a chosen operation and forgets what was not
// synced, in the ways that a disk may.
//
// It works in a real directory and keeps beside it what a disk would be sure to hold: the bytes of
// each file as of its last SyncData, the names of each directory as of its last SyncDirectory. It
// syncs nothing really, so it is fast.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/file_system.h"

namespace smelt::test {

// What is left after the power went.
enum class Loss {
  kNothing,       // the process was killed, the machine went on
  kUnsynced,      // names and bytes that were not synced
  kUnsyncedData,  // every name arrived, unsynced bytes did not
  kUnsyncedNames  // every byte arrived, unsynced names did not
};
inline constexpr Loss kAllLosses[] = {Loss::kNothing, Loss::kUnsynced, Loss::kUnsyncedData,
                                      Loss::kUnsyncedNames};

// Safe for calls from any thread.
class FaultFs : public FileSystem {
 public:
  // What is under `root` already counts as synced. `root` outlives this object.
  explicit FaultFs(std::string root);
  ~FaultFs() override;

  // The first `operations` that change something succeed, all later calls fail with kIoError. The
  // write that is cut arrives by half.
  void CutAfter(std::size_t operations);
  // How many operations changed something so far.
  std::size_t operations() const;
  bool cut() const;

  // Ends the outage: brings the directory to what is left after `loss`. Counts anew, never cuts.
  void Restart(Loss loss);

  Result<UniqueFd> Open(const std::string& path, OpenMode mode) override;
  Result<std::size_t> ReadAt(int fd, std::uint64_t offset, std::span<std::byte> out) override;
  Status WriteAt(int fd, std::uint64_t offset, ByteSpan bytes) override;
  Result<std::uint64_t> Size(int fd) override;
  Status Truncate(int fd, std::uint64_t size_bytes) override;
  Status SyncData(int fd) override;
  Result<std::optional<FileInfo>> Stat(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Result<bool> MakeDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<std::uint64_t> FreeBytes(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& path) override;

 private:
  // A file or directory apart from its name.
  struct Node {
    bool is_directory = false;
    std::vector<std::byte> synced;                       // file
    std::vector<std::byte> last_seen;                    // file: bytes when its last name went
    std::map<std::string, std::shared_ptr<Node>> names;  // directory, as programs see it
    std::map<std::string, std::shared_ptr<Node>> synced_names;
  };
  using NodeRef = std::shared_ptr<Node>;  // a node has two names while a rename is not synced

  Status Step();
  NodeRef Scan(const std::string& path);
  NodeRef Find(const std::string& path) const;
  NodeRef Parent(const std::string& path, std::string* name) const;
  void Capture(const std::string& path, Node& node);
  void Write(const std::string& path, const Node& node, Loss loss);

  const std::string root_;
  mutable std::mutex mutex_;
  NodeRef tree_;
  std::map<int, NodeRef> open_;
  std::size_t operations_ = 0;
  std::size_t limit_ = std::numeric_limits<std::size_t>::max();
  bool cut_ = false;
};

}  // namespace smelt::test
