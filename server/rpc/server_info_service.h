// The ServerInfo service: what this daemon is and can do.
#pragma once

#include <functional>
#include <memory>

#include "server/rpc/rpc_context.h"
#include "smelt/v1/server_info.pb.h"

namespace grpc {
class Service;
}

namespace smelt::rpc {

struct ServerFacts {
  // Answers Get; cheap and from any thread.
  std::function<v1::GetServerInfoResponse()> info;
  // The support table, read once from the worker binary.
  v1::ListOperatorsResponse operators;
};

std::shared_ptr<grpc::Service> MakeServerInfoService(const RpcContext& context, ServerFacts facts);

}  // namespace smelt::rpc
