#include "server/rpc/grpc_server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <mutex>
#include <string_view>
#include <utility>

namespace smelt::rpc {
namespace {

constexpr const char* kReadinessService = "smelt.v1.Jobs";

struct ChannelArgument {
  const char* name;
  int value;
};

constexpr ChannelArgument kArguments[] = {
    // A client that reads nothing, or sends to a busy disk, holds 256 KiB a stream and not 4 MB.
    {GRPC_ARG_HTTP2_BDP_PROBE, 0},
    {GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 256 * 1024},
    {GRPC_ARG_MAX_CONCURRENT_STREAMS, 256},
    // Half of what clients do (30 s), so that jitter never makes a ping one too many.
    {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 15'000},
    {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1},
    {GRPC_ARG_KEEPALIVE_TIME_MS, 60'000},
    {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000},
    // Long-lived connections move on now and then, so that a fleet stays balanced.
    {GRPC_ARG_MAX_CONNECTION_AGE_MS, 3'600'000},
    {GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 300'000},
    // A second daemon on the same port must fail, not share it.
    {GRPC_ARG_ALLOW_REUSEPORT, 0},
};

// Once the last user of the library is gone it joins its threads, and its backup poller may sit in
// a poll of 10 seconds by then: a drain would wait for it. So there is a user for as long as the
// process lives.
void KeepLibrary() {
  static std::once_flag once;
  std::call_once(once, grpc_init);
}

void EnablePlugins(bool reflection) {
  // Both are switches of the process, for servers built later.
  grpc::EnableDefaultHealthCheckService(true);
  static std::once_flag once;
  if (reflection) std::call_once(once, grpc::reflection::InitProtoReflectionServerBuilderPlugin);
}

constexpr std::string_view kUnix = "unix:";

// "host:0" with the port that the system chose.
std::string RealAddress(const std::string& listen, int port) {
  if (listen.starts_with(kUnix)) return listen;
  return listen.substr(0, listen.rfind(':') + 1) + std::to_string(port);
}

}  // namespace

Result<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const GrpcServerOptions& options, std::vector<std::shared_ptr<grpc::Service>> services) {
  KeepLibrary();
  EnablePlugins(options.reflection);
  std::unique_ptr<GrpcServer> self(new GrpcServer);
  self->services_ = std::move(services);

  std::string listen = options.listen;
  if (listen.starts_with(kUnix)) {
    SMELT_ASSIGN_OR_RETURN(UnixPath path, UnixPath::Claim(listen.substr(kUnix.size())));
    listen = std::string(kUnix) + path.listen_path();
    self->unix_path_.emplace(std::move(path));
  }
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  for (const ChannelArgument& argument : kArguments) {
    builder.AddChannelArgument(argument.name, argument.value);
  }
  for (const auto& service : self->services_) builder.RegisterService(service.get());
  self->server_ = builder.BuildAndStart();
  if (self->server_ == nullptr) {
    return Status(Reason::kServerUnavailable, "can't listen on " + options.listen,
                  "Another program may serve there: choose another address with --listen.");
  }
  if (self->unix_path_) SMELT_RETURN_IF_ERROR(self->unix_path_->Publish());
  self->address_ = RealAddress(options.listen, port);
  self->SetReady(false);
  return self;
}

GrpcServer::~GrpcServer() { Shutdown(std::chrono::milliseconds(0)); }

void GrpcServer::SetReady(bool ready) {
  if (auto* health = server_->GetHealthCheckService()) {
    health->SetServingStatus(kReadinessService, ready);
  }
}

void GrpcServer::Shutdown(std::chrono::milliseconds limit) {
  if (server_ == nullptr) return;
  unix_path_.reset();  // nobody new finds us
  server_->Shutdown(std::chrono::system_clock::now() + limit);
  server_->Wait();
  server_.reset();
}

}  // namespace smelt::rpc
