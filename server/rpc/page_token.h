// Page tokens of Jobs.List: where the next page starts, bound to the filter it was made for.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "server/jobs/job.h"

namespace smelt::rpc {

// `last_id`: the last job of the page before. The order of `states` does not matter.
std::string MakePageToken(const std::string& last_id, const std::vector<jobs::JobState>& states);

// The last id; empty for an empty token. kInvalidPageToken when the token is not one of ours or was
// made for other states.
Result<std::string> ReadPageToken(const std::string& token,
                                  const std::vector<jobs::JobState>& states);

}  // namespace smelt::rpc
