// What is known of the real numbers in a tensor: how many there are, and between which they lie.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace smelt::calibrate {

// Real numbers from `min` to `max`, both included.
struct Range {
  double min = 0;
  double max = 0;
  void Include(const Range& other) {
    min = std::min(min, other.min);
    max = std::max(max, other.max);
  }
  friend bool operator==(const Range&, const Range&) = default;
};

// Masks add about -3.4e38, or infinity, to what must not count: such an element says nothing about
// the tensor, and one of them in its range would leave no digits to the others.
inline constexpr float kLeastMask = 1e30F;

// False for NaN, infinities and masks: those are counted, and nothing else is made of them.
inline bool IsMeasured(float x) { return std::abs(x) < kLeastMask; }

// Each element counts in one of the first three.
struct ElementCounts {
  std::uint64_t measured = 0;
  std::uint64_t masked = 0;  // infinities, and magnitudes of kLeastMask and more
  std::uint64_t nan = 0;
  std::uint64_t zero = 0;  // of the measured: exact in every quantization

  std::uint64_t all() const { return measured + masked + nan; }
  ElementCounts& operator+=(const ElementCounts& other) {
    measured += other.measured;
    masked += other.masked;
    nan += other.nan;
    zero += other.zero;
    return *this;
  }
  friend bool operator==(const ElementCounts&, const ElementCounts&) = default;
};

}  // namespace smelt::calibrate
