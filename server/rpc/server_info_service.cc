#include "server/rpc/server_info_service.h"

#include <utility>

#include "server/rpc/unary_call.h"
#include "smelt/v1/server_info.grpc.pb.h"

namespace smelt::rpc {
namespace {

constexpr std::string_view kService = "smelt.v1.ServerInfo";

class ServerInfoService final : public v1::ServerInfo::CallbackService {
 public:
  ServerInfoService(const RpcContext& context, ServerFacts facts)
      : context_(context), facts_(std::move(facts)) {}

  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* call, const v1::GetServerInfoRequest*,
                                v1::GetServerInfoResponse* response) override {
    return RunUnary(context_, call, {kService, "Get"}, response,
                    [this] { return Result<v1::GetServerInfoResponse>(facts_.info()); });
  }

  grpc::ServerUnaryReactor* ListOperators(grpc::CallbackServerContext* call,
                                          const v1::ListOperatorsRequest*,
                                          v1::ListOperatorsResponse* response) override {
    return RunUnary(context_, call, {kService, "ListOperators"}, response,
                    [this] { return Result<v1::ListOperatorsResponse>(facts_.operators); });
  }

 private:
  const RpcContext context_;
  const ServerFacts facts_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeServerInfoService(const RpcContext& context, ServerFacts facts) {
  return std::make_shared<ServerInfoService>(context, std::move(facts));
}

}  // namespace smelt::rpc
