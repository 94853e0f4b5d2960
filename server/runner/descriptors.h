// The descriptors that came with a start frame, by their number in it.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "core/base/unique_fd.h"

namespace smelt::runner {

// Borrowed. kWorkerProtocol when it did not arrive.
inline Result<int> DescriptorAt(const std::vector<UniqueFd>& descriptors, std::uint32_t index) {
  if (index < descriptors.size()) return descriptors[index].get();
  return Status(Reason::kWorkerProtocol, "the start frame names a descriptor that did not arrive");
}

}  // namespace smelt::runner
