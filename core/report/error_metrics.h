// Error metrics: how far numbers are from those that they should be. Pure; one object, one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace smelt::report {

struct ErrorMetrics {
  std::uint64_t elements = 0;
  std::uint64_t different = 0;  // elements that are not equal; NaN equals NaN
  // Of those, pairs with NaN, an infinity or a mask. They are in none of the numbers below.
  std::uint64_t non_finite_mismatches = 0;
  std::uint64_t close = 0;  // |actual - reference| <= kAllCloseAbsolute + kAllCloseRelative * |ref|
  double max_abs = 0;
  double mean_abs = 0;
  double rmse = 0;
  std::optional<double> cosine;   // of both sides as vectors; none where one has no length
  std::optional<double> sqnr_db;  // 10 log10(sum ref^2 / sum error^2); none where one of them is 0
  double reference_max_abs = 0;
  double reference_rms = 0;
};

// From this magnitude on a number stands for an infinity (of an attention mask): no errors are
// measured in it.
inline constexpr double kMaskMagnitude = 1e30;

inline constexpr double kAllCloseAbsolute = 1e-4;
inline constexpr double kAllCloseRelative = 1e-4;

// Adds up pairs, block by block, in double.
class ErrorSums {
 public:
  // Both have as many elements.
  void Add(std::span<const double> reference, std::span<const double> actual);
  void Add(const ErrorSums& other);
  ErrorMetrics Metrics() const;
  // The reference is one number throughout, and there is one.
  bool is_uniform() const { return elements_ != 0 && !varies_; }

 private:
  void AddFinite(double reference, double actual);
  void WatchVariation(double reference);

  std::uint64_t elements_ = 0, finite_ = 0, different_ = 0, mismatches_ = 0, close_ = 0;
  double max_abs_ = 0, reference_max_abs_ = 0, abs_ = 0;
  double error_square_ = 0, reference_square_ = 0, actual_square_ = 0, product_ = 0;
  double first_ = 0;
  bool varies_ = false;
};

// The metrics of several samples: the worst of each, and their means.
class ErrorSeries {
 public:
  void Add(const ErrorMetrics& sample);
  std::uint64_t samples() const { return samples_; }
  // Largest errors and magnitudes, least cosine and SQNR.
  const ErrorMetrics& worst() const { return worst_; }
  // Counts are of all samples together. Cosine and SQNR over the samples that have one.
  ErrorMetrics average() const;

 private:
  std::uint64_t samples_ = 0, cosines_ = 0, ratios_ = 0;
  ErrorMetrics worst_;
  ErrorMetrics sum_;
};

}  // namespace smelt::report
