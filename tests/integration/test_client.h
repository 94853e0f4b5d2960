// A client of the daemon for tests: every call blocks, nothing is retried, errors are plain data.
// gRPC stays behind it, since its headers take long to compile.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "smelt/v1/blobs.pb.h"
#include "smelt/v1/jobs.pb.h"
#include "smelt/v1/server_info.pb.h"

namespace smelt::testing {

struct RpcError {
  std::string code;    // gRPC's spelling: "OK", "NOT_FOUND"
  std::string reason;  // of ErrorInfo; "" when there is none
  std::string message;
  std::map<std::string, std::string> metadata;
  bool has_retry_info = false;
  bool ok() const { return code == "OK"; }
};

template <class T>
struct Answer {
  RpcError error;
  T value;
  bool ok() const { return error.ok(); }
};

v1::Digest DigestOf(std::string_view bytes);

// Safe for calls from any thread.
class TestClient {
 public:
  explicit TestClient(const std::string& address);
  ~TestClient();

  // Waits up to 30 s until smelt.v1.Jobs is SERVING.
  bool WaitReady();
  // The health service's answer for a service: "SERVING", "NOT_SERVING", or the error's code.
  std::string Health(const std::string& service);

  Answer<v1::Job> Create(const v1::CreateJobRequest& request);
  Answer<v1::Job> Get(const std::string& id);
  Answer<v1::Job> Cancel(const std::string& id);
  // Waits until the job has finished, at most 120 s.
  Answer<v1::Job> Wait(const std::string& id, double seconds = 120);
  Answer<v1::ListJobsResponse> List(const v1::ListJobsRequest& request);
  // Events until the end of the stream, or until `enough` says so (the call is then cancelled).
  Answer<std::vector<v1::JobEvent>> Watch(
      const std::string& id, std::uint64_t after_seq = 0,
      const std::function<bool(const v1::JobEvent&)>& enough = nullptr);

  Answer<v1::FindMissingResponse> FindMissing(const std::vector<v1::Digest>& digests);
  // Sends these messages, ends the stream and returns the answer.
  Answer<v1::WriteResponse> Write(const std::vector<v1::WriteRequest>& messages);
  // The whole of `bytes` from `offset` on, in chunks, sealed.
  Answer<v1::WriteResponse> Upload(const std::string& upload_id, std::string_view bytes,
                                   std::uint64_t offset = 0);
  Answer<v1::QueryWriteResponse> QueryWrite(const std::string& upload_id);
  Answer<std::string> Read(const v1::Digest& digest, std::uint64_t offset = 0,
                           std::uint64_t limit = 0);

  Answer<v1::GetServerInfoResponse> Info();
  Answer<v1::ListOperatorsResponse> Operators();

  // Uploads `model` and creates a job for it; the file name chooses a chaos worker's trick.
  Answer<v1::Job> Submit(std::string_view model, const std::string& file_name,
                         const std::string& request_id = "",
                         const v1::ConvertOptions& options = {});
  // The same for an inspection.
  Answer<v1::Job> SubmitInspection(std::string_view model, const std::string& file_name);

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace smelt::testing
