// Any bytes as a model.
#include "tests/fuzz/convert_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  smelt::fuzz::ConvertBytes(smelt::fuzz::Copy(data, size));
  return 0;
}
