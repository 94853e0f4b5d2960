#include "client/files/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace smelt::client {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Status SystemError(Reason reason, const std::string& what, const std::string& name,
                   const std::string& hint) {
  return Status(reason, what + " " + name + ": " + std::strerror(errno), hint);
}

Result<Descriptor> OpenSpool() {
  const char* folder = std::getenv("TMPDIR");
  std::string name = folder != nullptr && *folder != '\0' ? folder : "/tmp";
  name += "/smelt-XXXXXX";
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) return SystemError(Reason::kIoError, "can't make a temporary file like", name);
  ::unlink(name.c_str());
  return Descriptor(fd);
}

Status WriteAll(const Descriptor& file, ByteSpan bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return SystemError(Reason::kIoError, "can't write", name);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return Status::Ok();
}

}  // namespace smelt::client
