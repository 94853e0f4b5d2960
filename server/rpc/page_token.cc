#include "server/rpc/page_token.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "core/base/digest.h"
#include "server/jobs/job_id.h"

namespace smelt::rpc {
namespace {

constexpr std::size_t kTagDigits = 16;

// Not a secret: it catches mistakes, and what a token can reach a listing can reach anyway.
std::string Tag(const std::string& last_id, std::vector<jobs::JobState> states) {
  std::ranges::sort(states);
  states.erase(std::ranges::unique(states).begin(), states.end());
  std::string text = "jobs/" + last_id;
  for (const jobs::JobState state : states) {
    text += '/';
    text += jobs::JobStateName(state);
  }
  return Digest::Of(std::as_bytes(std::span(text.data(), text.size()))).Hex().substr(0, kTagDigits);
}

}  // namespace

std::string MakePageToken(const std::string& last_id, const std::vector<jobs::JobState>& states) {
  return last_id + "-" + Tag(last_id, states);
}

Result<std::string> ReadPageToken(const std::string& token,
                                  const std::vector<jobs::JobState>& states) {
  if (token.empty()) return std::string();
  const std::size_t dash = token.find('-');
  const std::string last_id = token.substr(0, dash);
  if (dash == std::string::npos || !jobs::IsJobId(last_id) ||
      token.substr(dash + 1) != Tag(last_id, states)) {
    return Status(Reason::kInvalidPageToken, "the page token does not belong to this listing");
  }
  return last_id;
}

}  // namespace smelt::rpc
