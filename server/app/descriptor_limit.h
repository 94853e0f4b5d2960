// The process's limit of open files.
#pragma once

#include <cstdint>

namespace smelt::app {

// Raises the soft limit to the hard one, logs both, and returns the limit that holds now.
std::uint64_t RaiseDescriptorLimit();

}  // namespace smelt::app
