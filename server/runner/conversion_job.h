// The work of a conversion inside the worker: what the start frame asks for becomes a request.
#pragma once

#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/unique_fd.h"
#include "server/runner/library.h"
#include "smelt/worker/v1/frames.pb.h"

namespace smelt::runner {

// Converts on the calling thread. kWorkerProtocol and kInvalidArgument of the frame, kIoError, and
// what the library says. Lets exceptions pass.
Status RunConversion(const Library& library, const worker::v1::Start& start,
                     const std::vector<UniqueFd>& descriptors, ConvertSink& sink,
                     const CancelToken& cancel, v1::Report* report);

}  // namespace smelt::runner
