// What an operation may hold: the limits that jobs.proto names.
#pragma once

#include <cstddef>

#include "core/base/result.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::jobs {

inline constexpr std::size_t kMaxExternalFiles = 4096;

// Small enough that a job, which repeats its operation, fits a message of 4 MiB.
inline constexpr std::size_t kMaxOperationBytes = std::size_t{2} << 20;

// kInvalidArgument with the field, the value found and what is allowed: an enum's number without a
// name, a list, map or string beyond its limit, a number out of range.
Status CheckOptions(const v1::ConvertOptions& options);

// The options, the size of the whole, and the names of the bundle. kExternalPathEscapes, too.
Status CheckOperation(const v1::ConvertOperation& operation);
// The same without options.
Status CheckOperation(const v1::InspectOperation& operation);

}  // namespace smelt::jobs
