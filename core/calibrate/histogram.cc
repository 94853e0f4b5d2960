#include "core/calibrate/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace smelt::calibrate {

double Histogram::width() const { return std::ldexp(1.0, width_exponent()); }

void Histogram::Clear() {
  exponent_ = kLeastExponent;
  has_negatives_ = false;
  counts_.clear();
}

void Histogram::Widen(int exponent, bool has_negatives) {
  exponent = std::max(exponent, exponent_);
  has_negatives = has_negatives || has_negatives_;
  if (exponent == exponent_ && has_negatives == has_negatives_) return;
  Histogram wide;
  wide.exponent_ = exponent;
  wide.has_negatives_ = has_negatives;
  if (counts_.empty()) {
    wide.counts_ = std::move(counts_);
    *this = std::move(wide);
    return;
  }
  wide.counts_.resize(kBins, 0.0);
  // floor(floor(x / w) / 2^n) is floor(x / (w * 2^n)), also below zero; beyond 31 nothing changes.
  const int shift = std::min(31, wide.width_exponent() - width_exponent());
  for (int i = 0; i < kBins; ++i) {
    const int bin = ((i + first()) >> shift) - wide.first();
    wide.counts_[static_cast<std::size_t>(bin)] += counts_[static_cast<std::size_t>(i)];
  }
  *this = std::move(wide);
}

void Histogram::Add(std::span<const float> values, const Range& range) {
  int exponent = kLeastExponent;
  const double largest = std::max(std::abs(range.min), std::abs(range.max));
  if (largest > 0) std::frexp(largest, &exponent);  // largest < 2^exponent
  Widen(exponent, range.min < 0);
  counts_.resize(kBins, 0.0);
  // Exact: a float times a power of two in double.
  const double per_width = std::ldexp(1.0, -width_exponent());
  const int origin = first();
  for (const float x : values) {
    if (!IsMeasured(x)) continue;
    const double place = static_cast<double>(x) * per_width;
    const int towards_zero = static_cast<int>(place);
    const int floor = towards_zero - (place < towards_zero ? 1 : 0);
    counts_[static_cast<std::size_t>(floor - origin)] += 1.0;
  }
}

void Histogram::Merge(const Histogram& other) {
  if (other.counts_.empty()) return;
  Widen(other.exponent_, other.has_negatives_);
  if (exponent_ != other.exponent_ || has_negatives_ != other.has_negatives_) {
    Histogram same = other;
    same.Widen(exponent_, has_negatives_);
    return Merge(same);
  }
  counts_.resize(kBins, 0.0);
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

}  // namespace smelt::calibrate
