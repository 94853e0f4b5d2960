#include "core/convert/output_errors.h"

#include "core/base/digest.h"

namespace smelt {

void FillMetrics(const report::ErrorMetrics& metrics, v1::AccuracyReport::Metrics& filled) {
  filled.set_elements(metrics.elements);
  filled.set_max_abs(metrics.max_abs);
  filled.set_mean_abs(metrics.mean_abs);
  filled.set_rmse(metrics.rmse);
  if (metrics.cosine) filled.set_cosine_similarity(*metrics.cosine);
  if (metrics.sqnr_db) filled.set_sqnr_db(*metrics.sqnr_db);
  filled.set_ref_max_abs(metrics.reference_max_abs);
  filled.set_ref_rms(metrics.reference_rms);
  filled.set_different_elements(metrics.different);
  filled.set_non_finite_mismatches(metrics.non_finite_mismatches);
}

void OutputErrors::Add(const interp::Tensor& reference, const interp::Tensor& actual,
                       report::ErrorSums& pool) {
  const bool pooled = ir::IsFloat(reference.dtype());
  const auto errors = CompareTensors(reference, actual, {}, pooled ? &pool : nullptr);
  if (type_.empty()) type_ = TypeText(reference);
  if (!errors) {
    skipped_ = "the graph gives " + TypeText(reference) + ", the file " + TypeText(actual);
    return;
  }
  const std::string values = Digest::Of(reference.bytes()).Hex();
  if (errors_.samples() == 0) first_values_ = values;
  is_constant_ = is_constant_ && values == first_values_;
  is_uniform_ = is_uniform_ && errors->uniform && errors->metrics.elements > 1;
  is_bypassed_ = is_bypassed_ ||
                 (!errors->exact &&
                  (!errors->metrics.cosine || errors->metrics.max_abs <= report::kAccuracyFloor));
  elements_ += errors->metrics.elements;
  close_ += errors->metrics.close;
  errors_.Add(errors->metrics);
  verdict_.Add(report::Judge(errors->metrics, errors->exact, limits_));
  if (const auto top1 = CompareTop1(reference, actual)) {
    top1_.rows += top1->rows;
    top1_.agreeing += top1->agreeing;
  }
}

std::string OutputErrors::Trivial(bool is_fed) const {
  if (errors_.samples() == 0) return "";
  if (elements_ == 0) return "empty";
  if (is_constant_ && (!is_fed || errors_.samples() > 1)) return "constant";
  return is_uniform_ ? "all_equal" : "";
}

void OutputErrors::Fill(bool is_fed, v1::AccuracyReport::Output& output) const {
  output.set_type(type_);
  output.set_status(skipped_.empty() ? "compared" : "skipped");
  output.set_reason(skipped_);
  output.set_trivial(Trivial(is_fed));
  FillMetrics(errors_.worst(), *output.mutable_metrics());
  FillMetrics(errors_.average(), *output.mutable_average());
  auto& judgement = *output.mutable_metric_threshold_judgement();
  judgement.set_pass(skipped_.empty() && verdict_.pass());
  judgement.set_cosine_similarity_bypassed_for_low_energy(is_bypassed_);
  for (const report::AccuracyCheck& check : verdict_.checks()) {
    auto& filled = *judgement.add_checks();
    filled.set_metric(std::string(check.metric));
    filled.set_value(check.value);
    filled.set_limit(check.limit);
    filled.set_pass(check.pass);
  }
  auto& close = *output.mutable_allclose();
  close.set_matched(close_);
  close.set_total(elements_);
  close.set_pass(skipped_.empty() && close_ == elements_);
  if (top1_.rows == 0) return;
  output.mutable_top1()->set_rows(top1_.rows);
  output.mutable_top1()->set_agreeing(top1_.agreeing);
  output.mutable_top1()->set_agreement(static_cast<double>(top1_.agreeing) /
                                       static_cast<double>(top1_.rows));
}

}  // namespace smelt
