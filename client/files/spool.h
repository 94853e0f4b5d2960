// Descriptor: an open file that closes itself; and nameless temporary files for bytes that arrive
// from, or leave for, a stream.
#pragma once

#include <string>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace smelt::client {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  int get() const { return fd_; }

 private:
  int fd_;
};

// Opens a file for reading and writing that has no name, in TMPDIR or /tmp. kIoError.
Result<Descriptor> OpenSpool();

// Writes all bytes at the file position. `name` is for the message. kIoError.
Status WriteAll(const Descriptor& file, ByteSpan bytes, const std::string& name);

// "WHAT NAME: what the system said", with the given reason.
Status SystemError(Reason reason, const std::string& what, const std::string& name,
                   const std::string& hint = "");

}  // namespace smelt::client
