// PartialFile: a download on its way to PATH, kept as PATH.part so that it can be resumed and so
// that nobody ever sees half a file under the final name. Not thread safe; move-only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "client/files/spool.h"
#include "core/base/bytes.h"
#include "core/base/result.h"

namespace smelt::client {

class PartialFile {
 public:
  // Opens PATH.part, with what an earlier attempt left there. A symbolic link at `path` is
  // followed, so that the file it means is replaced and not the link. kIoError.
  static Result<PartialFile> Open(const std::string& path);

  // Whether `path` can be replaced by a rename: a regular file, or nothing yet. Devices and pipes
  // must be written into instead.
  static bool IsReplaceable(const std::string& path);

  std::uint64_t size_bytes() const { return size_bytes_; }

  // Takes the disk's space for a file of `whole_bytes`, so that a full disk is noticed before the
  // download and not amid it. kIoError; where the file system can't, nothing happens.
  Status Reserve(std::uint64_t whole_bytes);

  // Gives what is there already to `visit`, in chunks. Call it before the first Append. kIoError.
  Status ReadBack(const std::function<void(ByteSpan)>& visit);
  Status Append(ByteSpan bytes);  // kIoError
  Status Clear();                 // back to an empty file; kIoError
  // Moves the file to its final name; it must be complete. kIoError.
  Status Publish();
  // Removes PATH.part: its content is known to be wrong.
  void Discard();

 private:
  PartialFile(Descriptor file, std::string path, std::uint64_t size_bytes)
      : file_(std::move(file)), path_(std::move(path)), size_bytes_(size_bytes) {}
  std::string PartPath() const { return path_ + ".part"; }

  Descriptor file_;
  std::string path_;
  std::uint64_t size_bytes_;
};

}  // namespace smelt::client
