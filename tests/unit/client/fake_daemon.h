// A daemon in the test's own process that speaks the public API, keeps everything in memory, and
// fails where the test asks it to.
#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "client/net/blob_digest.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "smelt/v1/blobs.grpc.pb.h"
#include "smelt/v1/jobs.grpc.pb.h"
#include "smelt/v1/report.pb.h"
#include "smelt/v1/server_info.grpc.pb.h"

namespace smelt::client {

inline grpc::Status Refusal(grpc::StatusCode code, const std::string& reason,
                            const std::string& message) {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("smelt");
  google::rpc::Status wire;
  wire.set_code(static_cast<int>(code));
  wire.add_details()->PackFrom(info);
  return {code, message, wire.SerializeAsString()};
}

// What the test asks for. Set it before the call that it is about.
struct Faults {
  int unavailable_creates = 0;           // Create answers UNAVAILABLE this often, after accepting
  int broken_writes = 0;                 // Write breaks this often ...
  std::uint64_t bytes_before_break = 0;  // ... after so many bytes
  int conflicting_writes = 0;            // Write answers ABORTED this often
  int broken_reads = 0;                  // Read breaks this often ...
  std::uint64_t read_before_break = 0;   // ... after so many bytes
  bool corrupt_reads = false;            // the first byte of every blob is wrong
  int broken_watches = 0;                // Watch breaks this often, after one event each
  bool never_finish = false;             // jobs stay RUNNING
  bool prune_events = false;             // Watch answers OUT_OF_RANGE
  grpc::Status create_refusal;           // not OK: Create answers it
};

class FakeDaemon final : v1::Blobs::Service, v1::Jobs::Service, v1::ServerInfo::Service {
 public:
  explicit FakeDaemon(const std::string& socket) : address_("unix:" + socket) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address_, grpc::InsecureServerCredentials());
    builder.RegisterService(static_cast<v1::Blobs::Service*>(this));
    builder.RegisterService(static_cast<v1::Jobs::Service*>(this));
    builder.RegisterService(static_cast<v1::ServerInfo::Service*>(this));
    server_ = builder.BuildAndStart();
    info_.set_version("fake");
    info_.add_targets("litert");
    info_.set_accepting(true);
    report_.set_state("succeeded");
  }
  ~FakeDaemon() override { server_->Shutdown(std::chrono::system_clock::now()); }

  const std::string& address() const { return address_; }
  Faults faults;
  v1::GetServerInfoResponse info_;
  // How every job ends: the report's state decides; the artifact is this text.
  v1::Report report_;
  std::string artifact_ = "the artifact";
  std::map<std::string, std::string> extras_;  // files beside it: name -> text
  // Called when a watch has sent all it has and the job is not finished.
  std::function<void()> on_idle_watch;

  // What happened.
  std::map<std::string, std::string> blobs;    // by SHA-256
  std::map<std::string, std::string> uploads;  // by upload id
  std::vector<std::uint64_t> write_offsets;    // where each Write began
  std::vector<std::uint64_t> read_offsets;
  std::vector<std::uint64_t> watch_seqs;  // after_seq of each Watch
  std::vector<v1::CreateJobRequest> creates;
  std::vector<std::string> cancelled;

  v1::Digest Store(const std::string& bytes) {
    const Digest digest = Digest::Of(std::as_bytes(std::span(bytes)));
    blobs[digest.Hex()] = bytes;
    return ToWire(digest);
  }

 private:
  grpc::Status FindMissing(grpc::ServerContext*, const v1::FindMissingRequest* request,
                           v1::FindMissingResponse* response) override;
  grpc::Status Write(grpc::ServerContext*, grpc::ServerReader<v1::WriteRequest>* reader,
                     v1::WriteResponse* response) override;
  grpc::Status QueryWrite(grpc::ServerContext*, const v1::QueryWriteRequest* request,
                          v1::QueryWriteResponse* response) override;
  grpc::Status Read(grpc::ServerContext*, const v1::ReadRequest* request,
                    grpc::ServerWriter<v1::ReadResponse>* writer) override;
  grpc::Status Create(grpc::ServerContext*, const v1::CreateJobRequest* request,
                      v1::Job* job) override;
  grpc::Status Get(grpc::ServerContext*, const v1::GetJobRequest* request, v1::Job* job) override;
  grpc::Status Cancel(grpc::ServerContext*, const v1::CancelJobRequest* request,
                      v1::Job* job) override;
  grpc::Status List(grpc::ServerContext*, const v1::ListJobsRequest* request,
                    v1::ListJobsResponse* response) override;
  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchJobRequest* request,
                     grpc::ServerWriter<v1::JobEvent>* writer) override;
  grpc::Status Get(grpc::ServerContext*, const v1::GetServerInfoRequest*,
                   v1::GetServerInfoResponse* response) override {
    *response = info_;
    return grpc::Status::OK;
  }
  grpc::Status ListOperators(grpc::ServerContext*, const v1::ListOperatorsRequest*,
                             v1::ListOperatorsResponse* response) override;

  void Finish(v1::Job* job);

  std::string address_;
  std::mutex mutex_;
  std::map<std::string, v1::Job> jobs_;  // by id
  std::map<std::string, std::string> job_of_request_id_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace smelt::client
