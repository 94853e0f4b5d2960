// Follows a job until it has finished, through lost connections and restarts of the daemon.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "client/net/channel.h"
#include "core/base/result.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::client {

struct WatchRequest {
  std::string job_id;
  std::uint64_t after_seq = 0;                                    // 0: from the beginning
  std::optional<std::chrono::system_clock::time_point> deadline;  // of the wait, not of the job
};

// Tells the connection's progress every event once, in order, and returns the finished job.
// Errors: kDeadlineExceeded (the job goes on), kJobNotFound, kServerUnavailable after all retries.
Result<v1::Job> WatchJob(Connection& connection, const WatchRequest& request);

}  // namespace smelt::client
