// Our Status as a gRPC status with google.rpc details: one ErrorInfo, and a RetryInfo when trying
// again later helps.
//
// Details travel in a header whose size the client limits: past about 8 KB it would see another
// code and nothing else. So everything is clipped to a budget; diagnostics go to reports instead.
#pragma once

#include <grpcpp/support/status.h>

#include <cstddef>
#include <map>
#include <string>

#include "core/base/status.h"

namespace smelt::rpc {

inline constexpr std::size_t kDetailsBudgetBytes = 4096;

// ErrorInfo: the reason's name, domain "smelt", `metadata` and the hint under "hint". `metadata`
// that does not fit the budget is left out.
grpc::Status ToGrpcStatus(const Status& status,
                          const std::map<std::string, std::string>& metadata = {});

// The same with a code of the caller's choice: what is missing is NOT_FOUND to one call and a
// FAILED_PRECONDITION to another.
grpc::Status ToGrpcStatus(const Status& status, grpc::StatusCode code,
                          const std::map<std::string, std::string>& metadata = {});

}  // namespace smelt::rpc
