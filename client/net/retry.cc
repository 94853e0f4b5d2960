#include "client/net/retry.h"

#include <algorithm>

namespace smelt::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestAsked(60'000);

}  // namespace

Backoff::Backoff(int retries, const RetryPolicy& policy, std::uint64_t seed)
    : retries_(retries), policy_(policy), random_(seed) {}

std::optional<milliseconds> Backoff::Next(std::optional<milliseconds> server_asks_for) {
  if (used_ >= retries_) return std::nullopt;
  const int doublings = std::min(used_, 20);
  ++used_;
  const auto longest =
      std::min(policy_.longest_pause.count(), policy_.first_pause.count() << doublings);
  // Between half of it and all of it.
  std::uniform_int_distribution<milliseconds::rep> draw(longest / 2, longest);
  const milliseconds pause(draw(random_));
  if (!server_asks_for) return pause;
  return std::max(pause, std::min(*server_asks_for, kLongestAsked));
}

}  // namespace smelt::client
