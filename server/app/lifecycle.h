// Lifecycle: from the first signal to the exit code.
#pragma once

#include "server/app/app.h"

namespace smelt::app {

// Serves until SIGTERM or SIGINT, then drains; a second signal ends the process at once. Returns
// the exit code. To be called from the main thread.
int ServeUntilSignal(App& app);

// Blocks these signals in the calling thread and all that it starts, so that only ServeUntilSignal
// sees them. Before any thread exists.
void HoldSignals();

}  // namespace smelt::app
