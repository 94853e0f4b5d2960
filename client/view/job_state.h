// The words for a job's state.
#pragma once

#include <optional>
#include <string_view>

#include "smelt/v1/jobs.pb.h"

namespace smelt::client {

// "queued", "running", ...; "unknown" for a state that a newer daemon may know.
std::string_view JobStateName(v1::JobState state);
std::optional<v1::JobState> JobStateFromName(std::string_view name);
bool IsFinished(v1::JobState state);

}  // namespace smelt::client
