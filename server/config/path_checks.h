// Whether the paths of a configuration can work on this machine, before anything is started.
#pragma once

#include "core/base/result.h"
#include "server/config/server_config.h"

namespace smelt::config {

// kConfigInvalid with one sentence that names flag, path and what is allowed: a worker that is not
// an executable file; a state folder that can't be reached, or is none. The state folder need not
// exist yet; nothing is made.
Status CheckPaths(const ServerConfig& config);

}  // namespace smelt::config
