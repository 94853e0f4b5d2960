// Reason codes told in full: what they mean and what to do about them.
#pragma once

#include <ostream>
#include <span>
#include <string>

#include "client/view/text.h"
#include "core/base/reason.h"

namespace smelt::client {

void PrintReasons(std::ostream& out, std::span<const ReasonInfo* const> reasons, const Ink& ink);

// {"reasons": [{"reason_code": ..., "number": ..., "meaning": ..., "remedy": ..., "exit_code":
// ...}]}
std::string ReasonsJson(std::span<const ReasonInfo* const> reasons);

}  // namespace smelt::client
