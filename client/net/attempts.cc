#include "client/net/attempts.h"

#include <algorithm>
#include <random>
#include <string>

#include "client/view/text.h"

namespace smelt::client {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kCallLimit(60);

// Whether the daemon itself spoke, not the transport on its behalf.
bool IsAnswer(const grpc::Status& status) {
  return status.error_code() != grpc::StatusCode::UNAVAILABLE || !status.error_details().empty();
}

}  // namespace

Attempts::Attempts(Connection& connection, Deadline deadline)
    : connection_(connection),
      deadline_(deadline),
      backoff_(connection.retry_policy().retries, connection.retry_policy(),
               std::random_device()()) {}

Status Attempts::AfterFailure(const grpc::Status& status) {
  if (IsAnswer(status)) connection_.SetAnswered();
  RpcError error = ToRpcError(status, connection_.address());
  if (!error.worth_retrying || connection_.interrupt().triggered()) return std::move(error.status);
  const RetryPolicy& policy = connection_.retry_policy();
  backoff_.LimitTo(connection_.answered()
                       ? policy.retries
                       : std::min(policy.retries, policy.retries_before_first_answer));
  const std::optional<milliseconds> pause = backoff_.Next(error.retry_after);
  if (!pause) return std::move(error.status);
  if (deadline_ && std::chrono::system_clock::now() + *pause >= *deadline_) {
    return std::move(error.status);
  }
  connection_.progress().OnNote(std::string(error.status.message()) + "; trying again in " +
                                ShowSeconds(std::chrono::duration<double>(*pause).count()) + " (" +
                                std::to_string(backoff_.used()) + " of " +
                                std::to_string(backoff_.retries()) + ")");
  if (!connection_.interrupt().SleepFor(*pause)) return std::move(error.status);
  return Status::Ok();
}

void Attempts::Progressed() {
  connection_.SetAnswered();
  backoff_.Reset();
}

grpc::Status CallOnce(Connection& connection,
                      const std::function<grpc::Status(grpc::ClientContext*)>& call) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallLimit);
  const Interrupt::Scope scope(connection.interrupt(), [&context] { context.TryCancel(); });
  grpc::Status status = call(&context);
  if (status.ok()) connection.SetAnswered();
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return {grpc::StatusCode::UNAVAILABLE,
            "no answer within " + std::to_string(kCallLimit.count()) + " s"};
  }
  return status;
}

}  // namespace smelt::client
