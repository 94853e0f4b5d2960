// Lifecycle: from the first signal to the exit code.
#pragma once

#include "server/app/app.h"

namespace smelt::app {

// Serves until SIGTERM or SIGINT, then drains; a second signal ends the process at once. Returns
// the exit code. To be called from the main thread.
int ServeUntilSignal(App& app);

// Raises the limit of open files as far as the system lets us: while it is converted, every file of
// a bundle is open. Shells start programs with 1,024.
void RaiseFileLimit();

// Blocks these signals in the calling thread and all that it starts, so that only ServeUntilSignal
// sees them. Before any thread exists.
void HoldSignals();

}  // namespace smelt::app
