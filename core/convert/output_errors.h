// OutputErrors: how far one output of a written file is from its source's, over several samples.
// One thread.
#pragma once

#include <cstdint>
#include <string>

#include "core/convert/tensor_errors.h"
#include "core/interp/tensor.h"
#include "core/report/accuracy_limits.h"
#include "core/report/error_metrics.h"
#include "smelt/v1/accuracy.pb.h"

namespace smelt {

class OutputErrors {
 public:
  explicit OutputErrors(const report::AccuracyLimits& limits) : limits_(limits) {}

  // The outputs of one sample. `pool` gets the pairs of floats.
  void Add(const interp::Tensor& reference, const interp::Tensor& actual, report::ErrorSums& pool);
  // All but names. `is_fed`: the model has inputs, which differed from sample to sample.
  void Fill(bool is_fed, v1::AccuracyReport::Output& output) const;

 private:
  std::string Trivial(bool is_fed) const;
  report::AccuracyVerdict Verdict() const;

  const report::AccuracyLimits& limits_;
  report::ErrorSeries errors_;
  report::AccuracyVerdict verdict_;  // of numbers, by sample
  report::ErrorMetrics all_;         // elements and differences of all samples
  std::uint64_t close_ = 0;
  bool is_exact_ = false;  // integers or bools
  Top1 top1_;
  std::string type_;          // of the first sample
  std::string first_values_;  // their digest, of the reference
  bool is_constant_ = true;   // the reference, from sample to sample
  bool is_uniform_ = true;    // each reference
  bool is_bypassed_ = false;  // the cosine, in some sample
  std::string skipped_;       // why a sample could not be compared
};

// The messages' form of the metrics.
void FillMetrics(const report::ErrorMetrics& metrics, v1::AccuracyReport::Metrics& filled);

}  // namespace smelt
