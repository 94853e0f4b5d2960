#include "server/runner/mapped_input.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace smelt::runner {
namespace {

Status ErrnoStatus(const char* what) {
  return Status(Reason::kIoError, std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

Result<SharedBytes> MapReadOnly(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoStatus("reading the size of an input");
  return MapReadOnly(fd, static_cast<std::size_t>(info.st_size));
}

Result<SharedBytes> MapReadOnly(int fd, std::size_t size) {
  if (size == 0) return SharedBytes();
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) return ErrnoStatus("mapping a file");
  std::shared_ptr<const void> owner(
      address, [size](const void* mapped) { ::munmap(const_cast<void*>(mapped), size); });
  return SharedBytes(ByteSpan(static_cast<const std::byte*>(address), size), std::move(owner));
}

}  // namespace smelt::runner
