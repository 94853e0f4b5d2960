#include "core/convert/output_errors.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/digest.h"

namespace smelt {

void FillMetrics(const report::ErrorMetrics& metrics, v1::AccuracyReport::Metrics& filled) {
  filled.set_elements(static_cast<double>(metrics.elements));
  filled.set_max_abs(metrics.max_abs);
  filled.set_mean_abs(metrics.mean_abs);
  filled.set_rmse(metrics.rmse);
  if (metrics.cosine) filled.set_cosine_similarity(*metrics.cosine);
  if (metrics.sqnr_db) filled.set_sqnr_db(*metrics.sqnr_db);
  filled.set_ref_max_abs(metrics.reference_max_abs);
  filled.set_ref_rms(metrics.reference_rms);
  filled.set_different_elements(static_cast<double>(metrics.different));
  filled.set_non_finite_mismatches(static_cast<double>(metrics.non_finite_mismatches));
}

void OutputErrors::Add(const interp::Tensor& reference, const interp::Tensor& actual,
                       report::ErrorSums& pool) {
  const bool pooled = ir::IsFloat(reference.dtype());
  if (type_.empty()) type_ = TypeText(reference);
  const bool same_type = reference.dtype() == actual.dtype() || !actual.quant().empty();
  const auto errors = same_type ? CompareTensors(reference, actual, {}, pooled ? &pool : nullptr)
                                : std::optional<TensorErrors>();
  if (!errors) {
    skipped_ = "the graph gives " + TypeText(reference) + ", the file " + TypeText(actual);
    return;
  }
  const std::string values = Digest::Of(reference.bytes()).Hex();
  if (errors_.samples() == 0) first_values_ = values;
  is_constant_ = is_constant_ && values == first_values_;
  is_uniform_ = is_uniform_ && errors->uniform && errors->metrics.elements > 1;
  is_exact_ = errors->exact;
  all_.elements += errors->metrics.elements;
  all_.different += errors->metrics.different;
  close_ += errors->metrics.close;
  errors_.Add(errors->metrics);
  if (!is_exact_) {
    std::vector<report::AccuracyCheck> checks = report::Judge(errors->metrics, false, limits_);
    is_bypassed_ = is_bypassed_ || !std::ranges::all_of(checks, &report::AccuracyCheck::applies);
    verdict_.Add(std::move(checks));
  }
  if (const auto top1 = CompareTop1(reference, actual)) {
    top1_.rows += top1->rows;
    top1_.agreeing += top1->agreeing;
  }
}

// Integers are judged over all samples together: one near tie in a hundred is allowed, and an
// output may have one element.
report::AccuracyVerdict OutputErrors::Verdict() const {
  if (!is_exact_) return verdict_;
  report::AccuracyVerdict verdict;
  verdict.Add(report::Judge(all_, true, limits_));
  return verdict;
}

std::string OutputErrors::Trivial(bool is_fed) const {
  if (errors_.samples() == 0) return "";
  if (all_.elements == 0) return "empty";
  if (is_constant_ && (!is_fed || errors_.samples() > 1)) return "constant";
  if (is_uniform_) return "all_equal";
  if (is_exact_) return "";
  const double largest = errors_.worst().reference_max_abs;
  if (largest == 0) return "no_finite";  // zeros alone are all equal
  return largest <= report::kAccuracyFloor ? "below_floor" : "";
}

void OutputErrors::Fill(bool is_fed, v1::AccuracyReport::Output& output) const {
  output.set_type(type_);
  output.set_status(skipped_.empty() ? "compared" : "skipped");
  output.set_reason(skipped_);
  output.set_trivial(Trivial(is_fed));
  FillMetrics(errors_.worst(), *output.mutable_metrics());
  FillMetrics(errors_.average(), *output.mutable_average());
  const report::AccuracyVerdict verdict = Verdict();
  auto& judgement = *output.mutable_metric_threshold_judgement();
  judgement.set_pass(skipped_.empty() && verdict.pass());
  judgement.set_cosine_similarity_bypassed_for_low_energy(is_bypassed_);
  for (const report::AccuracyCheck& check : verdict.checks()) {
    if (!check.applies) continue;
    auto& filled = *judgement.add_checks();
    filled.set_metric(std::string(check.metric));
    filled.set_value(check.value);
    filled.set_limit(check.limit);
    filled.set_pass(check.pass);
  }
  auto& close = *output.mutable_allclose();
  close.set_matched(static_cast<double>(close_));
  close.set_total(static_cast<double>(all_.elements));
  close.set_pass(skipped_.empty() && close_ == all_.elements);
  if (top1_.rows == 0) return;
  output.mutable_top1()->set_rows(static_cast<double>(top1_.rows));
  output.mutable_top1()->set_agreeing(static_cast<double>(top1_.agreeing));
  output.mutable_top1()->set_agreement(static_cast<double>(top1_.agreeing) /
                                       static_cast<double>(top1_.rows));
}

}  // namespace smelt
