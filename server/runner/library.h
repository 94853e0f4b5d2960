// The library that a worker runs; a test binary puts something else in its place.
#pragma once

#include "core/convert/convert.h"
#include "core/convert/inspect.h"

namespace smelt::runner {

struct Library {
  decltype(&Convert) convert = nullptr;
  decltype(&Inspect) inspect = nullptr;
  decltype(&PrintSupport) print_support = nullptr;
};

}  // namespace smelt::runner
