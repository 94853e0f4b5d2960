// Unary calls whose work blocks: the handler only enqueues.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <utility>

#include "server/rpc/call_guard.h"
#include "server/rpc/error_details.h"
#include "server/rpc/rpc_context.h"

namespace smelt::rpc {

// Runs `work`, a copyable function of no arguments that returns Result<Response>, on the executor
// and finishes the call with what it says. The request stays valid until then.
template <class Response, class Work>
grpc::ServerUnaryReactor* RunUnary(const RpcContext& context, grpc::CallbackServerContext* call,
                                   MethodName name, Response* response, Work work) {
  // gRPC owns the reactor until it is finished, which this task alone does.
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  auto guard = std::make_shared<CallGuard>(context.metrics, context.clock, name);
  context.executor.Post([reactor, response, guard, work = std::move(work)] {
    Result<Response> result = work();
    const grpc::Status status = ToGrpcStatus(result.status());
    if (result.ok()) *response = *std::move(result);
    guard->Handled(status.error_code());
    reactor->Finish(status);
  });
  return reactor;
}

}  // namespace smelt::rpc
