// How far a converted model's numbers may be from its source's, by precision, in one table.
#pragma once

#include <string_view>
#include <vector>

#include "core/report/error_metrics.h"

namespace smelt::report {

// Limits of errors are a factor times a magnitude of the reference, with kAccuracyFloor more.
struct AccuracyLimits {
  std::string_view precision;
  double max_abs = 0;       // times the largest magnitude
  double mean_abs = 0;      // times the root mean square
  double rmse = 0;          // times the root mean square
  double least_cosine = 0;  // bypassed where no error passes the floor
  double equal_share = 0;   // of integers and bools, which nothing else is asked of
};

inline constexpr double kAccuracyFloor = 1e-5;

// Of "float32", "float16", "dynamic_range", "int8" or "int16x8"; requires one of them.
const AccuracyLimits& LimitsOf(std::string_view precision);

// One metric against its limit.
struct AccuracyCheck {
  std::string_view metric;
  double value = 0;
  double limit = 0;
  bool at_least = false;  // the value may not be below the limit; else not above it
  bool pass = true;
  bool applies = true;  // false: there is no such number here, and nothing was judged
  // 1 at the limit, above it when failed: which of two samples says more.
  double strain = 0;
};

// Every check of one sample, always the same ones in the same order: of numbers or, `exact`, of
// integers and bools.
std::vector<AccuracyCheck> Judge(const ErrorMetrics& metrics, bool exact,
                                 const AccuracyLimits& limits);

// Those of several samples as one: of each check, the most strained that applies.
class AccuracyVerdict {
 public:
  void Add(std::vector<AccuracyCheck> checks);
  bool pass() const;
  const std::vector<AccuracyCheck>& checks() const { return checks_; }

 private:
  std::vector<AccuracyCheck> checks_;
};

}  // namespace smelt::report
