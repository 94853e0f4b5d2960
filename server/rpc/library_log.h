// What the libraries below say, as events of our log.
#pragma once

namespace smelt::rpc {

// Sends the log of protobuf and of gRPC through Log(). Once, before other threads exist. gRPC says
// only what its own variable GRPC_VERBOSITY asks for.
void RouteLibraryLogs();

}  // namespace smelt::rpc
