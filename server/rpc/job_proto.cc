#include "server/rpc/job_proto.h"

#include <chrono>
#include <string>

#include "server/jobs/operation.h"

namespace smelt::rpc {
namespace {

void SetTime(Clock::WallTime time, google::protobuf::Timestamp* out) {
  using std::chrono::duration_cast;
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  out->set_seconds(seconds.count());
  out->set_nanos(
      static_cast<std::int32_t>(duration_cast<std::chrono::nanoseconds>(since - seconds).count()));
}

}  // namespace

v1::JobState ToProto(jobs::JobState state) {
  // The numbers are the same by contract; job.h says so.
  return static_cast<v1::JobState>(static_cast<int>(state));
}

v1::Job ToProto(const jobs::Job& job) {
  v1::Job proto;
  proto.set_id(job.id);
  proto.set_state(ToProto(job.state));
  proto.set_request_id(job.request_id);
  jobs::SetOperation(job.operation, proto);
  SetTime(job.create_time, proto.mutable_create_time());
  if (job.start_time) SetTime(*job.start_time, proto.mutable_start_time());
  if (job.finish_time) SetTime(*job.finish_time, proto.mutable_finish_time());
  proto.set_attempt(job.attempt);
  if (job.reason != Reason::kOk) proto.set_reason_code(std::string(ReasonName(job.reason)));
  proto.set_message(job.message);
  for (const jobs::JobArtifact& artifact : job.artifacts) {
    v1::JobArtifact* row = proto.add_artifacts();
    row->set_name(artifact.name);
    row->set_kind(artifact.kind);
    *row->mutable_digest() = jobs::ToProto(artifact.digest);
  }
  if (job.report) *proto.mutable_report() = jobs::ToProto(*job.report);
  proto.set_last_seq(job.last_seq);
  proto.set_cancel_requested(job.cancel_requested);
  return proto;
}

v1::JobEvent ToProto(const jobs::JobEvent& event) {
  v1::JobEvent proto;
  proto.set_seq(event.seq);
  SetTime(event.time, proto.mutable_time());
  proto.set_state(ToProto(event.state));
  return proto;
}

Result<jobs::JobState> FromProto(v1::JobState state) {
  for (const jobs::JobState known : jobs::kAllJobStates) {
    if (ToProto(known) == state) return known;
  }
  return Status(Reason::kInvalidArgument,
                "states: " + std::to_string(static_cast<int>(state)) + " is not a job state");
}

}  // namespace smelt::rpc
