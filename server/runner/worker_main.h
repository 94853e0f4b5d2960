// The whole life of a worker process: flags, sandbox, one job, exit.
#pragma once

#include "server/runner/library.h"

namespace smelt::runner {

// Returns the exit code: 0 when a Done frame was sent or the table printed, 2 for bad flags, 1 when
// the daemon went away.
int WorkerMain(int argc, char** argv, const Library& library);

}  // namespace smelt::runner
