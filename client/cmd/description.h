// What an inspect job found, shown.
#pragma once

#include "client/cmd/outcome.h"
#include "client/cmd/session.h"
#include "client/view/exit_code.h"
#include "core/base/result.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::client {

// Prints the description as text, or for --json as the daemon wrote it; nothing when it has gone to
// standard output already. Requires an inspect job that succeeded.
Result<ExitCode> ShowDescription(Session& session, const v1::Job& job,
                                 const OutcomeOptions& options);

}  // namespace smelt::client
