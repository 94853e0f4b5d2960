#include "server/jobs/bare_report.h"

#include <span>
#include <string>

#include "core/base/log.h"
#include "server/jobs/operation.h"

namespace smelt::jobs {

v1::Report BareReport(const Job& job, const JobResult& result) {
  v1::Report report;
  report.set_schema_version(1);
  report.set_job_id(job.id);
  report.set_state(std::string(JobStateName(result.state)));
  report.set_converter_version(SMELT_VERSION);
  report.set_target(TargetName(job.operation));
  report.set_reason_code(std::string(ReasonName(result.reason)));
  report.set_message(result.message);
  if (result.state != JobState::kFailed) return report;
  v1::Diagnostic* diagnostic = report.add_diagnostics();
  diagnostic->set_severity(v1::SEVERITY_ERROR);
  diagnostic->set_reason_code(report.reason_code());
  diagnostic->set_message(result.message);
  diagnostic->set_hint(std::string(GetReasonInfo(result.reason).remedy));
  return report;
}

void AddBareReport(BlobStore& blobs, const Job& job, JobResult& result) {
  if (result.report) return;
  const std::string bytes = BareReport(job, result).SerializeAsString();
  const Result<Digest> stored = blobs.Put(std::as_bytes(std::span(bytes)));
  if (stored.ok()) {
    result.report = *stored;
  } else {
    Log(LogLevel::kWarning, "report_not_stored",
        {{"job", job.id}, {"error", stored.status().ToString()}});
  }
}

}  // namespace smelt::jobs
