// What every service needs. Borrowed; outlives the server.
#pragma once

#include <atomic>

#include "core/base/clock.h"
#include "server/jobs/executor.h"
#include "server/jobs/metrics.h"
#include "server/rpc/live_calls.h"

namespace smelt::rpc {

struct RpcContext {
  jobs::Executor& executor;  // what blocks for a moment runs there
  jobs::RpcMetrics& metrics;
  LiveCalls& live;
  const Clock& clock;
  // Set by the drain: no new uploads and watches. (Jobs are refused by the admission.)
  const std::atomic<bool>& draining;
};

}  // namespace smelt::rpc
