// One job inside the worker: descriptors in, artifact and report out, a Done frame as the answer.
#pragma once

#include <string>
#include <vector>

#include "core/base/cancel_token.h"
#include "core/base/unique_fd.h"
#include "core/convert/convert.h"
#include "server/workers/frame_channel.h"

namespace smelt::runner {

// The library that a worker runs; a test binary puts something else in its place.
struct Library {
  decltype(&Convert) convert = nullptr;
  decltype(&PrintSupport) print_support = nullptr;
};

// Runs the conversion that `start` asks for on the calling thread. Never throws: memory that ran
// out is FAILED with out_of_memory, anything else that escapes the library is internal_error. The
// report is written to its descriptor in every case.
worker::v1::Done RunConversion(const Library& library, const worker::v1::Start& start,
                               const std::vector<UniqueFd>& descriptors,
                               workers::FrameChannel& channel, const CancelToken& cancel);

// Opens /proc/self/status for later readings of the peak memory. Before the sandbox closes.
void PreparePeakRss();
// Peak resident memory of this process in bytes; 0 when unknown.
std::uint64_t PeakRssBytes();

}  // namespace smelt::runner
