// A read-only descriptor as bytes in memory: mapped, never copied.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/unique_fd.h"

namespace smelt::runner {

// Maps the whole file read-only; the mapping lives as long as the bytes. The descriptor may be
// closed at once. An empty file gives empty bytes. kIoError when it can't be mapped.
Result<SharedBytes> MapReadOnly(int fd);

// The first `size` bytes of a file.
Result<SharedBytes> MapReadOnly(int fd, std::size_t size);

}  // namespace smelt::runner
