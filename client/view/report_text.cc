#include "client/view/report_text.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "client/view/diagnostic_text.h"
#include "client/view/job_state.h"
#include "core/base/reason.h"

namespace smelt::client {
namespace {

std::string Quoted(std::string_view text) { return "\"" + Printable(text) + "\""; }

// "A 3, B 2, C 1": most frequent first, then by name.
template <class Map>
std::string Counted(const Map& counts) {
  std::vector<std::pair<std::string, std::uint64_t>> sorted(counts.begin(), counts.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::string text;
  for (const auto& [name, count] : sorted) {
    text += (text.empty() ? "" : ", ") + Printable(name) + " " + std::to_string(count);
  }
  return text;
}

std::vector<const v1::Diagnostic*> WithSeverity(const v1::Report& report, v1::Severity severity) {
  std::vector<const v1::Diagnostic*> found;
  for (const v1::Diagnostic& diagnostic : report.diagnostics()) {
    if (diagnostic.severity() == severity) found.push_back(&diagnostic);
  }
  return found;
}

void PrintRow(std::ostream& out, const Ink& ink, std::string_view label, const std::string& text) {
  if (text.empty()) return;
  std::string padded(label);
  padded.resize(std::max<std::size_t>(padded.size() + 1, 12), ' ');
  out << "  " << ink.Dim(padded) << text << '\n';
}

std::string CoverageText(const v1::Coverage& coverage) {
  std::string text = "from " + Count(coverage.source_nodes(), "source node");
  std::string parts;
  const std::pair<std::uint32_t, const char*> words[] = {{coverage.converted(), "converted"},
                                                         {coverage.fused(), "fused"},
                                                         {coverage.folded(), "folded"},
                                                         {coverage.decomposed(), "decomposed"},
                                                         {coverage.custom(), "custom"}};
  for (const auto& [count, word] : words) {
    if (count != 0) parts += (parts.empty() ? "" : ", ") + std::to_string(count) + " " + word;
  }
  return parts.empty() ? text : text + ": " + parts;
}

std::string OperatorsText(const v1::Coverage& coverage) {
  std::uint64_t total = 0;
  for (const auto& [name, count] : coverage.target_operators()) total += count;
  if (total == 0) return "";
  return std::to_string(total) + " (" + CoverageText(coverage) + ")";
}

std::string TimesText(const v1::Report& report) {
  std::string text;
  for (const v1::Timing& timing : report.timings()) {
    text += (text.empty() ? "" : ", ") + Printable(timing.stage()) + " " +
            ShowSeconds(timing.seconds());
  }
  return text;
}

std::uint64_t PeakBytes(const v1::Report& report) {
  std::uint64_t peak = 0;
  for (const v1::Timing& timing : report.timings()) {
    peak = std::max(peak, std::uint64_t{timing.peak_rss_bytes()});
  }
  return peak;
}

std::string Number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.3g", value);
  return buffer;
}

void PrintVerification(std::ostream& out, const v1::Verification& verification, const Ink& ink) {
  if (verification.mode() == v1::Verification::MODE_UNSPECIFIED) return;
  std::string text = "the written bytes were re-read and checked";
  if (verification.mode() == v1::Verification::RUN) {
    text += "; run against " + Printable(verification.reference());
  }
  PrintRow(out, ink, "verified", text + " in " + ShowSeconds(verification.seconds()));
  if (!verification.not_run_because().empty()) {
    PrintRow(out, ink, "", "not run: " + Printable(verification.not_run_because()));
  }
  for (const auto& output : verification.outputs()) {
    const std::string where = output.signature().empty() ? "" : Printable(output.signature()) + " ";
    PrintRow(out, ink, "",
             where + Quoted(output.name()) + ": max |difference| " +
                 Number(output.max_abs_difference()) + ", values up to " +
                 Number(output.max_abs_reference()));
  }
}

std::string OutputsText(const v1::AccuracySummary& accuracy) {
  const std::uint32_t all = accuracy.outputs_passed() + accuracy.outputs_failed();
  std::string text = std::to_string(accuracy.outputs_passed()) + " of " + Count(all, "output") +
                     " within the limits of " + Printable(accuracy.precision());
  if (accuracy.outputs_trivial() != 0) {
    text += ", " + std::to_string(accuracy.outputs_trivial()) + " trivial (proving nothing)";
  }
  if (all == 0) return text;
  text += "; worst " + Quoted(accuracy.worst_output());
  if (accuracy.has_worst_cosine()) {
    char cosine[32];
    std::snprintf(cosine, sizeof cosine, "%.6f", accuracy.worst_cosine());
    text += ": cosine " + std::string(cosine);
  }
  if (accuracy.has_worst_sqnr_db()) text += ", SQNR " + Number(accuracy.worst_sqnr_db()) + " dB";
  return text + ", max |difference| " + Number(accuracy.worst_max_abs());
}

// How far off the outputs are, on what, and where it begins.
void PrintAccuracy(std::ostream& out, const v1::AccuracySummary& accuracy, const Ink& ink) {
  if (accuracy.precision().empty()) return;
  if (!accuracy.not_run_because().empty()) {
    PrintRow(out, ink, "accuracy", "not judged: " + Printable(accuracy.not_run_because()));
    return;
  }
  PrintRow(out, ink, "accuracy", OutputsText(accuracy));
  std::string text = Count(accuracy.samples(), "sample") + " of " + Printable(accuracy.inputs()) +
                     " inputs, not calibrated on data";
  if (!accuracy.first_layer_outside().empty()) {
    text += "; first layer outside the limits: " + Quoted(accuracy.first_layer_outside());
    const v1::SourceNode& node = accuracy.first_layer_node();
    if (!node.op_type().empty()) {
      text += " (" + Printable(node.op_type()) + " node " + std::to_string(node.index()) +
              (node.name().empty() ? "" : " " + Quoted(node.name())) + ")";
    }
  }
  PrintRow(out, ink, "",
           text + "; " + Count(accuracy.layers_compared(), "layer") + " compared, " +
               std::to_string(accuracy.layers_not_compared()) + " not");
}

std::string ProblemCount(const std::vector<const v1::Diagnostic*>& errors) {
  std::set<std::uint32_t> nodes;
  for (const v1::Diagnostic* error : errors) {
    if (error->has_node()) nodes.insert(error->node().index());
  }
  std::string text = Count(errors.size(), "problem");
  if (!nodes.empty()) text += " in " + Count(nodes.size(), "node");
  return text;
}

std::string Headline(const v1::Report& report, std::string_view done,
                     const std::vector<const v1::Diagnostic*>& errors) {
  if (report.state() == "cancelled") return "cancelled";
  std::string text = "the model was not " + std::string(done);
  if (!errors.empty()) text += ": " + ProblemCount(errors);
  return text;
}

constexpr int kShownOfEach = 3;  // of what stayed float32

void PrintMore(std::ostream& out, const Ink& ink, int all, std::string_view what) {
  if (all <= kShownOfEach) return;
  PrintRow(out, ink, "",
           "and " + Count(static_cast<std::uint64_t>(all - kShownOfEach), what) +
               " of float32: see the report");
}

// What became integers, and the first of what did not.
void PrintQuantization(std::ostream& out, const v1::Quantization& quantization, const Ink& ink) {
  if (quantization.precision().empty()) return;
  std::string text = Count(quantization.quantized_weights(), "weight");
  if (quantization.quantized_weights() != 0) {
    text += ", " + ShowBytes(quantization.float_bytes()) + " of float32, as " +
            ShowBytes(quantization.quantized_bytes()) + " of int8";
  }
  PrintRow(out, ink, "quantized", text);
  for (int i = 0; i < std::min(kShownOfEach, quantization.kept_size()); ++i) {
    const auto& kept = quantization.kept(i);
    PrintRow(out, ink, "",
             "float32: " + Quoted(kept.tensor()) + " of " + Count(kept.elements(), "element") +
                 ": " + Printable(kept.why()));
  }
  PrintMore(out, ink, quantization.kept_size(), "more weight");
  if (quantization.integer_operators() + quantization.float_operators() == 0) return;
  PrintRow(out, ink, "",
           Count(quantization.integer_operators(), "operator") + " in integers, " +
               std::to_string(quantization.float_operators()) + " in float32, between them " +
               std::to_string(quantization.quantize_operators()) + " QUANTIZE and " +
               std::to_string(quantization.dequantize_operators()) + " DEQUANTIZE");
  for (int i = 0; i < std::min(kShownOfEach, quantization.islands_size()); ++i) {
    const auto& island = quantization.islands(i);
    PrintRow(out, ink, "",
             "float32: " + Printable(island.operator_()) + " of " + Quoted(island.tensor()) + ": " +
                 Printable(island.why()));
  }
  PrintMore(out, ink, quantization.islands_size(), "more operator");
}

// What the ranges of tensors were measured on, and what was no number.
void PrintCalibration(std::ostream& out, const v1::Calibration& calibration, const Ink& ink) {
  if (calibration.method().empty()) return;
  PrintRow(out, ink, "calibrated",
           Count(calibration.tensors(), "tensor") + " on " +
               Count(calibration.samples(), "sample") + " of " + Printable(calibration.inputs()) +
               ", " + Printable(calibration.method()));
  if (calibration.nan_elements() == 0 && calibration.masked_elements() == 0) return;
  PrintRow(out, ink, "",
           "left out: " + std::to_string(calibration.nan_elements()) + " NaN, " +
               std::to_string(calibration.masked_elements()) + " infinite or of 1e30 and more");
}

// The tensors that are copied into another order of axes, and why; the same cause once.
void PrintCopies(std::ostream& out, const v1::Report& report, const Ink& ink) {
  std::map<std::string, std::uint32_t> causes;
  for (const v1::Diagnostic* note : WithSeverity(report, v1::SEVERITY_NOTE)) {
    if (note->reason_code() != ReasonName(Reason::kTransposeLeft)) continue;
    const std::size_t colon = note->message().find(": ");
    ++causes[colon == std::string::npos ? note->message() : note->message().substr(colon + 2)];
  }
  const char* name = "copies";
  for (const auto& [cause, count] : causes) {
    PrintRow(out, ink, name, std::to_string(count) + " TRANSPOSE: " + Printable(cause));
    name = "";
  }
}

void PrintParts(std::ostream& out, const v1::Report& report, const Ink& ink) {
  PrintRow(out, ink, "target", Printable(report.target()));
  std::uint64_t largest = 0;
  for (const v1::Artifact& artifact : report.artifacts()) {
    largest = std::max(largest, artifact.digest().size_bytes());
  }
  PrintRow(out, ink, "parts",
           std::to_string(report.artifacts_size()) + ", the largest " + ShowBytes(largest));
}

}  // namespace

void PrintFailure(std::ostream& out, const v1::Report& report, std::string_view done,
                  const std::string& report_place, const Ink& ink) {
  const auto errors = WithSeverity(report, v1::SEVERITY_ERROR);
  const auto warnings = WithSeverity(report, v1::SEVERITY_WARNING);
  out << ink.Red("error: ") << ink.Bold(Headline(report, done, errors)) << '\n';
  if (errors.empty()) {
    // No diagnostic: the job's own reason is all there is to say.
    v1::Diagnostic only;
    only.set_severity(v1::SEVERITY_ERROR);
    only.set_reason_code(report.reason_code());
    only.set_message(report.message());
    PrintDiagnostic(out, only, 1, ink);
  }
  std::map<std::string, std::uint64_t> reasons;
  std::size_t number = 0;
  for (const v1::Diagnostic* error : errors) {
    PrintDiagnostic(out, *error, ++number, ink);
    ++reasons[error->reason_code()];
  }
  for (const v1::Diagnostic* warning : warnings) PrintDiagnostic(out, *warning, ++number, ink);
  out << '\n';
  if (errors.size() > 1) PrintRow(out, ink, "by reason", Counted(reasons));
  if (report.coverage().source_nodes() != 0) {
    PrintRow(out, ink, "nodes",
             std::to_string(report.coverage().source_nodes()) + " in the model, " +
                 std::to_string(report.coverage().rejected()) + " rejected, " +
                 std::to_string(report.coverage().not_checked()) + " not checked");
  }
  PrintAccuracy(out, report.accuracy(), ink);
  if (!report.job_id().empty()) PrintRow(out, ink, "job", Printable(report.job_id()));
  PrintRow(out, ink, "report", Printable(report_place));
}

void PrintSuccess(std::ostream& out, const v1::Report& report, const std::string& place,
                  const std::string& report_place, const Ink& ink) {
  std::uint64_t size = 0;
  for (const v1::Artifact& artifact : report.artifacts()) size += artifact.digest().size_bytes();
  out << ink.Green("converted: ") << ink.Bold(Printable(place)) << "  " << ShowBytes(size) << '\n';
  if (report.artifacts_size() > 1) {
    PrintParts(out, report, ink);
  } else if (!report.artifacts().empty()) {
    const v1::Artifact& artifact = report.artifacts(0);
    std::string target = Printable(report.target());
    if (!artifact.min_runtime_version().empty()) {
      target += ", runtime " + Printable(artifact.min_runtime_version()) + " or newer";
    }
    PrintRow(out, ink, "target", target);
    PrintRow(out, ink, "sha256", Printable(artifact.digest().sha256()));
    std::string custom;
    for (const std::string& code : artifact.custom_operators()) {
      custom += (custom.empty() ? "" : ", ") + Printable(code);
    }
    if (!custom.empty()) custom += ": no stock runtime loads the file";
    PrintRow(out, ink, "custom", custom);
  }
  for (const v1::Diagnostic& note : report.diagnostics()) {
    if (note.reason_code() == ReasonName(Reason::kSplitNotNeeded)) {
      PrintRow(out, ink, "parts", "none needed: " + Printable(note.message()));
    }
  }
  PrintRow(out, ink, "operators", OperatorsText(report.coverage()));
  PrintRow(out, ink, "", Counted(report.coverage().target_operators()));
  PrintQuantization(out, report.quantization(), ink);
  PrintCalibration(out, report.calibration(), ink);
  PrintCopies(out, report, ink);
  std::string times = TimesText(report);
  if (const std::uint64_t peak = PeakBytes(report); peak != 0 && !times.empty()) {
    times += "; peak memory " + ShowBytes(peak);
  }
  PrintRow(out, ink, "time", times);
  PrintVerification(out, report.verification(), ink);
  PrintAccuracy(out, report.accuracy(), ink);
  if (!report.job_id().empty()) PrintRow(out, ink, "job", Printable(report.job_id()));
  PrintRow(out, ink, "report", Printable(report_place));
  std::size_t number = 0;
  for (const v1::Diagnostic* warning : WithSeverity(report, v1::SEVERITY_WARNING)) {
    PrintDiagnostic(out, *warning, ++number, ink);
  }
}

void PrintExtras(std::ostream& out, const std::vector<std::string>& paths, const Ink& ink) {
  const char* name = "beside";
  for (const std::string& path : paths) {
    PrintRow(out, ink, name, Printable(path));
    name = "";
  }
}

std::uint64_t CountWarnings(const v1::Report& report) {
  return WithSeverity(report, v1::SEVERITY_WARNING).size();
}

v1::Report ReportFromJob(const v1::Job& job) {
  v1::Report report;
  report.set_schema_version(1);
  report.set_job_id(job.id());
  report.set_state(std::string(JobStateName(job.state())));
  report.set_reason_code(job.reason_code());
  report.set_message(job.message());
  if (job.state() == v1::CANCELLED && job.reason_code().empty()) {
    report.set_reason_code(std::string(ReasonName(Reason::kCancelled)));
  }
  return report;
}

}  // namespace smelt::client
