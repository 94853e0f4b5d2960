// What ServerInfo tells, put together from configuration, support table and workers.
#pragma once

#include <string>
#include <vector>

#include "server/config/server_config.h"
#include "smelt/v1/server_info.pb.h"
#include "smelt/worker/v1/frames.pb.h"

namespace smelt::app {

// Runtime profiles that this version converts to.
std::vector<std::string> Targets();

// Names of the operators in the support table, each once.
std::vector<std::string> OperatorNames(const v1::ListOperatorsResponse& operators);

// `not_accepting`: why jobs can't be taken or run; empty when they can.
v1::GetServerInfoResponse DescribeServer(const config::ServerConfig& config,
                                         const v1::ListOperatorsResponse& operators,
                                         const worker::v1::Ready& sandbox,
                                         const std::string& not_accepting);

}  // namespace smelt::app
