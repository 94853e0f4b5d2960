// The generated pages core/OPERATORS.md and core/REASONS.md, and the operator table as a message.
#pragma once

#include <string>

#include "smelt/v1/server_info.pb.h"

namespace smelt::report {

// One supported operator range, format-neutral; importers' tables are turned into these by convert.
std::string OperatorsPage(const v1::ListOperatorsResponse& operators,
                          const std::string& runtime_table);
std::string ReasonsPage();

}  // namespace smelt::report
