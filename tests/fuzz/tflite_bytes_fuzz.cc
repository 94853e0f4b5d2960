// Any bytes as an artifact that is read back, and as a file to describe: what one reader checks the
// other can read, and what can be read can be described.
#include <cstdio>
#include <cstdlib>

#include "core/import/tflite/describe.h"
#include "core/import/tflite/reader.h"
#include "tests/fuzz/convert_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const smelt::SharedBytes file = smelt::fuzz::Copy(data, size);
  const bool checked = smelt::tflite_import::CheckFile(file).ok();
  const bool read = smelt::tflite_import::Read(file).ok();
  if (checked && !read) {
    std::fprintf(stderr, "fuzz: a file that was checked can't be read\n");
    std::abort();
  }
  const bool described = smelt::tflite_import::Describe(file).ok();
  if (read && !described) {
    std::fprintf(stderr, "fuzz: a file that was read can't be described\n");
    std::abort();
  }
  return 0;
}
