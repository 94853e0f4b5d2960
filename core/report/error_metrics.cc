#include "core/report/error_metrics.h"

#include <algorithm>
#include <cmath>

namespace smelt::report {
namespace {

bool IsPlain(double number) { return std::abs(number) < kMaskMagnitude; }  // false for NaN

bool SameNumber(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// Whether both stand for one infinity.
bool SameMask(double a, double b) {
  return std::abs(a) >= kMaskMagnitude && std::abs(b) >= kMaskMagnitude &&
         std::signbit(a) == std::signbit(b);
}

std::optional<double> Least(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

void ErrorSums::AddFinite(double reference, double actual) {
  const double error = std::abs(actual - reference);
  ++finite_;
  max_abs_ = std::max(max_abs_, error);
  reference_max_abs_ = std::max(reference_max_abs_, std::abs(reference));
  abs_ += error;
  error_square_ += error * error;
  reference_square_ += reference * reference;
  actual_square_ += actual * actual;
  product_ += reference * actual;
  if (error <= kAllCloseAbsolute + kAllCloseRelative * std::abs(reference)) ++close_;
}

void ErrorSums::WatchVariation(double reference) {
  if (elements_ == 0) first_ = reference;
  varies_ = varies_ || !SameNumber(first_, reference);
}

void ErrorSums::Add(std::span<const double> reference, std::span<const double> actual) {
  for (std::size_t i = 0; i < reference.size(); ++i) {
    WatchVariation(reference[i]);
    ++elements_;
    const bool same = SameNumber(reference[i], actual[i]);
    if (!same) ++different_;
    if (IsPlain(reference[i]) && IsPlain(actual[i])) {
      AddFinite(reference[i], actual[i]);
    } else if (same || SameMask(reference[i], actual[i])) {
      ++close_;
    } else {
      ++mismatches_;
    }
  }
}

void ErrorSums::Add(const ErrorSums& other) {
  if (other.elements_ == 0) return;
  varies_ = varies_ || other.varies_ || (elements_ != 0 && !SameNumber(first_, other.first_));
  if (elements_ == 0) first_ = other.first_;
  elements_ += other.elements_;
  finite_ += other.finite_;
  different_ += other.different_;
  mismatches_ += other.mismatches_;
  close_ += other.close_;
  max_abs_ = std::max(max_abs_, other.max_abs_);
  reference_max_abs_ = std::max(reference_max_abs_, other.reference_max_abs_);
  abs_ += other.abs_;
  error_square_ += other.error_square_;
  reference_square_ += other.reference_square_;
  actual_square_ += other.actual_square_;
  product_ += other.product_;
}

ErrorMetrics ErrorSums::Metrics() const {
  ErrorMetrics metrics;
  metrics.elements = elements_;
  metrics.different = different_;
  metrics.non_finite_mismatches = mismatches_;
  metrics.close = close_;
  if (finite_ == 0) return metrics;
  const auto count = static_cast<double>(finite_);
  metrics.max_abs = max_abs_;
  metrics.mean_abs = abs_ / count;
  metrics.rmse = std::sqrt(error_square_ / count);
  metrics.reference_max_abs = reference_max_abs_;
  metrics.reference_rms = std::sqrt(reference_square_ / count);
  const double lengths = std::sqrt(reference_square_) * std::sqrt(actual_square_);
  if (lengths > 0 && std::isfinite(lengths) && std::isfinite(product_)) {
    metrics.cosine = std::clamp(product_ / lengths, -1.0, 1.0);
  }
  const double ratio = reference_square_ / error_square_;
  if (ratio > 0 && std::isfinite(ratio)) metrics.sqnr_db = 10 * std::log10(ratio);
  return metrics;
}

void ErrorSeries::Add(const ErrorMetrics& sample) {
  ++samples_;
  const auto keep_largest = [](auto& most, auto value) { most = std::max(most, value); };
  keep_largest(worst_.elements, sample.elements);
  keep_largest(worst_.different, sample.different);
  keep_largest(worst_.non_finite_mismatches, sample.non_finite_mismatches);
  keep_largest(worst_.max_abs, sample.max_abs);
  keep_largest(worst_.mean_abs, sample.mean_abs);
  keep_largest(worst_.rmse, sample.rmse);
  keep_largest(worst_.reference_max_abs, sample.reference_max_abs);
  keep_largest(worst_.reference_rms, sample.reference_rms);
  worst_.close = samples_ == 1 ? sample.close : std::min(worst_.close, sample.close);
  worst_.cosine = Least(worst_.cosine, sample.cosine);
  worst_.sqnr_db = Least(worst_.sqnr_db, sample.sqnr_db);

  sum_.elements += sample.elements;
  sum_.different += sample.different;
  sum_.non_finite_mismatches += sample.non_finite_mismatches;
  sum_.close += sample.close;
  sum_.max_abs += sample.max_abs;
  sum_.mean_abs += sample.mean_abs;
  sum_.rmse += sample.rmse;
  sum_.reference_max_abs += sample.reference_max_abs;
  sum_.reference_rms += sample.reference_rms;
  if (sample.cosine) sum_.cosine = sum_.cosine.value_or(0) + *sample.cosine;
  if (sample.sqnr_db) sum_.sqnr_db = sum_.sqnr_db.value_or(0) + *sample.sqnr_db;
  cosines_ += sample.cosine ? 1 : 0;
  ratios_ += sample.sqnr_db ? 1 : 0;
}

ErrorMetrics ErrorSeries::average() const {
  ErrorMetrics mean = sum_;
  if (samples_ == 0) return mean;
  const auto count = static_cast<double>(samples_);
  for (double* value :
       {&mean.max_abs, &mean.mean_abs, &mean.rmse, &mean.reference_max_abs, &mean.reference_rms}) {
    *value /= count;
  }
  if (mean.cosine) *mean.cosine /= static_cast<double>(cosines_);
  if (mean.sqnr_db) *mean.sqnr_db /= static_cast<double>(ratios_);
  return mean;
}

}  // namespace smelt::report
