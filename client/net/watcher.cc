#include "client/net/watcher.h"

#include <utility>

#include "client/net/attempts.h"
#include "client/net/calls.h"
#include "client/net/stubs.h"
#include "client/view/job_state.h"

namespace smelt::client {
namespace {

class Watch {
 public:
  Watch(Connection& connection, const WatchRequest& request)
      : connection_(connection),
        request_(request),
        last_seq_(request.after_seq),
        attempts_(connection, request.deadline) {}

  Result<v1::Job> Run();

 private:
  grpc::Status StreamOnce();
  void OnEvent(const v1::JobEvent& event);
  // The job as it is now, taken for the events that could not be had. Finished or not.
  Status Snapshot();

  Connection& connection_;
  const WatchRequest& request_;
  std::uint64_t last_seq_;
  std::optional<v1::Job> finished_;
  Attempts attempts_;
};

Result<v1::Job> Watch::Run() {
  while (true) {
    grpc::Status status = StreamOnce();
    if (finished_) return *std::move(finished_);
    if (status.error_code() == grpc::StatusCode::OUT_OF_RANGE || status.ok()) {
      // Events are gone, or the stream ended without the last one.
      SMELT_RETURN_IF_ERROR(Snapshot());
      if (finished_) return *std::move(finished_);
      status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the stream of events ended");
    }
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      return Status(Reason::kDeadlineExceeded, "the job has not finished in the time to wait");
    }
    SMELT_RETURN_IF_ERROR(attempts_.AfterFailure(status));
  }
}

grpc::Status Watch::StreamOnce() {
  grpc::ClientContext context;
  if (request_.deadline) context.set_deadline(*request_.deadline);
  const Interrupt::Scope scope(connection_.interrupt(), [&context] { context.TryCancel(); });
  v1::WatchJobRequest wire;
  wire.set_id(request_.job_id);
  wire.set_after_seq(last_seq_);
  const auto reader = connection_.stubs().jobs->Watch(&context, wire);
  v1::JobEvent event;
  while (reader->Read(&event)) OnEvent(event);
  return reader->Finish();
}

void Watch::OnEvent(const v1::JobEvent& event) {
  attempts_.Progressed();
  if (event.seq() != 0) {
    if (event.seq() <= last_seq_) return;  // seen before the connection was lost
    last_seq_ = event.seq();
  }
  connection_.progress().OnEvent(event);
  if (event.has_finished()) finished_ = event.finished();
}

Status Watch::Snapshot() {
  SMELT_ASSIGN_OR_RETURN(v1::Job job, GetJob(connection_, request_.job_id));
  last_seq_ = job.last_seq();
  if (!IsFinished(job.state())) return Status::Ok();
  v1::JobEvent event;
  event.set_seq(job.last_seq());
  *event.mutable_finished() = job;
  connection_.progress().OnEvent(event);
  finished_ = std::move(job);
  return Status::Ok();
}

}  // namespace

Result<v1::Job> WatchJob(Connection& connection, const WatchRequest& request) {
  return Watch(connection, request).Run();
}

}  // namespace smelt::client
