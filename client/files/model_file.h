// ModelFile: a local file that is about to be uploaded, opened once and read by position.
//
// The descriptor stays open, so a file that is replaced on disk meanwhile does not mix two
// contents. Safe to read from several threads; move-only.
#pragma once

#include <cstdint>
#include <istream>
#include <span>
#include <string>

#include "client/files/spool.h"
#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/base/result.h"

namespace smelt::client {

class ModelFile {
 public:
  // kUsage when `path` can't be opened or is not a regular file.
  static Result<ModelFile> Open(const std::string& path);
  // Copies a stream that can't be read twice to a private temporary file. kIoError.
  static Result<ModelFile> FromStream(std::istream& in);

  std::uint64_t size_bytes() const { return size_bytes_; }

  // Fills `out` from `offset`. kIoError, also when the file has become shorter.
  Status ReadAt(std::uint64_t offset, std::span<std::byte> out) const;

  // The whole file, mapped for as long as the result lives; empty for an empty file. kIoError.
  Result<SharedBytes> Map() const;

 private:
  ModelFile(Descriptor file, std::string name, std::uint64_t size_bytes)
      : file_(std::move(file)), name_(std::move(name)), size_bytes_(size_bytes) {}

  Descriptor file_;
  std::string name_;  // for messages
  std::uint64_t size_bytes_;
};

}  // namespace smelt::client
