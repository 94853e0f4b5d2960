#include "core/base/standard_descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

namespace smelt {
namespace {

// In a process of its own: its exit code says what went wrong.
int WithoutStandardDescriptors() {
  for (const int fd : {0, 1, 2}) ::close(fd);
  FillStandardDescriptors();
  char byte = 'x';
  if (::read(0, &byte, 1) != -1 || errno != EBADF) return 1;
  if (::write(1, &byte, 1) != -1 || errno != EBADF) return 2;
  if (::write(2, &byte, 1) != -1 || errno != EBADF) return 3;
  return ::open("/dev/null", O_RDWR) > 2 ? 0 : 4;
}

TEST(StandardDescriptors, NoFileGetsTheirNumbers) {
  EXPECT_EXIT(::_exit(WithoutStandardDescriptors()), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace smelt
