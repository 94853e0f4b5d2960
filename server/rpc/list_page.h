// One page of Jobs.List.
#pragma once

#include <cstddef>

#include "core/base/result.h"
#include "server/jobs/job_store.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::rpc {

// A page ends before it has more bytes than this; one job alone may have up to a message's limit.
inline constexpr std::size_t kMaxPageBytes = std::size_t{3} << 20;

// Blocks on the store. kInvalidArgument for an unknown state, kInvalidPageToken.
Result<v1::ListJobsResponse> ListPage(jobs::JobStore& store, const v1::ListJobsRequest& request);

}  // namespace smelt::rpc
