// ZipArchive: the entries of a zip file in memory, read by libzip: stored and deflated ones, with
// their checksums. An NPZ file is one, of NPY files. Any bytes may come in. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/calibrate/byte_stream.h"

namespace smelt::calibrate {

// Whether the file begins like a zip file.
bool IsZip(ByteSpan file);

class ZipArchive {
 public:
  // kCalibrationDataInvalid, also for more than 65,536 entries.
  static Result<ZipArchive> Open(SharedBytes file);

  // Names of the entries, in the archive's order.
  const std::vector<std::string>& names() const { return names_; }
  // The entry's bytes; it keeps the archive. kCalibrationDataInvalid, also for an entry that is
  // encrypted or packed by another method.
  Result<std::unique_ptr<ByteStream>> OpenEntry(std::size_t index) const;

  struct Handle;  // libzip's, and the bytes that it reads

 private:
  explicit ZipArchive(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}

  std::shared_ptr<Handle> handle_;  // shared with the entries that are being read
  std::vector<std::string> names_;
};

}  // namespace smelt::calibrate
