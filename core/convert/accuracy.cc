#include "core/convert/accuracy.h"

#include <algorithm>
#include <cstdio>

#include "core/convert/convert.h"
#include "core/convert/output_errors.h"
#include "core/convert/signature_accuracy.h"
#include "core/report/accuracy_limits.h"
#include "core/report/error_metrics.h"

namespace smelt {
namespace {

constexpr const char* kInputs = "seeded";

v1::AccuracyReport Begin(const AccuracyPlan& plan) {
  v1::AccuracyReport report;
  report.set_schema_version(1);
  report.set_converter_version(std::string(ConverterVersion()));
  report.set_tflite_path(plan.artifact_name);
  report.set_precision(plan.precision);
  report.set_reference("imported_graph");
  report.set_inputs(kInputs);
  report.set_inputs_source("seeded_random");
  report.set_seed(plan.first_seed);
  report.set_rtol(report::kAllCloseRelative);
  report.set_atol(report::kAllCloseAbsolute);
  report.set_compare_mode("dequant");
  report.set_layer_budget_bytes(static_cast<double>(plan.layer_budget_bytes));
  const report::AccuracyLimits& limits = report::LimitsOf(plan.precision);
  auto& thresholds = *report.mutable_metric_thresholds();
  thresholds.set_max_abs(limits.max_abs);
  thresholds.set_mean_abs(limits.mean_abs);
  thresholds.set_rmse(limits.rmse);
  thresholds.set_cosine_similarity(limits.least_cosine);
  thresholds.set_equal_share(limits.equal_share);
  thresholds.set_floor(report::kAccuracyFloor);
  return report;
}

// What was fed, and what it does not show.
std::string InputsNote(const AccuracyPlan& plan, std::uint32_t samples, std::int64_t largest_int,
                       const std::string& problem) {
  std::string note = "seeded noise, seed " + std::to_string(plan.first_seed);
  if (plan.samples > 1) {
    note += " to " + std::to_string(plan.first_seed + plan.samples - 1);
  }
  note += ": floats from -1 to 1, integers from 0 to " + std::to_string(largest_int) +
          "; not calibrated on data, so data may fare otherwise";
  if (samples < plan.samples) {
    note += "; with " + std::to_string(plan.samples - samples) +
            " of the samples the source does not run";
    if (!problem.empty()) note += " (" + problem + ")";
  }
  return note;
}

bool Passes(const v1::AccuracyReport::Output& output) {
  return output.metric_threshold_judgement().pass();
}

// Orders outputs by how little they say for the file: those with a low cosine first.
bool IsWorse(const v1::AccuracyReport::Output& a, const v1::AccuracyReport::Output& b) {
  const auto cosine = [](const v1::AccuracyReport::Output& output) {
    return output.metrics().has_cosine_similarity() ? output.metrics().cosine_similarity() : 1.0;
  };
  if (Passes(a) != Passes(b)) return !Passes(a);
  if (cosine(a) != cosine(b)) return cosine(a) < cosine(b);
  return a.metrics().max_abs() > b.metrics().max_abs();
}

std::string Place(const v1::AccuracyReport::Output& output) {
  const std::string signature =
      output.signature().empty() ? "" : "signature \"" + output.signature() + "\", ";
  return signature + "output \"" + output.name() + "\"";
}

// With as many digits as tell a value from its limit.
std::string Figure(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

std::string Found(const v1::AccuracyReport::Output& output) {
  if (!output.reason().empty()) return output.reason();
  for (const auto& check : output.metric_threshold_judgement().checks()) {
    if (check.pass()) continue;
    return check.metric() + " is " + Figure(check.value()) + ", its limit " + Figure(check.limit());
  }
  return "";
}

void FinishReport(const report::ErrorMetrics& overall, v1::AccuracyReport& report) {
  FillMetrics(overall, *report.mutable_overall_metrics());
  auto& close = *report.mutable_allclose_summary();
  bool pass = report.not_run_because().empty();
  for (const auto& output : report.per_output_metrics()) {
    close.set_matched(close.matched() + output.allclose().matched());
    close.set_total(close.total() + output.allclose().total());
    pass = pass && Passes(output);
  }
  close.set_pass(report.not_run_because().empty() && close.matched() == close.total() &&
                 report.skipped_output_names().empty());
  report.set_evaluation_pass(pass);
}

}  // namespace

Result<v1::AccuracyReport> MeasureAccuracy(const ir::Module& source, const WrittenSide& file,
                                           const AccuracyPlan& plan, const CancelToken& cancel) {
  if (file.module != nullptr && file.module->signatures.size() != source.signatures.size()) {
    return Status(Reason::kInternalError, "the file has other signatures than its source");
  }
  v1::AccuracyReport report = Begin(plan);
  for (const std::string& name : source.signatures.front().input_names) {
    report.add_onnx_input_names(name);
  }
  for (const std::string& name : source.signatures.front().output_names) {
    report.add_onnx_output_names(name);
  }
  report::ErrorSums pool;
  std::uint32_t fewest = plan.samples;
  std::int64_t largest_int = 0;
  std::string source_problem;
  for (std::size_t i = 0; i < source.signatures.size(); ++i) {
    SignatureAccuracy signature(source, file, i, plan, cancel);
    SMELT_RETURN_IF_ERROR(signature.Run());
    signature.Fill(report);
    pool.Add(signature.pool());
    if (source_problem.empty()) source_problem = signature.source_problem();
    fewest = std::min(fewest, signature.samples());
    largest_int = std::max(largest_int, signature.largest_int());
    if (signature.problem().empty() || !report.not_run_because().empty()) continue;
    const std::string which =
        source.signatures.size() == 1 ? "" : "signature \"" + source.signatures[i].key + "\": ";
    report.set_not_run_because(which + signature.problem());
  }
  report.set_num_samples(fewest);
  report.set_inputs_note(InputsNote(plan, fewest, largest_int, source_problem));
  FinishReport(pool.Metrics(), report);
  return report;
}

v1::AccuracyReport NotMeasured(const AccuracyPlan& plan, const std::string& why) {
  v1::AccuracyReport report = Begin(plan);
  report.set_not_run_because(why);
  return report;
}

v1::AccuracySummary Summarize(const v1::AccuracyReport& report) {
  v1::AccuracySummary summary;
  summary.set_inputs(report.inputs());
  summary.set_note(report.inputs_note());
  summary.set_samples(report.num_samples());
  summary.set_precision(report.precision());
  summary.set_pass(report.evaluation_pass());
  summary.set_not_run_because(report.not_run_because());
  for (const auto& output : report.per_output_metrics()) {
    if (Passes(output)) {
      summary.set_outputs_passed(summary.outputs_passed() + 1);
    } else {
      summary.set_outputs_failed(summary.outputs_failed() + 1);
    }
    if (!output.trivial().empty()) summary.set_outputs_trivial(summary.outputs_trivial() + 1);
  }
  const auto& outputs = report.per_output_metrics();
  const auto worst = std::ranges::min_element(outputs, IsWorse);
  if (worst != outputs.end()) {
    summary.set_worst_output(worst->name());
    const auto& metrics = worst->metrics();
    if (metrics.has_cosine_similarity()) summary.set_worst_cosine(metrics.cosine_similarity());
    if (metrics.has_sqnr_db()) summary.set_worst_sqnr_db(metrics.sqnr_db());
    summary.set_worst_max_abs(metrics.max_abs());
  }
  const auto& layers = report.layer_summary();
  summary.set_layers_compared(layers.compared());
  summary.set_layers_not_compared(layers.unnamed() + layers.missing() + layers.regrouped() +
                                  layers.other_shape() + layers.over_budget() +
                                  layers.inside_regions());
  summary.set_first_layer_outside(layers.first_outside());
  if (layers.has_first_outside_node()) {
    *summary.mutable_first_layer_node() = layers.first_outside_node();
  }
  return summary;
}

Status CheckAccuracy(const v1::AccuracyReport& report) {
  if (report.evaluation_pass()) {
    const auto& outputs = report.per_output_metrics();
    const bool proves = std::ranges::any_of(
        outputs, [](const v1::AccuracyReport::Output& output) { return output.trivial().empty(); });
    if (proves || outputs.empty()) return Status::Ok();
    return Status(Reason::kAccuracyBelowThreshold,
                  "the accuracy can't be judged: every output is trivial on " + report.inputs() +
                      " inputs (\"" + outputs[0].name() + "\" is " + outputs[0].trivial() + ")",
                  "Leave out --fail-on-accuracy to have the artifact without this judgement.");
  }
  if (!report.not_run_because().empty()) {
    return Status(Reason::kAccuracyBelowThreshold,
                  "the accuracy can't be judged: " + report.not_run_because(),
                  "Leave out --fail-on-accuracy to have the artifact without this judgement.");
  }
  const auto& outputs = report.per_output_metrics();
  const auto worst = std::ranges::min_element(outputs, IsWorse);
  std::string layer;
  const auto& summary = report.layer_summary();
  if (!summary.first_outside().empty() && summary.first_outside_signature() == worst->signature()) {
    layer = "; the first layer outside is \"" + summary.first_outside() + "\"";
    if (summary.has_first_outside_node()) layer += " of " + summary.first_outside_node().op_type();
  }
  return Status(Reason::kAccuracyBelowThreshold, Place(*worst) + ": " + Found(*worst) + " (" +
                                                     report.precision() + ", " + report.inputs() +
                                                     " inputs)" + layer);
}

}  // namespace smelt
