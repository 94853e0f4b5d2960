// Reasons as gRPC status codes, and gRPC's own spelling of its codes.
#pragma once

#include <grpcpp/support/status_code_enum.h>

#include <string_view>

#include "core/base/reason.h"

namespace smelt::rpc {

// The code by which an RPC fails for this reason. What concerns a model rather than a request is
// INVALID_ARGUMENT: it comes here only when a call itself can't be answered.
grpc::StatusCode GrpcCode(Reason reason);

// "OK", "NOT_FOUND", ...: the label value of metrics.
std::string_view CodeName(grpc::StatusCode code);

}  // namespace smelt::rpc
