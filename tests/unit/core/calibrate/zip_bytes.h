// Zip files made in tests: stored or deflated entries, by libzip.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.h"

namespace smelt::calibrate::testing {

// (name, bytes) of each entry.
using ZipEntries = std::vector<std::pair<std::string, std::string>>;
std::string Zip(const ZipEntries& entries, bool deflated = false);

}  // namespace smelt::calibrate::testing
