// The unary calls of the public API. Each is tried again while the daemon is unavailable, as the
// connection's policy says; Create is safe to repeat because its request carries an id.
#pragma once

#include <cstdint>
#include <string>

#include "client/net/channel.h"
#include "core/base/result.h"
#include "smelt/v1/jobs.pb.h"
#include "smelt/v1/server_info.pb.h"

namespace smelt::client {

// Requires a request_id. Errors: those of Jobs.Create.
Result<v1::Job> CreateJob(Connection& connection, const v1::CreateJobRequest& request);
Result<v1::Job> GetJob(Connection& connection, const std::string& id);
Result<v1::Job> CancelJob(Connection& connection, const std::string& id);
// One page.
Result<v1::ListJobsResponse> ListJobs(Connection& connection, const v1::ListJobsRequest& request);
Result<v1::GetServerInfoResponse> GetServerInfo(Connection& connection);
Result<v1::ListOperatorsResponse> ListOperators(Connection& connection);

}  // namespace smelt::client
