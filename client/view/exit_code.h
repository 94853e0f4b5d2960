// What the process says to the shell. The numbers are part of the interface: scripts rely on them.
#pragma once

#include "core/base/reason.h"

namespace smelt::client {

enum class ExitCode : int {
  kOk = 0,
  kConversionFailed = 1,  // the report says why
  kUsage = 2,
  kWarnings = 3,  // it worked, with warnings, and --strict was given
  kAccess = 4,
  kNotFound = 5,
  kBusy = 6,         // a queue or a quota is full
  kUnavailable = 7,  // nobody answered, after all retries
  kTimeout = 8,      // of --wait-timeout; the job goes on
  kCancelled = 9,
  kInternal = 70,
  kInterrupted = 130,  // Ctrl-C; the job goes on unless --cancel-on-interrupt
};

ExitCode ExitCodeFor(Reason reason);

}  // namespace smelt::client
