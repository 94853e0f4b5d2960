// One Jobs.Watch: stored events in order, then live ones, with the newest progress in between.
//
// Memory is bounded: one message in flight, one page of stored events, one progress message that
// newer ones replace. A slow reader misses progress, never an event.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "server/jobs/event_log.h"
#include "server/jobs/job_store.h"
#include "server/rpc/rpc_context.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::rpc {

struct JobReaders {  // outlive the server
  jobs::JobStore& store;
  jobs::EventLog& events;
};

// The reactor owns itself: it is freed when gRPC is done with it.
grpc::ServerWriteReactor<v1::JobEvent>* StartWatch(const RpcContext& context,
                                                   const JobReaders& readers,
                                                   const v1::WatchJobRequest& request);

}  // namespace smelt::rpc
