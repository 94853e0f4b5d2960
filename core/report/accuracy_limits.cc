#include "core/report/accuracy_limits.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

#include "core/base/status.h"

namespace smelt::report {
namespace {

// An error that is e of the signal's root mean square turns its vector by an angle of cosine
// 1 - e^2 / 2: the rmse and cosine columns say nearly the same, and both are kept because a wrong
// scale leaves the cosine as it is, and a few wild elements leave the rmse. mean_abs is what Gauss
// errors of that rmse have, 0.8 of it. max_abs counts in the largest magnitude, which is at least
// the root mean square and mostly some times that.
//
// float32: both sides round to 24 bits and differ in the order of sums: a product of some thousand
// terms is off by about 1e-6, some hundred layers by 1e-5. Integers come out as they are.
// float16: each weight keeps 11 bits, an error of 2.8e-4 in the mean square. Independent from layer
// to layer, that is 3e-3 after a hundred.
// dynamic_range: weights and the other operand are rounded to steps of 1/127 of a channel's and
// 1/255 of a row's range: about 1 % each for values that spread as Gauss's do. Residual sums keep
// it from growing with the root of the depth. A cosine of 0.999, an error of 4.5 %, is what trained
// models are known to stay within.
// int8: activations too are rounded, each to 1/255 of the range that calibration saw, and clipped
// to it. A cosine of 0.99 is an error of 14 %. int16x8: weights are int8's, and what activations
// lose is small beside it: the limits are those of dynamic_range. Integers of rounded models are
// decisions (the index of the largest): ties and near ties fall otherwise, a few in a hundred.
constexpr AccuracyLimits kLimits[] = {
    {"float32", 1e-4, 8e-5, 1e-4, 0.999999, 1.0},
    {"float16", 2e-2, 8e-3, 1e-2, 0.9999, 0.99},
    {"dynamic_range", 1e-1, 3.6e-2, 4.5e-2, 0.999, 0.95},
    {"int8", 3e-1, 1.12e-1, 1.4e-1, 0.99, 0.9},
    {"int16x8", 1e-1, 3.6e-2, 4.5e-2, 0.999, 0.95},
};

AccuracyCheck AtMost(std::string_view metric, double value, double limit) {
  const double strain = value == 0  ? 0
                        : limit > 0 ? value / limit
                                    : std::numeric_limits<double>::infinity();
  return {metric, value, limit, false, value <= limit, true, strain};
}

AccuracyCheck AtLeast(std::string_view metric, double value, double limit) {
  // Both are at most 1: what counts is how far below it they are.
  AccuracyCheck check = AtMost(metric, 1 - value, 1 - limit);
  return {metric, value, limit, true, value >= limit, true, check.strain};
}

}  // namespace

const AccuracyLimits& LimitsOf(std::string_view precision) {
  const auto* found = std::ranges::find(kLimits, precision, &AccuracyLimits::precision);
  SMELT_CHECK(found != std::end(kLimits));
  return *found;
}

std::vector<AccuracyCheck> Judge(const ErrorMetrics& metrics, bool exact,
                                 const AccuracyLimits& limits) {
  if (exact) {
    const auto elements = static_cast<double>(metrics.elements);
    const double share =
        metrics.elements == 0 ? 1 : 1 - static_cast<double>(metrics.different) / elements;
    return {AtLeast("equal_share", share, limits.equal_share)};
  }
  const double rms = metrics.reference_rms;
  std::vector<AccuracyCheck> checks = {
      AtMost("max_abs", metrics.max_abs,
             limits.max_abs * metrics.reference_max_abs + kAccuracyFloor),
      AtMost("mean_abs", metrics.mean_abs, limits.mean_abs * rms + kAccuracyFloor),
      AtMost("rmse", metrics.rmse, limits.rmse * rms + kAccuracyFloor),
      AtMost("non_finite_mismatches", static_cast<double>(metrics.non_finite_mismatches), 0)};
  const bool speaks = metrics.cosine && metrics.max_abs > kAccuracyFloor;
  checks.push_back(AtLeast("cosine_similarity", speaks ? *metrics.cosine : 1, limits.least_cosine));
  checks.back().applies = speaks;
  return checks;
}

void AccuracyVerdict::Add(std::vector<AccuracyCheck> checks) {
  if (checks_.empty()) {
    checks_ = std::move(checks);
    return;
  }
  SMELT_CHECK(checks.size() == checks_.size());
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const bool first = checks[i].applies && !checks_[i].applies;
    if (first || (checks[i].applies && checks[i].strain > checks_[i].strain)) {
      checks_[i] = checks[i];
    }
  }
}

bool AccuracyVerdict::pass() const { return std::ranges::all_of(checks_, &AccuracyCheck::pass); }

}  // namespace smelt::report
