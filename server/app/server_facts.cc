#include "server/app/server_facts.h"

#include <algorithm>
#include <set>

#include "server/rpc/blobs_service.h"
#include "server/rpc/grpc_server.h"

namespace smelt::app {
namespace {

constexpr std::uint64_t kMaxChunkBytes = std::uint64_t{1} << 20;

// "name: why not" of a worker's Ready frame.
void AddInactive(const std::string& text, v1::GetServerInfoResponse& info) {
  const std::size_t colon = text.find(": ");
  v1::SandboxRung* rung = info.add_sandbox();
  rung->set_name(text.substr(0, colon));
  if (colon != std::string::npos) rung->set_detail(text.substr(colon + 2));
}

}  // namespace

std::vector<std::string> Targets() { return {"litert"}; }

std::vector<std::string> OperatorNames(const v1::ListOperatorsResponse& operators) {
  std::set<std::string> names;
  for (const v1::OperatorSupport& row : operators.operators()) names.insert(row.op_type());
  return {names.begin(), names.end()};
}

v1::GetServerInfoResponse DescribeServer(const config::ServerConfig& config,
                                         const v1::ListOperatorsResponse& operators,
                                         const worker::v1::Ready& sandbox,
                                         const std::string& not_accepting) {
  v1::GetServerInfoResponse info;
  info.set_version(SMELT_VERSION);
  for (const std::string& target : Targets()) info.add_targets(target);
  // The range of the default domain: the newest version that any rule knows bounds them all.
  info.set_min_opset(1);
  for (const v1::OperatorSupport& row : operators.operators()) {
    if (row.domain().empty()) info.set_max_opset(std::max(info.max_opset(), row.until()));
  }
  v1::Limits* limits = info.mutable_limits();
  limits->set_max_blob_bytes(config.max_blob_bytes);
  limits->set_max_chunk_bytes(kMaxChunkBytes);
  limits->set_max_message_bytes(rpc::kMaxMessageBytes);
  limits->set_max_find_missing(rpc::kMaxFindMissing);
  limits->set_worker_memory_bytes(config.worker_memory_bytes);
  limits->set_worker_seconds(std::chrono::duration<double>(config.worker_timeout).count());
  limits->set_max_queued_jobs(config.max_queued);
  info.set_workers(static_cast<std::uint32_t>(config.workers));
  for (const std::string& name : sandbox.sandbox_active()) {
    v1::SandboxRung* rung = info.add_sandbox();
    rung->set_name(name);
    rung->set_active(true);
  }
  for (const std::string& text : sandbox.sandbox_inactive()) AddInactive(text, info);
  info.set_accepting(not_accepting.empty());
  info.set_not_accepting_reason(not_accepting);
  return info;
}

}  // namespace smelt::app
