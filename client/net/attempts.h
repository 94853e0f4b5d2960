// Attempts: decides, for one operation, whether a failed call is made again. Included by the
// sources of this folder only. Not thread safe.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include "client/net/channel.h"
#include "client/net/retry.h"
#include "client/net/rpc_error.h"
#include "client/net/sendable.h"
#include "core/base/result.h"
#include "core/base/status.h"

namespace smelt::client {

using Deadline = std::optional<std::chrono::system_clock::time_point>;

class Attempts {
 public:
  explicit Attempts(Connection& connection, Deadline deadline = std::nullopt);

  // After a failed call: waits and returns OK when it should be made again, else says why not.
  // An answer with an error is an answer: it ends the wait for a daemon that may not exist.
  Status AfterFailure(const grpc::Status& status);

  // After progress: the count of retries starts again.
  void Progressed();

 private:
  Connection& connection_;
  Deadline deadline_;
  Backoff backoff_;
};

// Makes one unary call, again if need be, each time for at most a minute.
grpc::Status CallOnce(Connection& connection,
                      const std::function<grpc::Status(grpc::ClientContext*)>& call);

template <class Stub, class Request, class Response>
Result<Response> CallUnary(Connection& connection, Stub& stub,
                           grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                        Response*),
                           const Request& request) {
  SMELT_RETURN_IF_ERROR(CheckSendable(request));
  Attempts attempts(connection);
  while (true) {
    Response response;
    const grpc::Status status = CallOnce(connection, [&](grpc::ClientContext* context) {
      return (stub.*method)(context, request, &response);
    });
    if (status.ok()) return response;
    SMELT_RETURN_IF_ERROR(attempts.AfterFailure(status));
  }
}

}  // namespace smelt::client
