// Follows a job to its end, and says how to come back to it when the user leaves before.
#pragma once

#include <cstdint>
#include <string>

#include "client/cmd/session.h"
#include "core/base/result.h"
#include "smelt/v1/jobs.pb.h"

namespace CLI {
class App;
}

namespace smelt::client {

struct FollowOptions {
  double wait_timeout_seconds = 0;  // 0: without limit
  bool cancel_on_interrupt = false;
  std::uint64_t after_seq = 0;
};

void AddFollowOptions(CLI::App& app, FollowOptions& options);

// The finished job. When the wait ends early (Ctrl-C, --wait-timeout, a daemon that is gone) the
// job goes on: the session's note names it and the commands to watch it again, with
// `watch_arguments` after its id, or to cancel it.
Result<v1::Job> Follow(Session& session, const std::string& job_id, const FollowOptions& options,
                       const std::string& watch_arguments);

}  // namespace smelt::client
