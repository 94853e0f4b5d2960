// JobIdSource: makes job ids. An id is a ULID: 26 characters of Crockford's base 32, 48 bits of
// milliseconds and 80 random bits, so that ids sort by creation time.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace smelt::jobs {

// Safe for calls from any thread. Ids of one source strictly increase, also within a millisecond
// and when the wall clock steps back.
class JobIdSource {
 public:
  using Entropy = std::function<std::uint64_t()>;  // 64 fresh random bits

  // `clock` must outlive this object. The default entropy is the system's.
  explicit JobIdSource(const Clock& clock, Entropy entropy = SystemEntropy());

  std::string Next();

  static Entropy SystemEntropy();

 private:
  const Clock& clock_;
  Entropy entropy_;
  std::mutex mutex_;
  std::uint64_t last_ms_ = 0;
  std::uint64_t high_ = 0;  // upper 16 of the 80 random bits
  std::uint64_t low_ = 0;   // lower 64
};

// 26 characters of the alphabet, first at most '7'.
bool IsJobId(std::string_view text);

}  // namespace smelt::jobs
