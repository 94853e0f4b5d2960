#include "tests/unit/client/fake_daemon.h"

#include <algorithm>
#include <thread>

namespace smelt::client {
namespace {

using grpc::StatusCode;

grpc::Status Broken() { return {StatusCode::UNAVAILABLE, "broken by the test"}; }

}  // namespace

grpc::Status FakeDaemon::FindMissing(grpc::ServerContext*, const v1::FindMissingRequest* request,
                                     v1::FindMissingResponse* response) {
  const std::lock_guard lock(mutex_);
  for (const v1::Digest& digest : request->digests()) {
    if (blobs.count(digest.sha256()) == 0) *response->add_missing() = digest;
  }
  return grpc::Status::OK;
}

grpc::Status FakeDaemon::Write(grpc::ServerContext*, grpc::ServerReader<v1::WriteRequest>* reader,
                               v1::WriteResponse* response) {
  const std::lock_guard lock(mutex_);
  v1::WriteRequest request;
  if (!reader->Read(&request)) return Refusal(StatusCode::INVALID_ARGUMENT, "usage", "empty");
  const v1::Digest digest = request.digest();
  std::string& bytes = uploads[request.upload_id()];
  write_offsets.push_back(request.offset());
  if (faults.conflicting_writes > 0) {
    --faults.conflicting_writes;
    return Refusal(StatusCode::ABORTED, "write_offset", "somebody else writes");
  }
  std::uint64_t received = 0;
  do {
    if (request.offset() != bytes.size()) {
      return Refusal(StatusCode::ABORTED, "write_offset", std::to_string(bytes.size()));
    }
    bytes += request.data();
    received += request.data().size();
    if (faults.broken_writes > 0 && received >= faults.bytes_before_break) {
      --faults.broken_writes;
      return Broken();
    }
    if (request.finish()) {
      const Digest found = Digest::Of(std::as_bytes(std::span(bytes)));
      if (found.Hex() != digest.sha256() || found.size_bytes != digest.size_bytes()) {
        return Refusal(StatusCode::INVALID_ARGUMENT, "digest_mismatch", "wrong digest");
      }
      blobs[digest.sha256()] = bytes;
      response->set_committed_bytes(bytes.size());
      response->set_sealed(true);
      return grpc::Status::OK;
    }
  } while (reader->Read(&request));
  return grpc::Status::OK;
}

grpc::Status FakeDaemon::QueryWrite(grpc::ServerContext*, const v1::QueryWriteRequest* request,
                                    v1::QueryWriteResponse* response) {
  const std::lock_guard lock(mutex_);
  const auto found = uploads.find(request->upload_id());
  if (found == uploads.end()) {
    return Refusal(StatusCode::NOT_FOUND, "upload_not_found", "no such upload");
  }
  response->set_committed_bytes(found->second.size());
  return grpc::Status::OK;
}

grpc::Status FakeDaemon::Read(grpc::ServerContext*, const v1::ReadRequest* request,
                              grpc::ServerWriter<v1::ReadResponse>* writer) {
  const std::lock_guard lock(mutex_);
  read_offsets.push_back(request->offset());
  const auto found = blobs.find(request->digest().sha256());
  if (found == blobs.end()) return Refusal(StatusCode::NOT_FOUND, "blob_missing", "no such blob");
  constexpr std::uint64_t kChunk = 4;  // small, so that breaks fall inside a blob
  std::string bytes = found->second;
  if (faults.corrupt_reads) bytes[0] = static_cast<char>(bytes[0] ^ 1);
  for (std::uint64_t at = request->offset(); at < bytes.size(); at += kChunk) {
    if (faults.broken_reads > 0 && at - request->offset() >= faults.read_before_break) {
      --faults.broken_reads;
      return Broken();
    }
    v1::ReadResponse response;
    response.set_data(bytes.substr(at, kChunk));
    writer->Write(response);
  }
  return grpc::Status::OK;
}

void FakeDaemon::Finish(v1::Job* job) {
  v1::Report report = report_;
  report.set_job_id(job->id());
  job->set_reason_code(report.reason_code());
  job->set_message(report.message());
  job->set_state(v1::FAILED);
  if (report.state() == "cancelled") job->set_state(v1::CANCELLED);
  if (report.state() == "succeeded") {
    job->set_state(v1::SUCCEEDED);
    v1::JobArtifact* artifact = job->add_artifacts();
    artifact->set_name(job->has_inspect() ? "model_description.json" : "model.tflite");
    artifact->set_kind(job->has_inspect() ? "model_description" : "tflite");
    *artifact->mutable_digest() = Store(artifact_);
    v1::Artifact* reported = report.add_artifacts();
    reported->set_name(artifact->name());
    *reported->mutable_digest() = artifact->digest();
  }
  for (const auto& [name, text] : extras_) {
    v1::JobArtifact* extra = job->add_artifacts();
    extra->set_name(name);
    extra->set_kind("op_coverage");
    *extra->mutable_digest() = Store(text);
  }
  *job->mutable_report() = Store(report.SerializeAsString());
  job->set_last_seq(4);
}

grpc::Status FakeDaemon::Create(grpc::ServerContext*, const v1::CreateJobRequest* request,
                                v1::Job* job) {
  const std::lock_guard lock(mutex_);
  creates.push_back(*request);
  if (!faults.create_refusal.ok()) return faults.create_refusal;
  std::string& id = job_of_request_id_[request->request_id()];
  if (id.empty()) {
    id = "job" + std::to_string(job_of_request_id_.size());
    v1::Job& created = jobs_[id];
    created.set_id(id);
    created.set_state(v1::RUNNING);
    created.set_last_seq(3);
    if (request->has_convert()) *created.mutable_convert() = request->convert();
    if (request->has_inspect()) *created.mutable_inspect() = request->inspect();
    if (!faults.never_finish) Finish(&created);
  }
  *job = jobs_[id];
  if (faults.unavailable_creates > 0) {
    --faults.unavailable_creates;
    return Broken();
  }
  return grpc::Status::OK;
}

grpc::Status FakeDaemon::Get(grpc::ServerContext*, const v1::GetJobRequest* request, v1::Job* job) {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(request->id());
  if (found == jobs_.end()) {
    return Refusal(StatusCode::NOT_FOUND, "job_not_found", "there is no job " + request->id());
  }
  *job = found->second;
  return grpc::Status::OK;
}

grpc::Status FakeDaemon::Cancel(grpc::ServerContext*, const v1::CancelJobRequest* request,
                                v1::Job* job) {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(request->id());
  if (found == jobs_.end()) {
    return Refusal(StatusCode::NOT_FOUND, "job_not_found", "there is no job " + request->id());
  }
  cancelled.push_back(request->id());
  *job = found->second;
  return grpc::Status::OK;
}

grpc::Status FakeDaemon::List(grpc::ServerContext*, const v1::ListJobsRequest* request,
                              v1::ListJobsResponse* response) {
  const std::lock_guard lock(mutex_);
  auto next = jobs_.upper_bound(request->page_token());
  // Pages of at most two, so that a list takes several.
  for (std::uint32_t i = 0; i < std::min(2u, request->page_size()) && next != jobs_.end(); ++i) {
    *response->add_jobs() = (next++)->second;
  }
  if (next != jobs_.end()) response->set_next_page_token(response->jobs().rbegin()->id());
  return grpc::Status::OK;
}

grpc::Status FakeDaemon::Watch(grpc::ServerContext* context, const v1::WatchJobRequest* request,
                               grpc::ServerWriter<v1::JobEvent>* writer) {
  v1::Job job;
  const v1::JobState states[] = {v1::ACCEPTED, v1::QUEUED, v1::RUNNING};
  bool breaks = false;
  {
    const std::lock_guard lock(mutex_);
    watch_seqs.push_back(request->after_seq());
    if (faults.prune_events) return Refusal(StatusCode::OUT_OF_RANGE, "events_pruned", "gone");
    job = jobs_[request->id()];
    breaks = faults.broken_watches > 0;
    if (breaks) --faults.broken_watches;
  }
  for (std::uint64_t seq = request->after_seq() + 1; seq <= 3; ++seq) {
    v1::JobEvent event;
    event.set_seq(seq);
    event.set_state(states[seq - 1]);
    writer->Write(event);
    if (breaks) return Broken();
  }
  v1::JobEvent event;
  event.mutable_progress()->set_stage("import");
  event.mutable_progress()->set_done(3);
  event.mutable_progress()->set_unit("nodes");
  writer->Write(event);
  if (job.state() == v1::RUNNING) {
    if (on_idle_watch) on_idle_watch();
    while (!context->IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  }
  event.set_seq(4);
  *event.mutable_finished() = job;
  writer->Write(event);
  return grpc::Status::OK;
}

grpc::Status FakeDaemon::ListOperators(grpc::ServerContext*, const v1::ListOperatorsRequest*,
                                       v1::ListOperatorsResponse* response) {
  response->set_source_format("onnx");
  for (const char* name : {"Conv", "MaxPool"}) {
    v1::OperatorSupport* op = response->add_operators();
    op->set_op_type(name);
    op->set_since(7);
    op->set_until(28);
  }
  v1::OperatorSupport::Requirement* requirement =
      response->mutable_operators(1)->add_requirements();
  requirement->set_reason_code("unsupported_rank");
  requirement->set_text("input rank is 3 to 5");
  return grpc::Status::OK;
}

}  // namespace smelt::client
