#include "tests/integration/test_client.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <thread>

#include "core/base/digest.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/rpc/status_map.h"
#include "smelt/v1/blobs.grpc.pb.h"
#include "smelt/v1/jobs.grpc.pb.h"
#include "smelt/v1/server_info.grpc.pb.h"

namespace smelt::testing {
namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;
constexpr auto kPatience = std::chrono::seconds(150);

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  context.set_wait_for_ready(false);
}

RpcError ErrorOf(const grpc::Status& status) {
  RpcError error;
  error.code = std::string(rpc::CodeName(status.error_code()));
  error.message = status.error_message();
  google::rpc::Status wire;
  wire.ParseFromString(status.error_details());
  for (const auto& any : wire.details()) {
    google::rpc::ErrorInfo info;
    if (any.Is<google::rpc::RetryInfo>()) error.has_retry_info = true;
    if (!any.UnpackTo(&info)) continue;
    error.reason = info.reason();
    error.metadata.insert(info.metadata().begin(), info.metadata().end());
  }
  return error;
}

template <class Response, class Call>
Answer<Response> Unary(Call call) {
  grpc::ClientContext context;
  SetDeadline(context);
  Answer<Response> answer;
  answer.error = ErrorOf(call(&context, &answer.value));
  return answer;
}

}  // namespace

v1::Digest DigestOf(std::string_view bytes) {
  v1::Digest digest;
  digest.set_sha256(Digest::Of(std::as_bytes(std::span(bytes.data(), bytes.size()))).Hex());
  digest.set_size_bytes(bytes.size());
  return digest;
}

struct TestClient::Stubs {
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::Jobs::Stub> jobs;
  std::unique_ptr<v1::Blobs::Stub> blobs;
  std::unique_ptr<v1::ServerInfo::Stub> info;
};

TestClient::TestClient(const std::string& address) : stubs_(std::make_unique<Stubs>()) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 30'000);  // the connect timeout
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  stubs_->channel =
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  stubs_->jobs = v1::Jobs::NewStub(stubs_->channel);
  stubs_->blobs = v1::Blobs::NewStub(stubs_->channel);
  stubs_->info = v1::ServerInfo::NewStub(stubs_->channel);
}

TestClient::~TestClient() = default;

bool TestClient::WaitReady() {
  const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(30);
  while (std::chrono::system_clock::now() < deadline) {
    stubs_->channel->WaitForConnected(deadline);
    if (Health("smelt.v1.Jobs") == "SERVING") return true;
    std::this_thread::yield();
  }
  return false;
}

