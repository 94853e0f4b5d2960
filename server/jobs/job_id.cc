#include "server/jobs/job_id.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>

namespace smelt::jobs {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kIdLength = 26;
constexpr std::size_t kTimeLength = 10;  // 48 bits in 10 digits of 5 bits

}  // namespace

JobIdSource::JobIdSource(const Clock& clock, Entropy entropy)
    : clock_(clock), entropy_(std::move(entropy)) {}

JobIdSource::Entropy JobIdSource::SystemEntropy() {
  // std::function wants a copyable callable, and random_device is not one.
  auto device = std::make_shared<std::random_device>();
  return [device] {
    const std::uint64_t high = (*device)();
    return high << 32 | (*device)();
  };
}

std::string JobIdSource::Next() {
  std::lock_guard lock(mutex_);
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.Wall().time_since_epoch());
  const auto now_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(now.count(), 0));
  if (now_ms > last_ms_) {
    last_ms_ = now_ms;
    // The top bit stays free so that counting up within a millisecond can't overflow.
    high_ = entropy_() & 0x7fff;
    low_ = entropy_();
  } else if (++low_ == 0) {
    ++high_;
  }
  std::string id(kIdLength, '0');
  std::uint64_t time = last_ms_;
  for (std::size_t i = kTimeLength; i-- > 0; time >>= 5) id[i] = kAlphabet[time & 31];
  std::uint64_t high = high_;
  std::uint64_t low = low_;
  for (std::size_t i = kIdLength; i-- > kTimeLength;) {
    id[i] = kAlphabet[low & 31];
    low = low >> 5 | high << 59;
    high >>= 5;
  }
  return id;
}

bool IsJobId(std::string_view text) {
  return text.size() == kIdLength && text[0] <= '7' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return kAlphabet.find(c) != std::string_view::npos; });
}

}  // namespace smelt::jobs
