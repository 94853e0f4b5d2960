// The options that ask for an artifact in parts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "smelt/v1/jobs.pb.h"

namespace CLI {
class App;
}

namespace smelt::client {

struct SplitFlags {
  bool split = false;  // with the limits that hold without the others
  std::uint64_t max_bytes = 0;
  std::uint64_t target_bytes = 0;
  std::uint32_t parts = 0;
  std::vector<std::string> at_tensors;
  std::string base_name;  // not a flag: where the files will be written says it
  bool any() const {
    return split || max_bytes != 0 || target_bytes != 0 || parts != 0 || !at_tensors.empty();
  }
};

void AddSplitOptions(CLI::App& app, SplitFlags& flags);

// Sets what the flags ask for, if anything. kUsage.
Status AddSplit(const SplitFlags& flags, v1::ConvertOptions& wire);

}  // namespace smelt::client
