// How a run ends when it fails: one message on standard error, one document for --json, and the
// exit code.
#pragma once

#include "client/cmd/session.h"
#include "core/base/status.h"

namespace smelt::client {

// Returns the exit code. Ctrl-C explains every failure after it; `job` says what became of the job.
int Fail(const Surroundings& surroundings, const Status& status, bool json,
         const JobNote& job = {});

// Ends the process at once, as Fail does after Ctrl-C. May be called while the interrupt is held,
// when the working thread does not write: it waits for something that can't be woken.
[[noreturn]] void ExitInterrupted(const Surroundings& surroundings, bool json);

}  // namespace smelt::client
