// What a failed call says, in our own terms.
#pragma once

#include <chrono>
#include <optional>

#include <grpcpp/support/status.h>

#include "core/base/status.h"

namespace smelt::client {

struct RpcError {
  Status status;  // reason and message; never ok
  bool worth_retrying = false;
  std::optional<std::chrono::milliseconds> retry_after;  // as the server asks
};

// The reason comes from the error details when the daemon sent them, else from the code. `address`
// is for the message when nobody answers. Requires !status.ok().
RpcError ToRpcError(const grpc::Status& status, const std::string& address);

}  // namespace smelt::client
