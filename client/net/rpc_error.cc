#include "client/net/rpc_error.h"

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace smelt::client {
namespace {

struct Details {
  google::rpc::ErrorInfo info;
  std::optional<std::chrono::milliseconds> retry_after;
};

Details ReadDetails(const grpc::Status& status) {
  Details details;
  google::rpc::Status wire;
  if (!wire.ParseFromString(status.error_details())) return details;
  for (const auto& any : wire.details()) {
    google::rpc::RetryInfo retry;
    if (any.Is<google::rpc::ErrorInfo>()) {
      any.UnpackTo(&details.info);
    } else if (any.UnpackTo(&retry)) {
      using std::chrono::milliseconds;
      details.retry_after = milliseconds(retry.retry_delay().seconds() * 1000 +
                                         retry.retry_delay().nanos() / 1'000'000);
    }
  }
  return details;
}

// For an answer without details: from a proxy, from gRPC itself, or from a daemon of another kind.
Reason ReasonFromCode(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::CANCELLED:
      return Reason::kCancelled;
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::FAILED_PRECONDITION:
      return Reason::kInvalidArgument;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Reason::kDeadlineExceeded;
    case grpc::StatusCode::NOT_FOUND:
      return Reason::kJobNotFound;
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
      return Reason::kPermissionDenied;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:  // of a proxy, unless IsMessageSize
      return Reason::kQueueFull;
    case grpc::StatusCode::UNAVAILABLE:
      return Reason::kServerUnavailable;
    default:
      return Reason::kInternalError;
  }
}

// gRPC itself refuses a message, ours or the daemon's, that is larger than it takes.
bool IsMessageSize(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
         status.error_message().find("message larger than max") != std::string::npos;
}

// gRPC names every layer that failed ("... last error: UNKNOWN: ipv4:...: Connection refused");
// the last one says it.
std::string InnermostCause(const std::string& message) {
  const std::size_t colon = message.rfind(": ");
  return colon == std::string::npos ? message : message.substr(colon + 2);
}

Status Unreachable(const grpc::Status& status, const std::string& address) {
  return Status(
      Reason::kServerUnavailable,
      "no daemon answers at " + address + " (" + InnermostCause(status.error_message()) + ")",
      "Start one with 'smeltd --listen " + address +
          "', or give the address of another with --server or SMELT_SERVER.");
}

}  // namespace

RpcError ToRpcError(const grpc::Status& status, const std::string& address) {
  const Details details = ReadDetails(status);
  const bool unavailable = status.error_code() == grpc::StatusCode::UNAVAILABLE;
  RpcError error;
  error.retry_after = details.retry_after;
  error.worth_retrying = unavailable || status.error_code() == grpc::StatusCode::ABORTED ||
                         (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED &&
                          details.retry_after.has_value());
  const auto reason = ReasonFromName(details.info.reason());
  if (reason && *reason != Reason::kOk) {
    const auto hint = details.info.metadata().find("hint");
    error.status = Status(*reason, status.error_message(),
                          hint == details.info.metadata().end() ? "" : hint->second);
  } else if (unavailable) {
    error.status = Unreachable(status, address);
  } else if (IsMessageSize(status)) {
    error.status = Status(Reason::kInvalidArgument,
                          "a message of this call is too large: " + status.error_message(),
                          "Ask for less at once.");
  } else {
    std::string message = status.error_message();
    // A newer daemon may know reasons that this client does not.
    if (!details.info.reason().empty()) message += " (" + details.info.reason() + ")";
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
      message = "the server at " + address + " does not know this call: " + message;
    }
    error.status = Status(ReasonFromCode(status.error_code()), message);
  }
  return error;
}

}  // namespace smelt::client
