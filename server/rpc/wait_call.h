// One Jobs.Wait: parks without a thread until the job has finished or the time is over.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "server/rpc/rpc_context.h"
#include "server/rpc/watch_call.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::rpc {

// The reactor owns itself: it is freed when gRPC is done with it. `response` is the call's.
grpc::ServerUnaryReactor* StartWait(const RpcContext& context, const JobReaders& readers,
                                    const v1::WaitJobRequest& request, v1::Job* response);

}  // namespace smelt::rpc
