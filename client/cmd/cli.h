// The command line as a function: parse, run one verb, print what went wrong, return the exit code.
#pragma once

#include <string>
#include <vector>

#include "client/cmd/session.h"

namespace smelt::client {

// `arguments` without the program's name. Never throws.
int RunCli(const std::vector<std::string>& arguments, const Surroundings& surroundings);

}  // namespace smelt::client
