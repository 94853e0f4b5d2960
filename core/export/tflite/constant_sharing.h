// Finds equal constants, by their evaluated bytes, without holding more than two blocks of them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/cancel_token.h"
#include "core/base/result.h"
#include "core/ir/constant.h"

namespace smelt::tflite_export {

// Hands the constant's bytes to `take` in order, block by block. Stops at the first error.
Status ForEachBlock(const ir::Constant& constant, const std::function<Status(ByteSpan)>& take);

// For each constant the index of the first one with the same bytes (its own when it is the first).
// Candidates are found by size and hash; equality is always decided by comparing bytes.
Result<std::vector<std::uint32_t>> ShareEqual(std::span<const ir::Constant* const> constants,
                                              const CancelToken& cancel);

}  // namespace smelt::tflite_export
