// One job inside the worker: descriptors in, artifact and report out, a Done frame as the answer.
#pragma once

#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/unique_fd.h"
#include "server/runner/library.h"
#include "server/workers/frame_channel.h"

namespace smelt::runner {

// Runs what `start` asks for on the calling thread. Never throws: memory that ran out is FAILED
// with out_of_memory, anything else that escapes the library is internal_error. The report is
// written to its descriptor in every case.
worker::v1::Done RunJob(const Library& library, const worker::v1::Start& start,
                        const std::vector<UniqueFd>& descriptors, workers::FrameChannel& channel,
                        const CancelToken& cancel);

// Opens /proc/self/status for later readings of the peak memory. Before the sandbox closes.
void PreparePeakRss();
// Peak resident memory of this process in bytes; 0 when unknown.
std::uint64_t PeakRssBytes();

}  // namespace smelt::runner
