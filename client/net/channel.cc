#include "client/net/channel.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "client/net/stubs.h"

namespace smelt::client {
namespace {

bool IsLocal(std::string_view address) {
  return address.starts_with("unix:") || address.starts_with("127.") ||
         address.starts_with("localhost:") || address.starts_with("[::1]:");
}

grpc::ChannelArguments ArgumentsFor(const std::string& address) {
  grpc::ChannelArguments arguments;
  // A peer that vanished without a word is noticed within 40 seconds.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  // Our own retries set the pace; the channel must not sit out longer pauses of its own.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5'000);  // also the connect timeout
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  // A proxy for the world outside is of no use on the way to this machine.
  if (IsLocal(address)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

}  // namespace

Connection::Connection(std::string address, RetryPolicy policy, Interrupt& interrupt,
                       Progress& progress)
    : address_(std::move(address)),
      policy_(policy),
      interrupt_(interrupt),
      progress_(progress),
      stubs_(std::make_unique<Stubs>()) {
  // gRPC's own log would mix with ours; whoever debugs it sets the variable.
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
  stubs_->channel = grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(),
                                              ArgumentsFor(address_));
  stubs_->blobs = v1::Blobs::NewStub(stubs_->channel);
  stubs_->jobs = v1::Jobs::NewStub(stubs_->channel);
  stubs_->server_info = v1::ServerInfo::NewStub(stubs_->channel);
}

Connection::~Connection() = default;

}  // namespace smelt::client
