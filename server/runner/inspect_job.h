// The work of an inspection inside the worker.
#pragma once

#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/unique_fd.h"
#include "server/runner/library.h"
#include "smelt/worker/v1/frames.pb.h"

namespace smelt::runner {

// Describes the model on the calling thread. kWorkerProtocol of the frame, kIoError, and what the
// library says. Lets exceptions pass.
Status RunInspection(const Library& library, const worker::v1::Start& start,
                     const std::vector<UniqueFd>& descriptors, ConvertSink& sink,
                     const CancelToken& cancel, v1::Report* report);

}  // namespace smelt::runner
