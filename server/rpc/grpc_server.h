// GrpcServer: the listening server with its services, health and reflection.
//
// Not thread safe but for SetReady. Destroying it shuts it down.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "server/rpc/unix_path.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace smelt::rpc {

struct GrpcServerOptions {
  std::string listen;  // HOST:PORT (port 0: any) or unix:PATH
  bool reflection = true;
};

inline constexpr int kMaxMessageBytes = 4 << 20;

class GrpcServer {
 public:
  // Shared pointers only because their type is incomplete for whoever wires the daemon. Serves at
  // once. kServerUnavailable with the address when it can't be listened on, or somebody else does.
  static Result<std::unique_ptr<GrpcServer>> Start(
      const GrpcServerOptions& options, std::vector<std::shared_ptr<grpc::Service>> services);
  ~GrpcServer();

  // Where it listens, with the real port.
  const std::string& address() const { return address_; }

  // Health of "smelt.v1.Jobs" (readiness); "" stays SERVING (liveness). From any thread.
  void SetReady(bool ready);

  // Stops listening and returns when all calls are over; those left after `limit` are cancelled.
  // Parked calls must have been finished before: gRPC waits for them without a limit.
  void Shutdown(std::chrono::milliseconds limit);

 private:
  GrpcServer() = default;

  std::vector<std::shared_ptr<grpc::Service>> services_;
  std::unique_ptr<grpc::Server> server_;
  std::optional<UnixPath> unix_path_;
  std::string address_;
};

}  // namespace smelt::rpc
