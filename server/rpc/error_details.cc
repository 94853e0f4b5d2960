#include "server/rpc/error_details.h"

#include <chrono>

#include "core/base/utf8.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/rpc/status_map.h"

namespace smelt::rpc {
namespace {

// The message travels twice, once percent-encoded; three of these and the hint stay below 8 KB.
constexpr std::size_t kMaxMessageBytes = 1024;
constexpr std::size_t kMaxHintBytes = 512;
constexpr int kRetryNanos = 500'000'000;

// The caller can do nothing but wait.
bool HelpsToRetry(Reason reason) {
  return reason == Reason::kQueueFull || reason == Reason::kDraining ||
         reason == Reason::kWorkerUnavailable || reason == Reason::kStorageFull;
}

}  // namespace

grpc::Status ToGrpcStatus(const Status& status,
                          const std::map<std::string, std::string>& metadata) {
  return ToGrpcStatus(status, GrpcCode(status.reason()), metadata);
}

grpc::Status ToGrpcStatus(const Status& status, grpc::StatusCode code,
                          const std::map<std::string, std::string>& metadata) {
  if (status.ok()) return grpc::Status::OK;
  const std::string message = ClipUtf8(status.message(), kMaxMessageBytes);

  google::rpc::ErrorInfo info;
  info.set_reason(std::string(ReasonName(status.reason())));
  info.set_domain("smelt");
  (*info.mutable_metadata())["hint"] = ClipUtf8(status.hint(), kMaxHintBytes);
  google::rpc::Status wire;
  wire.set_code(static_cast<int>(code));
  wire.set_message(message);
  wire.add_details()->PackFrom(info);
  if (HelpsToRetry(status.reason())) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(kRetryNanos);
    wire.add_details()->PackFrom(retry);
  }
  for (const auto& [key, value] : metadata) {
    if (wire.ByteSizeLong() + key.size() + value.size() + 16 > kDetailsBudgetBytes) break;
    (*info.mutable_metadata())[key] = value;
    wire.mutable_details(0)->PackFrom(info);
  }
  return grpc::Status(code, message, wire.SerializeAsString());
}

}  // namespace smelt::rpc
