// Histogram: how often real numbers fall into equal intervals around zero, in fixed memory.
//
// There are 2,048 bins of a width that is a power of two. They cover [0, 2^e), or [-2^e, 2^e) once
// a negative number was added, where 2^e is the least power of two above all magnitudes and at
// least 2^-126. To grow is to join neighbouring bins, and the place of a number is exact, so a
// histogram depends on which numbers were added, not on their order or on how they were divided
// among histograms that were merged. Counts are whole numbers, exact up to 2^53. Not thread safe.
#pragma once

#include <span>
#include <vector>

#include "core/calibrate/range.h"

namespace smelt::calibrate {

class Histogram {
 public:
  static constexpr int kBins = 2048;

  // Adds the measured ones of `values`; others are left out. `range` holds all that are measured.
  void Add(std::span<const float> values, const Range& range);
  void Merge(const Histogram& other);
  void Clear();  // keeps the memory

  // Bin i holds what is in [lower(i), lower(i + 1)).
  double width() const;
  double lower(int i) const { return width() * (i + first()); }
  std::span<const double> counts() const { return counts_; }  // kBins; none before the first Add
  // The number of the bin that begins at zero.
  int zero_bin() const { return -first(); }
  bool has_negatives() const { return has_negatives_; }
  friend bool operator==(const Histogram&, const Histogram&) = default;

 private:
  // Bins are counted from zero in units of the width: the first one's number.
  int first() const { return has_negatives_ ? -kBins / 2 : 0; }
  // The width is 2 to the power of it.
  int width_exponent() const { return exponent_ - (has_negatives_ ? 10 : 11); }
  void Widen(int exponent, bool has_negatives);

  static constexpr int kLeastExponent = -126;
  int exponent_ = kLeastExponent;  // magnitudes are below 2 to the power of it
  bool has_negatives_ = false;
  std::vector<double> counts_;  // empty: nothing was added
};

}  // namespace smelt::calibrate
