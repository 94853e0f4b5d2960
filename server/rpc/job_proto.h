// Jobs and events of the ledger as messages of the public API.
#pragma once

#include "core/base/result.h"
#include "server/jobs/event_log.h"
#include "server/jobs/job.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::rpc {

v1::JobState ToProto(jobs::JobState state);
v1::Job ToProto(const jobs::Job& job);
// A numbered event that says which state was entered.
v1::JobEvent ToProto(const jobs::JobEvent& event);

// kInvalidArgument for JOB_STATE_UNSPECIFIED and numbers that have no name.
Result<jobs::JobState> FromProto(v1::JobState state);

}  // namespace smelt::rpc
