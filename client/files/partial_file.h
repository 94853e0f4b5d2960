// PartialFile: a file on its way to PATH, under a name of its own beside it, so that nobody ever
// sees half a file under the final name and runs with the same PATH do not write into each other's.
// Removed again unless it was published. Not thread safe; move-only.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "client/files/spool.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

namespace smelt::client {

class PartialFile {
 public:
  // Makes an empty file in the folder of `path`. A symbolic link at `path` is followed, so that the
  // file it means is replaced and not the link. kIoError.
  static Result<PartialFile> Create(const std::string& path);
  PartialFile(PartialFile&& other) noexcept
      : file_(std::move(other.file_)),
        part_(std::exchange(other.part_, "")),
        path_(std::move(other.path_)) {}
  PartialFile& operator=(PartialFile&&) = delete;
  ~PartialFile();

  // Whether `path` can be replaced by a rename: a regular file, or nothing yet. Devices and pipes
  // must be written into instead.
  static bool IsReplaceable(const std::string& path);

  // Takes the disk's space for a file of `whole_bytes`, so that a full disk is noticed before the
  // download and not amid it. kIoError; where the file system can't, nothing happens.
  Status Reserve(std::uint64_t whole_bytes);
  Status Append(ByteSpan bytes);  // kIoError
  // Moves the file to its final name, over what is there; it must be complete. kIoError.
  Status Publish();

 private:
  PartialFile(Descriptor file, std::string part, std::string path)
      : file_(std::move(file)), part_(std::move(part)), path_(std::move(path)) {}

  Descriptor file_;
  std::string part_;  // its name until it is published; then empty
  std::string path_;
};

}  // namespace smelt::client