// Debian ships no health.proto to generate from: one string in, one enum out, written by hand.
std::string TestClient::Health(const std::string& service) {
  std::string request =
      service.empty() ? "" : std::string("\x0a") + static_cast<char>(service.size());
  request += service;
  const grpc::Slice slice(request);
  grpc::ByteBuffer in(&slice, 1);
  grpc::ByteBuffer out;
  grpc::ClientContext context;
  SetDeadline(context);
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(stubs_->channel);
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", in, &queue);
  call->StartCall();
  grpc::Status status;
  call->Finish(&out, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return std::string(rpc::CodeName(status.error_code()));
  grpc::Slice answer;
  out.DumpToSingleSlice(&answer);
  const bool serving = answer.size() == 2 && answer.begin()[1] == 1;
  return serving ? "SERVING" : "NOT_SERVING";
}

Answer<v1::Job> TestClient::Create(const v1::CreateJobRequest& request) {
  return Unary<v1::Job>([&](auto* context, auto* response) {
    return stubs_->jobs->Create(context, request, response);
  });
}

Answer<v1::Job> TestClient::Get(const std::string& id) {
  v1::GetJobRequest request;
  request.set_id(id);
  return Unary<v1::Job>(
      [&](auto* context, auto* response) { return stubs_->jobs->Get(context, request, response); });
}

Answer<v1::Job> TestClient::Cancel(const std::string& id) {
  v1::CancelJobRequest request;
  request.set_id(id);
  return Unary<v1::Job>([&](auto* context, auto* response) {
    return stubs_->jobs->Cancel(context, request, response);
  });
}

Answer<v1::Job> TestClient::Wait(const std::string& id, double seconds) {
  v1::WaitJobRequest request;
  request.set_id(id);
  request.set_timeout_seconds(seconds);
  return Unary<v1::Job>([&](auto* context, auto* response) {
    return stubs_->jobs->Wait(context, request, response);
  });
}

Answer<v1::ListJobsResponse> TestClient::List(const v1::ListJobsRequest& request) {
  return Unary<v1::ListJobsResponse>([&](auto* context, auto* response) {
    return stubs_->jobs->List(context, request, response);
  });
}

Answer<std::vector<v1::JobEvent>> TestClient::Watch(
    const std::string& id, std::uint64_t after_seq,
    const std::function<bool(const v1::JobEvent&)>& enough) {
  v1::WatchJobRequest request;
  request.set_id(id);
  request.set_after_seq(after_seq);
  grpc::ClientContext context;
  SetDeadline(context);
  auto reader = stubs_->jobs->Watch(&context, request);
  Answer<std::vector<v1::JobEvent>> answer;
  v1::JobEvent event;
  while (reader->Read(&event)) {
    answer.value.push_back(event);
    if (enough && enough(event)) context.TryCancel();
  }
  answer.error = ErrorOf(reader->Finish());
  return answer;
}

Answer<v1::FindMissingResponse> TestClient::FindMissing(const std::vector<v1::Digest>& digests) {
  v1::FindMissingRequest request;
  for (const v1::Digest& digest : digests) *request.add_digests() = digest;
  return Unary<v1::FindMissingResponse>([&](auto* context, auto* response) {
    return stubs_->blobs->FindMissing(context, request, response);
  });
}

Answer<v1::WriteResponse> TestClient::Write(const std::vector<v1::WriteRequest>& messages) {
  grpc::ClientContext context;
  SetDeadline(context);
  Answer<v1::WriteResponse> answer;
  auto writer = stubs_->blobs->Write(&context, &answer.value);
  for (const v1::WriteRequest& message : messages) {
    if (!writer->Write(message)) break;
  }
  writer->WritesDone();
  answer.error = ErrorOf(writer->Finish());
  return answer;
}

Answer<v1::WriteResponse> TestClient::Upload(const std::string& upload_id, std::string_view bytes,
                                             std::uint64_t offset) {
  std::vector<v1::WriteRequest> messages;
  do {
    v1::WriteRequest& message = messages.emplace_back();
    if (messages.size() == 1) {
      message.set_upload_id(upload_id);
      *message.mutable_digest() = DigestOf(bytes);
    }
    message.set_offset(offset);
    const std::string_view chunk = bytes.substr(static_cast<std::size_t>(offset), kChunkBytes);
    message.set_data(std::string(chunk));
    offset += chunk.size();
    message.set_finish(offset == bytes.size());
  } while (offset < bytes.size());
  return Write(messages);
}

Answer<v1::QueryWriteResponse> TestClient::QueryWrite(const std::string& upload_id) {
  v1::QueryWriteRequest request;
  request.set_upload_id(upload_id);
  return Unary<v1::QueryWriteResponse>([&](auto* context, auto* response) {
    return stubs_->blobs->QueryWrite(context, request, response);
  });
}

Answer<std::string> TestClient::Read(const v1::Digest& digest, std::uint64_t offset,
                                     std::uint64_t limit) {
  v1::ReadRequest request;
  *request.mutable_digest() = digest;
  request.set_offset(offset);
  request.set_limit(limit);
  grpc::ClientContext context;
  SetDeadline(context);
  auto reader = stubs_->blobs->Read(&context, request);
  Answer<std::string> answer;
  v1::ReadResponse chunk;
  while (reader->Read(&chunk)) answer.value += chunk.data();
  answer.error = ErrorOf(reader->Finish());
  return answer;
}

Answer<v1::GetServerInfoResponse> TestClient::Info() {
  return Unary<v1::GetServerInfoResponse>(
      [&](auto* context, auto* response) { return stubs_->info->Get(context, {}, response); });
}

Answer<v1::ListOperatorsResponse> TestClient::Operators() {
  return Unary<v1::ListOperatorsResponse>([&](auto* context, auto* response) {
    return stubs_->info->ListOperators(context, {}, response);
  });
}

Answer<v1::Job> TestClient::Submit(std::string_view model, const std::string& file_name,
                                   const std::string& request_id,
                                   const v1::ConvertOptions& options) {
  const v1::Digest digest = DigestOf(model);
  const auto uploaded = Upload(digest.sha256().substr(0, 32), model);
  if (!uploaded.ok()) return {uploaded.error, {}};
  v1::CreateJobRequest request;
  request.set_request_id(request_id);
  v1::ModelInput* input = request.mutable_convert()->mutable_input();
  *input->mutable_model() = digest;
  input->set_file_name(file_name);
  *request.mutable_convert()->mutable_options() = options;
  return Create(request);
}

Answer<v1::Job> TestClient::SubmitInspection(std::string_view model, const std::string& file_name) {
  const v1::Digest digest = DigestOf(model);
  const auto uploaded = Upload(digest.sha256().substr(0, 32), model);
  if (!uploaded.ok()) return {uploaded.error, {}};
  v1::CreateJobRequest request;
  v1::ModelInput* input = request.mutable_inspect()->mutable_input();
  *input->mutable_model() = digest;
  input->set_file_name(file_name);
  return Create(request);
}

}  // namespace smelt::testing
